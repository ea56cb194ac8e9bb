import pytest

from spatialvlm_jax.evaluation.rules.found_numbers import first_number, last_number


@pytest.mark.parametrize(
    ("reply", "first", "last"),
    [
        ("3.0m", 3.0, 3.0),
        ("3 (300 cm)", 3.0, 300.0),
        ("one apple, room 2", 1.0, 2.0),
        ("three hundred and twenty-one", 321.0, -1.0),
        ("two thousand and five", 2005.0, 5.0),
        ("-2 or .5", -2.0, 0.5),
        ("<think>7</think> about 3", 7.0, 3.0),
        ("<think>7</think> unknown", 7.0, 7.0),
        ("<answer>4 m</answer> not 5", 4.0, 4.0),
        ("[3, 4]", 3.0, 3.0),
        ("[about 3]", 3.0, None),
        ("[]", None, None),
        ("unknown", None, None),
        ("", None, None),
    ],
)
def test_harnesses_take_one_of_the_numbers(
    reply: str, first: float | None, last: float | None
) -> None:
    assert (first_number(reply), last_number(reply)) == (first, last)
