"""A loaded model as one that is asked for one distance in many pictures."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.inference.asked_rows import MOST_PICTURES
from spatialvlm_jax.inference.loaded_model import LoadedModel
from spatialvlm_jax.inference.named_places import NamingQuestion
from spatialvlm_jax.inference.picture import CameraFacts, Picture
from spatialvlm_jax.inference.question_forms import matching_forms
from spatialvlm_jax.inference.rewording import reword
from spatialvlm_jax.inference.spatial_answer import Doubt
from spatialvlm_jax.rewards.crop import WHOLE_FRAME, Crop
from spatialvlm_jax.rewards.episode_rewards import NO_PLACES
from spatialvlm_jax.rewards.frame_reading import Place, SaidOfFrame
from spatialvlm_jax.rewards.goal import Goal
from spatialvlm_jax.rewards.reading import AskFrames

# How wide the 90 % interval of a reading may be. What was fitted for answers refuses most frames
# that a curve is well read from, which weighs each by its spread.
MAX_SPREAD = 8.0
By = Literal["", "places", "answers"]
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
    by: By = "",
) -> AskFrames:
    """Asks for the distance of a goal in pictures side by side, up to 8 of them; and where the
    things are, if the model tells that, too.

    Args:
      camera, wordings, scored_values: as `LoadedModel.ask` has them.
      crop: the part of each picture that is looked at; `camera` is that of the whole.
      max_spread: an answer whose 90 % interval spans a larger factor is none.
      by: whether places are asked for; "" asks where the model tells them, and the distance is one
        between centers. What holds the thing is placed then, and not asked for its distance.

    Raises:
      UserError: the model was not taught such questions, or it tells no places that are wanted.
    """
    questions = [question for question in (goal.question, goal.of_holder) if question]
    words = [_put(model, question) for question in questions]
    doubt = Doubt(max_spread, 0.0)
    naming = _naming(words, wordings) if model.tells_places and by != "answers" else []
    if by == "places" and not naming:
        raise UserError(NO_PLACES)
    questions = questions[:1] if naming else questions

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
                wordings=wordings,
                scored_values=scored_values,
            )
            for question in questions
        ]
        places = _places_in(model, filled, facts, naming)
        return [
            SaidOfFrame(
                answers[0][number][0],
                answers[1][number][0] if len(answers) > 1 else None,
                places[number],
            )
            for number in range(len(pictures))
        ]

    return ask


def _put(model: LoadedModel, question: str) -> str:
    """A question in the words that the model was taught."""
    put = model.put(question)
    if put.words is None:
        raise UserError(f"{question!r}: {put.note}; --untaught asks it all the same")
    return put.words


def _naming(questions: Sequence[str], wordings: int) -> list[list[NamingQuestion]]:
    """The ways to ask each question, with the things that its distance is between the centers of;
    nothing where one is no such distance."""
    found = [_things(question) for question in questions]
    if not all(found):
        return []
    return [
        [NamingQuestion(way.question, things) for way in reword(question, wordings)]
        for question, things in zip(questions, found, strict=True)
    ]


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


def _places(
    naming: Sequence[Sequence[NamingQuestion]], placed: Sequence[np.ndarray]
) -> tuple[Place, ...]:
    """The thing's, that of what the distance is from, and the holder's: each the median of where
    it is held to be in all wordings that name it."""
    left = iter(placed)
    seen: dict[str, list[np.ndarray]] = {}
    for of_question in naming:
        for each in of_question:
            for name, place in zip(each.names, next(left), strict=True):
                seen.setdefault(name, []).append(place)
    places = {name: _middle(each) for name, each in seen.items()}
    (thing, *other), *of_holder = (of_question[0].names for of_question in naming)
    there = places[other[0]] if other else _CAMERA
    return (places[thing], there, *(places[holder] for holder, *_ in of_holder))


def _middle(places: Sequence[np.ndarray]) -> Place:
    x, y, z = np.median(places, axis=0).tolist()
    return x, y, z
