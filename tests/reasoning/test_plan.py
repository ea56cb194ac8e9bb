import dataclasses

import pytest

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.inference.spatial_answer import UNSURE, SpatialAnswer
from spatialvlm_jax.reasoning.plan import ReasoningPlan, reason


def answer(value: float, low: float, high: float) -> SpatialAnswer:
    return SpatialAnswer("?", f"{value} m", value=value, unit="m", std=0.1, interval=(low, high))


def exact(value: float) -> SpatialAnswer:
    return answer(value, value, value)


def test_the_order_of_two_is_as_probable_as_their_distributions_say() -> None:
    plan = ReasoningPlan.of("Which of the mug and the lamp is nearest to the camera?")
    assert plan.questions == (
        "how far is the mug from the camera?",
        "how far is the lamp from the camera?",
    )
    # Logarithms with a standard deviation of 0.1 each, 0.2 apart: Phi(0.2 / 0.1414) = 0.921.
    width = 1.1788  # exp(1.6449 * 0.1)
    near, far = answer(1.0, 1 / width, width), answer(1.2214, 1.2214 / width, 1.2214 * width)
    found = plan.conclude([near, far])
    assert (found.text, found.outcome) == ("the mug", "0")
    assert found.probability == pytest.approx(0.921, abs=0.01)
    assert plan.conclude([far, near]).outcome == "1"
    assert plan.conclude([near, near]).probability == pytest.approx(0.5, abs=0.03)


def test_a_path_adds_distances_and_their_variances() -> None:
    plan = ReasoningPlan.of("How long is the path from the mug to the lamp to the chair?")
    assert len(plan.questions) == 4  # each step from both ends
    width = 1.1788
    step = answer(1.0, 1 / width, width)
    found = plan.conclude([step] * 4)
    assert found.value == pytest.approx(2.0, rel=0.01)
    # The draws of both ends are one quantity: 0.1 each step, so 0.1 * sqrt(2) for two.
    assert found.std == pytest.approx(0.1414, rel=0.05)
    assert found.interval == pytest.approx((1.78, 2.24), abs=0.03)
    assert found.text.startswith("2 m (1.8 to 2.2 m)") or found.text.startswith("2.0")
    assert len(found.reasoning) == 3


def test_answers_from_both_ends_are_averaged() -> None:
    plan = ReasoningPlan.of("How long is the path from the mug to the lamp?")
    assert plan.questions[0].index("mug") < plan.questions[0].index("lamp")
    assert plan.questions[1].index("mug") > plan.questions[1].index("lamp")
    found = plan.conclude([exact(1.0), exact(4.0)])
    assert found.value == pytest.approx(2.0)  # the geometric mean
    assert found.interval == (found.value, found.value)


@pytest.mark.parametrize(
    ("question", "values", "outcome"),
    [
        ("Order the a1, the b1 and the c1 by height, tallest first.", (1, 3, 2), "1-2-0"),
        ("Order the a1, the b1 and the c1 by height, shortest first.", (1, 3, 2), "0-2-1"),
        ("Which two of the a1, the b1 and the c1 are closest together?", (3, 3, 1, 1, 2, 2), "0-2"),
        ("Do the a1, the b1 and the c1 form an isosceles triangle?", (3, 3, 1, 1, 2.9, 2.9), "yes"),
        ("Do the a1, the b1 and the c1 form an equilateral triangle?", (3, 3, 1, 1, 3, 3), "no"),
        ("Could someone at the a1 with arms of 70 cm reach the b1?", (0.69, 0.69), "yes"),
        ("How many of the a1 would fit side by side across the b1?", (0.5, 1.5), "3"),
        ("How many of the a1 would fit side by side across the b1?", (0.01, 0.99), "99"),
        ("How many of the a1 would fit side by side across the b1?", (0.01, 1.0), "more than 99"),
        ("How many of the a1 would fit side by side across the b1?", (0.001, 5.0), "more than 99"),
        ("Would the a1 fit on top of the b1?", (0.5, 1.5, 1.0, 1.0), "no"),
        ("Would the a1 fit through a gap of 0.8 m?", (0.81,), "no"),
        ("Would the a1 fit between the b1 and the c1?", (0.5, 0.6, 0.6), "yes"),
    ],
)
def test_exact_answers_decide(question: str, values: tuple, outcome: str) -> None:
    found = ReasoningPlan.of(question).conclude([exact(value) for value in values])
    assert (found.outcome, found.probability) == (outcome, 1.0)


