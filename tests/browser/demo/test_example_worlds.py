"""What is exactly known of a room is found from the words of a question, or from a click."""

import pytest

from spatialvlm_jax.browser.demo.example_worlds import ExampleWorlds, questions_about
from spatialvlm_jax.browser.exact_truth import ExactAnswer, exact_conclusion
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.generation.wording.templates import TEMPLATES
from spatialvlm_jax.reasoning.plan import ReasoningPlan
from tests.browser.demo.rooms import world

CHOICE = TEMPLATES["which_left"].questions[0].format(a="blue chair", b="red mug")


@pytest.mark.parametrize(
    ("question", "truth"),
    [
        (
            "how far is the red mug from the camera?",
            ExactAnswer("2.11 m", pytest.approx(2.11, 0.01), "m"),
        ),
        ("How  FAR away is the Red Mug?", ExactAnswer("2.11 m", pytest.approx(2.11, 0.01), "m")),
        ("how tall is the green box?", ExactAnswer("1 m", pytest.approx(1.0), "m")),
        ("is the red mug left of the green box?", ExactAnswer("yes", verdict="yes")),
        ("is the green box left of the red mug?", ExactAnswer("no", verdict="no")),
        (
            "at what angle from straight ahead is the red mug?",
            ExactAnswer("17.4° to the left", pytest.approx(-17.354, 1e-4), "degrees"),
        ),
        (
            CHOICE,
            ExactAnswer("red mug", verdict="red mug"),
        ),
        ("how tall is the lamp?", None),
        ("what is the meaning of it?", None),
    ],
)
def test_the_truth_of_a_question(question: str, truth: ExactAnswer | None) -> None:
    assert world(0).truth_of(question) == truth


def test_the_truth_of_a_general_question_is_that_of_the_pair_that_asks_it() -> None:
    room = world(0)
    general = next(pair for pair in room.pairs.values() if pair.type == "color")
    found = room.truth_of(general.question.upper())
    assert found == ExactAnswer(general.verdict, verdict=general.verdict)


def test_what_is_clicked_is_named() -> None:
    room = world(0)
    assert [room.object_at(x, 30.5) for x in (10.5, 30.5, 50.5, 1.5)] == [0, 1, 2, None]
    assert room.names_of([2, 0]) == ["green box", "red mug"]
    with pytest.raises(UserError, match="named on the page"):
        room.names_of([3])


def test_points_are_as_far_apart_as_their_depths_say() -> None:
    # At 2 m and at 4 m, each in the middle line, 40 pixels of 64 to a focal length apart.
    x0, x1 = (12.5 - 32) / 64 * 2, (52.5 - 32) / 64 * 4
    expected = ((x1 - x0) ** 2 + ((30.5 - 32) / 64 * 2) ** 2 + 4) ** 0.5
    assert world(0).point_distance([(12.5, 30.5), (52.5, 30.5)]) == pytest.approx(expected)
    assert world(0).point_distance([(12.5, 30.5)]) is None


def test_one_thing_is_measured_and_two_are_compared() -> None:
    assert questions_about(["mug"])[0] == "how far is the mug from the camera?"
    two = questions_about(["mug", "chair"])
    assert two[0] == "how far is the center of the mug from the center of the chair?"
    assert len(two) == 3
    for names in ([], ["mug", "Mug"], ["a", "b", "c"]):
        with pytest.raises(UserError, match="one thing, or two"):
            questions_about(names)


def test_what_is_suggested_has_a_truth() -> None:
    room = world(0)
    composed, *others = room.suggestions()
    found = exact_conclusion(ReasoningPlan.of(composed), room.facts)
    assert found is not None
    assert (found.text, found.verdict) == ("the red mug", "0")
    assert len(others) >= 3
    assert all(room.pairs[question.lower()] for question in others)


def test_conclusions_about_other_things_have_none() -> None:
    plan = ReasoningPlan.of("Which of the mug, the lamp and the box is nearest to the camera?")
    assert exact_conclusion(plan, world(0).facts) is None


@pytest.mark.slow
def test_worlds_are_rendered_once_and_always_alike() -> None:
    worlds = ExampleWorlds()
    first = worlds(0)
    assert worlds(0) is first
    assert first.scene.image.shape == (256, 256, 3)
    assert len(first.named) >= 1
    assert (ExampleWorlds()(0).scene.image == first.scene.image).all()
