"""How a loaded model is asked about frames: what it takes for too unsure, and what is passed on."""

import dataclasses

import numpy as np
import pytest

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.inference.asked_rows import MOST_PICTURES
from spatialvlm_jax.inference.picture import CameraFacts, open_picture
from spatialvlm_jax.inference.putting import put_as_taught
from spatialvlm_jax.inference.spatial_answer import HELD_PROBABLE, NEVER, Doubt
from spatialvlm_jax.inputs.tokenizer import Tokenizer
from spatialvlm_jax.rewards.asking import MAX_SPREAD, asking_frames
from spatialvlm_jax.rewards.crop import Crop
from spatialvlm_jax.rewards.goal import Goal
from spatialvlm_jax.taught import Taught, TaughtNames
from tests.rewards.known import answer_of

FACTS = CameraFacts(fov=60.0)
FAR = Goal("far", "how far?")


@dataclasses.dataclass
class Asked:
    """A loaded model that keeps how it was asked."""

    doubt: Doubt
    taught: Taught | None = None
    tells_places: bool = False
    least_seen: float | None = None
    tokenizer = Tokenizer.from_config("small")

    def put(self, question):
        return put_as_taught(question, self.taught)

    def tell(self, picture, facts):
        return dataclasses.replace(picture, camera=facts.of(picture.camera))

    def ask_each(self, asked, **how):
        self.pictures = [picture for picture, _ in asked]
        self.how, self.count = how, len(asked)
        return [[how["doubt"](answer_of(picture.image, *words))] for picture, words in asked]

    def place_each(self, asked, *, camera):
        """As far ahead as a picture is bright, each thing beside the one before; the second
        wording has all of them 3 m further off."""
        self.placed, self.facts = [questions for _, questions in asked], camera
        return [
            [
                np.array([[side, picture.image.mean() + 3 * (way == 1), 0.0] for side in range(2)])[
                    : len(question.names)
                ]
                for way, question in enumerate(questions)
            ]
            for picture, questions in asked
        ]


@pytest.mark.parametrize(("wanted", "spread"), [({}, MAX_SPREAD), ({"max_spread": 1.2}, 1.2)])
def test_doubt_is_what_is_wanted_whatever_was_fitted_for_answers(wanted, spread):
    model = Asked(Doubt(1.1))
    ask = asking_frames(model, FAR, camera=FACTS, wordings=2, scored_values=64, **wanted)
    pictures = [open_picture(np.full((8, 8, 3), gray, np.uint8)) for gray in (250, 125)]
    said = ask(pictures)
    assert model.count == MOST_PICTURES
    assert model.how == {
        "camera": FACTS,
        "doubt": Doubt(spread, 0.0),
        "wordings": 2,
        "scored_values": 64,
    }
    # Their intervals span a factor of 1.5.
    assert [each.answer.value for each in said] == ([None, None] if spread < 1.5 else [1.0, 0.5])


def test_of_a_window_the_camera_is_told_as_that_of_the_whole() -> None:
    model = Asked(NEVER)
    ask = asking_frames(
        model, FAR, camera=FACTS, crop=Crop(0.5, 0.0, 1.0, 1.0), wordings=1, scored_values=0
    )
    ask([open_picture(np.full((16, 32, 3), 250, np.uint8))])
    assert model.how["camera"] == CameraFacts()
    assert model.pictures[0].image.shape == (16, 16, 3)
    # 32 pixels span 60 degrees, and their middle is the left edge of the window.
    intrinsics = model.pictures[0].camera.intrinsics
    np.testing.assert_allclose(intrinsics, [[27.713, 0, 0], [0, 27.713, 8], [0, 0, 1]], atol=1e-3)


def test_what_the_model_was_not_taught_is_told_before_any_frame_is_asked_about():
    model = Asked(NEVER, Taught({"distance": 3}))
    with pytest.raises(UserError, match="not taught questions of the type 'depth'; --untaught"):
        asking_frames(
            model,
            Goal("depth", "how deep is the mug?"),
            camera=FACTS,
            wordings=1,
            scored_values=0,
        )


def places_of(goal, **how):
    """What is said of the places in two pictures, and what was asked for it."""
    model = Asked(NEVER, tells_places=True)
    ask = asking_frames(model, goal, camera=FACTS, scored_values=0, **how)
    said = ask([open_picture(np.full((8, 8, 3), gray, np.uint8)) for gray in (2, 4)])
    assert model.facts == FACTS
    return [each.places for each in said], model.placed[0]


def test_both_things_are_placed_by_all_wordings():
    places, asked = places_of(Goal.of("distance between the gripper and the can"), wordings=3)
    assert places == [((0, 2, 0), (1, 2, 0)), ((0, 4, 0), (1, 4, 0))]
    assert [each.names for each in asked] == [("gripper", "can")] * 3
    assert asked[0].words == "how far is the center of the gripper from the center of the can?"
    assert asked[1].words == "how far is the center of the can from the center of the gripper?"


def test_the_holder_is_placed_behind_them():
    goal = Goal.of("distance between the mug and the ball", held_by="the gripper")
    places, asked = places_of(goal, wordings=1)
    # The holder is asked for by what is the second wording here, and placed by that alone.
    assert places[0] == ((0, 2, 0), (1, 2, 0), (0, 5, 0))
    assert [each.names for each in asked] == [("mug", "ball"), ("gripper", "ball")]


def test_the_camera_is_where_it_is():
    places, asked = places_of(Goal.of("distance to the can"), wordings=1)
    assert places[1] == ((0, 4, 0), (0, 0, 0))
    assert asked[0].names == ("can",)


