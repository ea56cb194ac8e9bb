import dataclasses

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
        # The only one of its kind needs no color.
        (
            "how far is the mug from the camera?",
            ExactAnswer("2.11 m", pytest.approx(2.11, 0.01), "m"),
        ),
        ("how tall is the lamp?", ExactAnswer("there is no lamp")),
        ("how far is the red mug from the lamp?", ExactAnswer("there is no lamp")),
        ("is the red mug taller than the green box?", ExactAnswer("not known of such questions")),
        ("why?", ExactAnswer("not known of such questions")),
    ],
)
def test_parts_of_plans_have_an_exact_answer_and_others_a_reason(question, truth) -> None:
    assert exact_part(question, world(0).facts) == truth


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ("how wide is the mug?", '"mug" may be any of 2: red mug, blue mug'),
        ("how wide is the red mug?", '"red mug" may be any of 2: red mug, red mug'),
        ("how wide is the lamp?", "nothing is stored of the white lamp"),
        ("how far is the box from the chair?", "the gap between these two is not stored"),
    ],
)
def test_names_of_several_things_and_things_of_which_nothing_is_stored(question, reason) -> None:
    facts = world(0).facts
    others = ("red mug",) if "red mug" in question else ("blue mug", "white lamp")
    found = exact_part(question, dataclasses.replace(facts, others=others, gaps={}))
    assert found == ExactAnswer(reason)
