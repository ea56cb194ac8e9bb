"""A loaded model as one that is asked for one distance in many pictures."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.generation.wording.phrasing import indefinite
from spatialvlm_jax.inference.asked_rows import MOST_PICTURES
from spatialvlm_jax.inference.loaded_model import LoadedModel
from spatialvlm_jax.inference.named_places import NamingQuestion
from spatialvlm_jax.inference.picture import CameraFacts, Picture
from spatialvlm_jax.inference.question_forms import matching_forms
from spatialvlm_jax.inference.rewording import reword
from spatialvlm_jax.inference.spatial_answer import Doubt, SpatialAnswer
from spatialvlm_jax.rewards.crop import WHOLE_FRAME, Crop
from spatialvlm_jax.rewards.episode_rewards import NO_PLACES, By
from spatialvlm_jax.rewards.frame_reading import Place, SaidOfFrame
from spatialvlm_jax.rewards.goal import Goal
from spatialvlm_jax.rewards.reading import AskFrames

# How wide the 90 % interval of a reading may be. What was fitted for answers refuses most frames
# that a curve is well read from, which weighs each by its spread.
MAX_SPREAD = 8.0
_CAMERA: Place = (0.0, 0.0, 0.0)
# Distances that follow from where things are, and the placeholders of what they are between.
_BETWEEN_CENTERS = {"centre_distance": ("a", "b"), "camera_distance": ("a",)}


def asking_frames(
    model: LoadedModel,
    goal: Goal,
    *,
    camera: CameraFacts,
    crop: Crop = WHOLE_FRAME,
    max_spread: float = MAX_SPREAD,
    wordings: int,
    scored_values: int,
    by: By = "auto",
    there: bool = False,
) -> AskFrames:
    """Asks for the distance of a goal in pictures side by side, up to 8 of them; and where the
    things are, if the model tells that, too.

    Args:
      camera, wordings, scored_values: as `LoadedModel.ask` has them.
      crop: the part of each picture that is looked at; `camera` is that of the whole.
      max_spread: an answer whose 90 % interval spans a larger factor is none.
      by: "places" where nothing is of use without. What holds the thing is only asked for its
        distance by "answers", or where no places are told.
      there: what the goal names is in the recording: no answer is refused for not seeing it. What
        is doubted is told all the same.

    Raises:
      UserError: the model was not taught such questions, or it tells no places that are wanted.
    """
    if there and model.least_seen is not None:
        model = dataclasses.replace(model, least_seen=0.0)
    questions = [question for question in (goal.question, goal.of_holder) if question]
    naming = _checked_naming(model, goal, questions, wordings, by)
    doubt = Doubt(max_spread, 0.0)
    # Of a holder that is placed, it only matters whether it is there.
    ways = (wordings, 1 if naming else wordings)

    def ask(pictures: Sequence[Picture]) -> Sequence[SaidOfFrame]:
        facts = camera
        if crop != WHOLE_FRAME:
            # What is told is of the whole picture, so it comes before the window is cut.
            pictures = [crop.of(model.tell(each, camera)) for each in pictures]
            facts = CameraFacts()
        # Filled up, so that one shape is compiled.
        filled = [*pictures, *[pictures[-1]] * (MOST_PICTURES - len(pictures))]
        answers = [
            model.ask_each(
                [(picture, [question]) for picture in filled],
                camera=facts,
                doubt=doubt,
                wordings=count,
                scored_values=scored_values,
            )
            for question, count in zip(questions, ways, strict=False)
        ]
        places = _places_in(model, filled, facts, naming)
        said = zip(zip(*answers, strict=True), places, strict=True)
        made = (_said([answer for (answer,) in each], where, naming) for each, where in said)
        return list(made)[: len(pictures)]

    return ask


def _checked_naming(
    model: LoadedModel, goal: Goal, questions: Sequence[str], wordings: int, by: By
) -> list[list[NamingQuestion]]:
    """What places are asked by, as `_naming` has it; raises UserError as `asking_frames` does."""
    words = [_put(model, question) for question in questions]
    if len(words) > 1 and set(_things(words[1])[:1]) & set(_things(words[0])):
        raise UserError(
            f"{goal.text!r}: what is held and what holds it are one thing to this model"
        )
    is_by_answers = by == "answers" and len(words) > 1
    naming = [] if is_by_answers else _naming(model, words, wordings)
    if by == "places" and not naming:
        raise UserError(NO_PLACES)
    return naming


def _put(model: LoadedModel, question: str) -> str:
    """A question in the words that the model was taught."""
    put = model.put(question)
    if put.words is None:
        raise UserError(f"{question!r}: {put.note}; --untaught asks it all the same")
    return put.words


def _naming(
    model: LoadedModel, questions: Sequence[str], wordings: int
) -> list[list[NamingQuestion]]:
    """The ways to ask each question, with the things that its distance is between the centers of;
    nothing where one is no such distance, or where the model tells no places of such names."""
    things = [_things(question) for question in questions]
    if not model.tells_places or not all(things):
        return []
    naming = [
        [NamingQuestion(way.question, names) for way in reword(question, wordings)]
        for question, names in zip(questions, things, strict=True)
    ]
    every = (each for of_question in naming for each in of_question)
    return naming if all(each.is_clear(model.tokenizer) for each in every) else []


def _things(question: str) -> tuple[str, ...]:
    forms = matching_forms(question)
    names = _BETWEEN_CENTERS.get(forms[0].kind.name, ()) if forms else ()
    return tuple(forms[0].objects[name] for name in names)


def _places_in(
    model: LoadedModel,
    pictures: Sequence[Picture],
    camera: CameraFacts,
    naming: Sequence[Sequence[NamingQuestion]],
) -> list[tuple[Place, ...]]:
    """Of each picture, `FrameReading.places`; none where there is nothing to ask."""
    asked = [each for of_question in naming for each in of_question]
    if not asked:
        return [()] * len(pictures)
    placed = model.place_each([(picture, asked) for picture in pictures], camera=camera)
    return [_places(naming, each) for each in placed]


def _said(
    answers: Sequence[SpatialAnswer],
    places: tuple[Place, ...],
    naming: Sequence[Sequence[NamingQuestion]],
) -> SaidOfFrame:
    """Of one frame: the answers to its questions, and where the things are."""
    of_holder = answers[1] if len(answers) > 1 else None
    hidden = _hidden(naming, [each.doubted for each in answers])
    return SaidOfFrame(answers[0], of_holder, places, hidden)


def _hidden(naming: Sequence[Sequence[NamingQuestion]], doubted: Sequence[str]) -> tuple[int, ...]:
    """Which places are of what is `doubted`, such as "a red mug"; in the order of `_places`."""
    if not naming:
        return ()
    thing, *other = naming[0][0].names
    holder = [of_question[0].names[0] for of_question in naming[1:]]
    named = (thing, other[0] if other else "", *holder)
    return tuple(place for place, name in enumerate(named) if name and indefinite(name) in doubted)


def _places(
    naming: Sequence[Sequence[NamingQuestion]], placed: Sequence[np.ndarray]
) -> tuple[Place, ...]:
    """The thing's, that of what the distance is from, and the holder's, metres, canonical frame:
    each the median of where it is held to be in all wordings.

    Args:
      naming: the ways to ask for the thing, then for its holder. placed: float64[names, 3] of each.
    """
    count = len(naming[0])
    thing, *other = np.median(placed[:count], axis=0)
    places = [thing, other[0] if other else np.array(_CAMERA)]
    if len(naming) > 1:
        places.append(np.median(placed[count:], axis=0)[0])
    return tuple((float(x), float(y), float(z)) for x, y, z in places)