class Doubting(Asked):
    """Holds it improbable that there is a red can."""

    def ask_each(self, asked, **how):
        note = HELD_PROBABLE.format("10 %") + "a red can"
        said = super().ask_each(asked, **how)
        return [[dataclasses.replace(each, seen=0.1, note=note) for each in row] for row in said]


@pytest.mark.parametrize(
    ("text", "held_by", "hidden"),
    [
        ("distance between the red can and the mug", "", (0,)),
        ("distance between the mug and the red can", "", (1,)),
        ("distance between the mug and the box", "the red can", (2,)),
        ("distance to the red can", "", (0,)),
        ("distance between the can and the mug", "", ()),
        ("gap between the red can and the mug", "", ()),
    ],
)
def test_places_of_what_is_doubted_are_told(text, held_by, hidden) -> None:
    model = Doubting(NEVER, tells_places=True)
    goal = Goal.of(text, held_by=held_by)
    ask = asking_frames(model, goal, camera=FACTS, wordings=2, scored_values=0)
    (said,) = ask([open_picture(np.zeros((8, 8, 3), np.uint8))])
    assert said.hidden == hidden


@dataclasses.dataclass
class Guarded(Asked):
    """Keeps by which threshold it was asked."""

    asked_by: list[float | None] = dataclasses.field(default_factory=list)

    def ask_each(self, asked, **how):
        self.asked_by.append(self.least_seen)
        return super().ask_each(asked, **how)


@pytest.mark.parametrize(
    ("least_seen", "there", "asked_by"),
    [(0.02, True, 0.0), (0.02, False, 0.02), (None, True, None)],
)
def test_of_what_is_there_no_frame_is_refused(least_seen, there, asked_by) -> None:
    model = Guarded(NEVER, least_seen=least_seen)
    ask = asking_frames(model, FAR, camera=FACTS, wordings=1, scored_values=0, there=there)
    ask([open_picture(np.full((8, 8, 3), 250, np.uint8))])
    assert model.asked_by == [asked_by]


@pytest.mark.parametrize("text", ["gap between the gripper and the can", "how deep is the mug?"])
def test_other_lengths_have_no_places(text):
    goal = Goal.of(text)
    assert places_of_nothing(goal) == [(), ()]
    model = Asked(NEVER, tells_places=True)
    with pytest.raises(UserError, match="no places are told, of this goal or by this model"):
        asking_frames(model, goal, camera=FACTS, wordings=1, scored_values=0, by="places")


def places_of_nothing(goal):
    model = Asked(NEVER, tells_places=True)
    ask = asking_frames(model, goal, camera=FACTS, wordings=2, scored_values=0)
    return [each.places for each in ask([open_picture(np.zeros((8, 8, 3), np.uint8))] * 2)]


def test_models_that_tell_no_places_are_not_asked_for_any():
    model = Asked(NEVER)
    goal = Goal.of("distance between the gripper and the can")
    ask = asking_frames(model, goal, camera=FACTS, wordings=2, scored_values=0)
    assert [each.places for each in ask([open_picture(np.zeros((8, 8, 3), np.uint8))])] == [()]
    assert not hasattr(model, "placed")
    with pytest.raises(UserError, match="told by models with dense targets"):
        asking_frames(model, goal, camera=FACTS, wordings=1, scored_values=0, by="places")


def test_by_answers_no_places_are_asked_for():
    model = Asked(NEVER, tells_places=True)
    goal = Goal.of("distance between the mug and the ball", held_by="the gripper")
    pictures = [open_picture(np.full((8, 8, 3), 250, np.uint8))]
    alone = asking_frames(
        model, Goal.of(goal.text), camera=FACTS, wordings=1, scored_values=0, by="answers"
    )
    assert len(alone(pictures)[0].places) == 2  # which cost little, and may be used later
    for by, wordings in (("answers", 2), ("auto", 1)):
        ask = asking_frames(model, goal, camera=FACTS, wordings=2, scored_values=0, by=by)
        (said,) = ask(pictures)
        assert said.of_holder is not None
        assert len(said.places) == (0 if by == "answers" else 3)
        assert model.how["wordings"] == wordings  # of the holder, which is asked last


def test_of_a_window_places_are_those_in_the_window() -> None:
    model = Asked(NEVER, tells_places=True)
    goal = Goal.of("distance between the mug and the ball")
    window = Crop(0.5, 0.0, 1.0, 1.0)
    ask = asking_frames(model, goal, camera=FACTS, crop=window, wordings=1, scored_values=0)
    image = np.full((16, 32, 3), 2, np.uint8)
    image[:, 16:] = 4
    (said,) = ask([open_picture(image)])
    assert said.places == ((0, 4, 0), (1, 4, 0))
    assert model.facts == CameraFacts()


@pytest.mark.parametrize("things", ["mug and the center", "red mug and the how far"])
def test_names_that_are_words_of_the_question_are_not_placed(things: str) -> None:
    assert places_of_nothing(Goal.of(f"distance between the {things}")) == [(), ()]


def test_names_that_end_others_are_placed() -> None:
    places, _ = places_of(Goal.of("distance between the red mug and the mug"), wordings=3)
    assert places[0] == ((0, 2, 0), (1, 2, 0))


def test_a_holder_that_the_model_knows_by_the_name_of_the_thing_is_refused() -> None:
    names = TaughtNames(("mug", "ball"), ("gray", "red"))
    model = Asked(NEVER, Taught({"centre_distance": 3}, names), tells_places=True)
    goal = Goal.of("distance between the gray mug and the ball", held_by="the grey mug")
    with pytest.raises(UserError, match="what is held and what holds it are one thing"):
        asking_frames(model, goal, camera=FACTS, wordings=1, scored_values=0)