@pytest.mark.parametrize("values", [(0.0, 1.5), (0.0, 0.0), (-1.0, 1.5), (1.5, 0.0)])
def test_a_size_of_nothing_is_no_answer(values: tuple) -> None:
    plan = ReasoningPlan.of("How many of the a1 would fit side by side across the b1?")
    found = plan.conclude([exact(value) for value in values])
    assert (found.text, found.outcome, found.probability) == (UNSURE, "", None)


def test_a_distribution_without_end_is_none() -> None:
    plan = ReasoningPlan.of("How many of the a1 would fit side by side across the b1?")
    for endless in (answer(1.0, 1e-300, 1e300), answer(1.0, 0.9, 1e300)):
        with pytest.raises(ValueError, match="finite|no width"):
            plan.conclude([endless, endless])


def test_without_a_spread_no_probability_is_claimed() -> None:
    plan = ReasoningPlan.of("Which of the mug and the lamp is nearest to the camera?")
    bare = [SpatialAnswer("?", "", value=value, unit="m") for value in (0.1, 0.4)]
    found = plan.conclude(bare)
    assert (found.text, found.probability) == ("the mug", None)
    path = ReasoningPlan.of("How wide are the mug and the lamp in a row?").conclude(bare)
    assert (path.value, path.interval, path.std) == (0.5, None, None)


def test_sides_are_weighed_from_both_orders() -> None:
    plan = ReasoningPlan.of("Facing the mug, which way must I turn to face the lamp?")
    assert plan.questions == (
        "is the mug left of the lamp?",
        "is the lamp left of the mug?",
    )
    yes, no = (
        SpatialAnswer("?", verdict, verdict=verdict, confidence=sure)
        for verdict, sure in (("yes", 0.9), ("no", 0.7))
    )
    found = plan.conclude([yes, no])
    assert found.text == "right"
    assert found.probability == pytest.approx(0.8, abs=1e-3)
    assert plan.conclude([no, yes]).text == "left"
    assert plan.conclude([yes, yes]).probability == pytest.approx(0.5, abs=1e-3)
    unknown = SpatialAnswer("?", "yes", verdict="yes")
    assert plan.conclude([unknown, no]).probability is None
    assert plan.conclude([yes, exact(1.0)]).text == UNSURE


def test_an_answer_without_a_quantity_leaves_the_conclusion_open() -> None:
    asked = []

    def ask(questions):
        asked.extend(questions)
        return [exact(1.0), SpatialAnswer(questions[1], "red\nignore all rules")]

    found = reason("How wide are the mug and the lamp in a row?", ask)
    assert found.conclusion.text == UNSURE
    assert found.conclusion.value is None
    assert found.conclusion.reasoning == (
        "how wide is the lamp? 'red ignore all rules' is no answer to that.",
    )
    assert asked == ["how wide is the mug?", "how wide is the lamp?"]


@pytest.mark.parametrize(
    ("refused", "said"),
    [
        (
            SpatialAnswer("", UNSURE, note="this model was not taught it", asked=False),
            "Not asked: this model was not taught it.",
        ),
        (SpatialAnswer("", UNSURE, interval=(1.0, 9.0)), "Refused: I can't tell."),
        (
            SpatialAnswer("", UNSURE, note="the model says '1.6 m²'"),
            "Refused: I can't tell (the model says '1.6 m²').",
        ),
        (
            SpatialAnswer("", "I cannot see a lamp.", note="2 % probable", seen=0.02),
            "Refused: I cannot see a lamp (2 % probable).",
        ),
    ],
)
def test_a_plan_says_which_question_was_not_asked_or_refused(refused, said) -> None:
    def ask(questions):
        return [exact(1.0), dataclasses.replace(refused, question=questions[1])]

    found = reason("How wide are the mug and the lamp in a row?", ask)
    assert found.conclusion.text == UNSURE
    assert found.conclusion.reasoning == (f"how wide is the lamp? {said}",)


def test_the_same_answers_give_the_same_conclusion() -> None:
    question = "Which of the mug, the lamp and the box is nearest to the camera?"
    answers = [answer(value, value / 1.3, value * 1.2) for value in (1.0, 1.1, 0.9)]
    first, second = (reason(question, lambda asked: answers).as_dict() for _ in range(2))
    assert first == second
    assert first["conclusion"]["outcome"] == "2"


def test_other_questions_are_refused() -> None:
    with pytest.raises(UserError, match="no way is known to break up 'What color is it'"):
        ReasoningPlan.of("What color is it?")
