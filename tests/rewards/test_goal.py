"""Goals in words, and what the model is asked."""

import re

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
        ("distance from you to the door", "how far is the door from the camera?"),
        ("distance between Me and my red mug", "how far is the red mug from the camera?"),
        ("How tall is the can?", "How tall is the can?"),
        ("How far is the can from the camera?", "How far is the can from the camera?"),
        ("distance between our gripper and this can", "how far is the center of the gripper from "
         "the center of the can?"),
        ("distance between {a} and the {b.x}", "how far is the center of the {a} from the center "
         "of the {b.x}?"),
    ],
)  # fmt: skip
def test_a_goal_becomes_a_question(text, question):
    goal = Goal.of(text)
    assert goal.question == question
    assert goal.text == " ".join(text.split())


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("distance between the black and white ball and the mug", "how far is the center of the "
         "black and white ball from the center of the mug?"),
        ("The gap between a mug and the salt and pepper.", "how far is the mug from the salt and "
         "pepper?"),
        ("distance between the black and white ball and us", "how far is the black and white ball "
         "from the camera?"),
        ("distance from the path to my left to the mug", None),
        ("distance from the path to the door to the mug", None),
        ("distance between the path to the door and the mug", "how far is the center of the path "
         "to the door from the center of the mug?"),
        ("distance from black and white ball to mug", "how far is the center of the black and "
         "white ball from the center of the mug?"),
        ("distance between black and white ball and mug", None),
        ("gap between the cup and the saucer and the mug", None),
    ],
)  # fmt: skip
def test_two_things_are_told_apart_by_what_begins_them_or_not_at_all(text, question):
    if question is not None:
        assert Goal.of(text).question == question
        return
    other = "from A to B" if " and " in text else "between A and B"
    with pytest.raises(UserError, match=f'several pairs of things: begin .*"the", or.* {other}"'):
        Goal.of(text)


@pytest.mark.parametrize(
    "text",
    [
        "distance to the camera",
        "distance to me.",
        "distance between the camera and us",
        "gap from you to the viewer",
    ],
)
def test_the_camera_is_no_goal_for_itself(text):
    with pytest.raises(UserError, match="distance of the camera from itself: name a thing"):
        Goal.of(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("how far is the camera from the camera?", 'takes the camera for a thing: .*"distance to'),
        ("What is the gap between the camera and the mug?", "takes the camera for a thing"),
        ("gap between the camera and the mug", 'no gap is from the camera: say "distance to the'),
    ],
)
def test_the_camera_is_no_thing(text, said):
    with pytest.raises(UserError, match=said):
        Goal.of(text)


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


@pytest.mark.parametrize("camera", ["the camera", "us"])
def test_a_holder_holds_no_camera_and_no_camera_holds(camera):
    remedy = 'cannot hold the camera: begin .*, such as "distance from the mug to the camera"'
    with pytest.raises(UserError, match=remedy):
        Goal.of(f"distance between {camera} and the mug", held_by="the gripper")
    with pytest.raises(UserError, match="camera holds no 'mug': name what does"):
        Goal.of("distance to the mug", held_by=camera)
    goal = Goal.of(f"distance between the mug and {camera}", held_by="the gripper")
    assert goal.of_holder == "how far is the gripper from the camera?"


def test_a_thing_is_no_goal_for_itself():
    with pytest.raises(UserError, match="distance of 'purple ball' from itself"):
        Goal.of("distance between the purple ball and the Purple ball")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("distance to the can", "what 'distance to the can' is from cannot stand still"),
        ("distance between the camera and the can", "is from cannot stand still: say the goal as"),
        ("gap between the mug and the can", "is from cannot stand still"),
        ("how far apart are the mug and the can?", "does not say which thing stands still"),
    ],
)
def test_only_a_thing_stands_still(text, said):
    with pytest.raises(UserError, match=re.escape(said)):
        Goal.of(text, still=True)
    goal = "distance between the mug and the can"
    assert Goal.of(goal, still=True) == Goal.of(goal)


def test_nothing_holds_itself():
    with pytest.raises(UserError, match="'my mug' cannot hold itself"):
        Goal.of("distance between the Mug and the can", held_by="my mug")
