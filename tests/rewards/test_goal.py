"""Goals in words, and what the model is asked."""

import pytest

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.rewards.goal import Goal


@pytest.mark.parametrize(
    ("text", "question"),
    [
        (
            "distance between the gripper and the can",
            "how far is the center of the gripper from the center of the can?",
        ),
        (
            " The distance  from a red mug to the plate of rice.",
            "how far is the center of the red mug from the center of the plate of rice?",
        ),
        ("gap between the lid and the pot", "how far is the lid from the pot?"),
        ("distance to the door", "how far is the door from the camera?"),
        ("distance between the camera and the door", "how far is the door from the camera?"),
        ("distance from the door to us", "how far is the door from the camera?"),
        ("How tall is the can?", "How tall is the can?"),
        ("distance between {a} and the {b.x}", "how far is the center of the {a} from the center "
         "of the {b.x}?"),
    ],
)  # fmt: skip
def test_a_goal_becomes_a_question(text, question):
    goal = Goal.of(text)
    assert goal.question == question
    assert goal.text == " ".join(text.split())


@pytest.mark.parametrize("text", ["", "  ", "pick up the can", "distance", "x" * 301])
def test_what_names_no_distance_is_refused(text):
    with pytest.raises(UserError, match="distance between"):
        Goal.of(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("is the can left of the mug?", "asks for no length .its type is 'left_of'."),
        ("what is the volume of the can?", "asks for no length .its type is 'volume'."),
        ("Is there a can?", "asks for no length .its type is 'existence'."),
        ("blah blah?", "no wording of a question for a length"),
    ],
)
def test_what_asks_for_no_length_is_refused(text, said):
    with pytest.raises(UserError, match=said):
        Goal.of(text)


def test_a_wording_of_ones_own_is_taken_where_it_is_said_to_be_meant():
    assert Goal.of("Wie weit ist die Dose?", untaught=True).question == "Wie weit ist die Dose?"
    with pytest.raises(UserError, match="asks for no length"):
        Goal.of("is the can left of the mug?", untaught=True)


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("distance between the can and the mug", "how far is the center of the gray gripper from "
         "the center of the mug?"),
        ("gap from the can to the mug", "how far is the gray gripper from the mug?"),
        ("distance from the can to the camera", "how far is the gray gripper from the camera?"),
    ],
)  # fmt: skip
def test_what_holds_the_first_thing_is_asked_for_in_its_place(text, question):
    assert Goal.of(text, held_by="the gray gripper").of_holder == question
    assert Goal.of(text).of_holder == ""


def test_a_holder_has_a_thing_and_a_goal_apart_from_it():
    with pytest.raises(UserError, match="does not say which thing 'the gripper' holds"):
        Goal.of("how tall is the can?", held_by="the gripper")
    with pytest.raises(UserError, match="distance of 'gripper' from itself"):
        Goal.of("distance between the can and the gripper", held_by="the gripper")


def test_a_thing_is_no_goal_for_itself():
    with pytest.raises(UserError, match="distance of 'purple ball' from itself"):
        Goal.of("distance between the purple ball and the Purple ball")
