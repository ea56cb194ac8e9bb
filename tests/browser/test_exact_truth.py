import pytest

from spatialvlm_jax.browser.exact_truth import ExactAnswer, exact_part
from tests.browser.demo.rooms import world


@pytest.mark.parametrize(
    ("question", "truth"),
    [
        (
            "how far is the Red mug from the camera?",
            ExactAnswer("2.11 m", pytest.approx(2.11, 0.01), "m"),
        ),
        ("is the green box left of the red mug?", ExactAnswer("no", verdict="no")),
        (
            "how much floor area does the red mug cover?",
            ExactAnswer("0.12 m²", pytest.approx(0.12), "m^2"),
        ),
        ("how tall is the lamp?", None),
        ("is the red mug taller than the green box?", None),
        ("why?", None),
    ],
)
def test_parts_of_plans_have_an_exact_answer_and_other_questions_none(question, truth) -> None:
    assert exact_part(question, world(0).facts) == truth
