"""Answers beside the truth: a bar for the interval, a mark, and none where one is unsure."""

import pytest

from spatialvlm_jax.browser.exact_truth import ExactAnswer
from spatialvlm_jax.browser.shown_answers import point_rows, shown_answer, shown_conclusion
from spatialvlm_jax.inference.spatial_answer import NEVER, UNSURE, Doubt, SpatialAnswer
from spatialvlm_jax.reasoning.plan import reason
from tests.browser.demo.rooms import guess


def length(value: float) -> SpatialAnswer:
    return SpatialAnswer("how far?", f"{value} m", value, "m", 0.1, (value / 1.5, value * 1.5))


@pytest.mark.parametrize(
    ("value", "true", "mark"),
    [
        (2.0, 2.4, "right"),
        (2.5, 2.0, "right"),
        (0.76, 1.0, "right"),
        (0.74, 1.0, "near"),
        (2.0, 3.9, "near"),
        (2.0, 4.1, "wrong"),
        (4.1, 2.0, "wrong"),
    ],
)
def test_lengths_are_marked_as_evaluations_judge_them(value, true, mark) -> None:
    shown = shown_answer(length(value), ExactAnswer(f"{true} m", true, "m"), NEVER)
    assert (shown.mark, shown.truth) == (mark, f"{true} m")
    assert shown.bar.count('class="truth"') == 1


def test_verdicts_are_marked_and_say_how_sure_they_are() -> None:
    answer = SpatialAnswer("is it?", "left, so yes", verdict="yes", confidence=0.8)
    shown = shown_answer(answer, ExactAnswer("yes", verdict="yes"), NEVER)
    assert (shown.mark, shown.sure, shown.bar) == ("right", 0.8, "")
    assert shown_answer(answer, ExactAnswer("no", verdict="no"), NEVER).mark == "wrong"
    assert shown_answer(answer, None, NEVER).mark == ""


def test_a_doubtful_answer_says_nothing_and_shows_why() -> None:
    shown = shown_answer(length(2.0), ExactAnswer("2 m", 2.0, "m"), Doubt(spread=1.5))
    assert (shown.text, shown.value, shown.mark) == (UNSURE, "", "")
    assert 'class="range"' in shown.bar
    assert 'class="median"' not in shown.bar


@pytest.mark.parametrize(("value", "mark"), [(-26.0, "right"), (11.0, "near"), (60.0, "wrong")])
def test_angles_are_marked_by_degrees_and_may_be_negative(value, mark) -> None:
    answer = SpatialAnswer("at which angle?", "to the left", value, "degrees")
    truth = ExactAnswer("to the left", -12.0, "degrees")
    assert shown_answer(answer, truth, NEVER).mark == mark


def test_other_units_are_not_compared() -> None:
    assert shown_answer(length(2.0), ExactAnswer("2 m²", 2.0, "m^2"), NEVER).mark == ""


def test_a_conclusion_is_shown_with_its_steps() -> None:
    question = "Which of the red mug and the blue chair is nearest to the camera?"
    found = reason(question, lambda questions: [guess(each) for each in questions])
    truth = ExactAnswer("the red mug", verdict=found.conclusion.outcome)
    parts = [ExactAnswer("2 m", 2.0, "m"), None]
    shown = shown_conclusion(question, found.answers, found.conclusion, truth, parts)
    assert [(row["truth"], row["mark"]) for row in shown.sub_answers] == [
        ("2 m", "right"),
        ("", ""),
    ]
    assert shown.has_truths
    assert [row["value"] for row in shown.sub_answers] == ["1.9 m", "1.9 m"]
    assert len(shown.reasoning) == 3
    assert shown.mark == "right"
    alone = shown_conclusion(question, found.answers, found.conclusion, None)
    assert (alone.mark, alone.has_truths) == ("", False)


def test_points_are_said_where_their_distance_is_known() -> None:
    assert point_rows(1.234) == ["Between the two points themselves: 1.23 m (exact)"]
    assert point_rows(None) == []
