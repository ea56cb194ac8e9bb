import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spatialvlm_jax.generation.phrasing import (
    METRES,
    choose_unit,
    format_quantity,
    human_step,
    indefinite,
    plural,
    rephrase,
    unit_of,
)

SYMBOLS = ("m", "cm", "ft", "in")
NAMES = ("meters", "centimeters", "feet", "inches")
lengths = st.floats(0.01, 200)


def spoken(text: str) -> float:
    """Metres, read from a text by the definition of its unit."""
    number, word = text.split()
    word = {"meter": "meters", "centimeter": "centimeters", "foot": "feet", "inch": "inches"}.get(
        word, word
    )
    return float(number) * METRES[word]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.05, "0.050 m"),
        (0.234, "0.23 m"),
        (0.996, "1.0 m"),
        (1.4, "1.4 m"),
        (1.96, "2.0 m"),
        (5.249, "5.2 m"),
        (9.97, "10 m"),
        (12.3, "12 m"),
        (128.0, "130 m"),
    ],
)
def test_metres_with_two_significant_digits(value: float, text: str) -> None:
    assert format_quantity(value, "m") == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.86, "meters", "0.9 meters"),
        (0.86, "centimeters", "90 centimeters"),
        (0.86, "feet", "3 feet"),
        (1.02, "meters", "1 meter"),
        (0.3, "feet", "1 foot"),
        (0.0254, "inches", "1 inch"),
        (0.26, "centimeters", "25 centimeters"),
        (0.23, "centimeters", "23 centimeters"),
        (2.6, "meters", "2.5 meters"),
        (23.2, "meters", "23 meters"),
        (26.4, "meters", "25 meters"),
        (1.2, "ft", "3.9 ft"),
        (0.2, "in", "7.9 in"),
    ],
)
def test_rounded_as_people_do(value: float, unit: str, text: str) -> None:
    assert format_quantity(value, unit) == text


@given(lengths, st.sampled_from(SYMBOLS))
def test_symbols_are_off_by_at_most_half_a_second_digit(value: float, unit: str) -> None:
    assert abs(spoken(format_quantity(value, unit)) - value) <= 0.0501 * value


@given(lengths, st.sampled_from(NAMES))
def test_named_units_are_off_by_at_most_a_tenth(value: float, unit: str) -> None:
    assert abs(spoken(format_quantity(value, unit)) - value) <= 0.1001 * value


@given(lengths, st.floats(0, 1), st.sampled_from(NAMES))
def test_never_finer_than_known(value: float, share: float, unit: str) -> None:
    std = share * value
    step = human_step(value / METRES[unit], std / METRES[unit])
    assert step >= std / METRES[unit] * (1 - 1e-9)
    assert step <= max(10 * std, value / 5) / METRES[unit] * (1 + 1e-9)
    said = spoken(format_quantity(value, unit, std)) / METRES[unit]
    assert said > 0
    assert math.isclose(said / step, round(said / step), abs_tol=1e-6)


@given(lengths, st.sampled_from(tuple(METRES)))
def test_the_unit_can_be_read_back(value: float, unit: str) -> None:
    assert unit_of(f"The red mug is {format_quantity(value, unit)} away.") == unit
    assert unit_of(f"It is {format_quantity(value, unit)}.") == unit


def test_no_unit_in_words() -> None:
    assert unit_of("left, so yes") == ""
    assert unit_of("2") == ""
    assert unit_of("It is in front of it.") == ""


@given(lengths, st.sampled_from(NAMES))
def test_singular_and_plural_agree_with_the_number(value: float, unit: str) -> None:
    text = format_quantity(value, unit)
    assert re.match(r"1 (meter|centimeter|foot|inch)$", text) or text.endswith(unit)


@given(lengths, st.floats(0, 0.999))
def test_units_suit_the_size(value: float, draw: float) -> None:
    unit = choose_unit(value, draw)
    amount = value / METRES[unit]
    assert unit in (*SYMBOLS, *NAMES)
    if 0.05 <= value <= 20:
        assert 0.6 <= amount <= 100
    assert (unit in ("ft", "in", "feet", "inches")) == (draw < 0.2)


@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf])
def test_lengths_that_cannot_be_spoken(value: float) -> None:
    with pytest.raises(ValueError, match="positive and finite"):
        format_quantity(value, "m")


def test_unknown_unit() -> None:
    with pytest.raises(ValueError, match="unknown unit 'furlong'"):
        format_quantity(1.0, "furlong")


def test_rephrase_keeps_template_and_unit() -> None:
    assert rephrase("distance.q0/distance.a0", 1.26, "m") == "1.3 m"
    assert (
        rephrase("height.a4", 0.61, "centimeters", ["red mug"])
        == "The red mug is 60 centimeters tall."
    )
    both = ["red mug", "blue box"]
    assert rephrase("distance.a4", 2.0, "m", both) == "The red mug is 2.0 m from the blue box."


@given(st.floats(-5, 5))
def test_rephrased_lengths_stay_positive(value: float) -> None:
    text = rephrase("distance.a0", value, "m")
    assert float(text.split()[0]) == pytest.approx(max(value, 0.01), rel=0.0501)


def test_rephrase_says_what_it_lacks() -> None:
    with pytest.raises(ValueError, match="captions"):
        rephrase("distance.a4", 1.0, "m")
    with pytest.raises(ValueError, match="no answer template"):
        rephrase("distance.a99", 1.0, "m")
    with pytest.raises(ValueError, match="no answer template"):
        rephrase("nothing.a0", 1.0, "m")


def test_nouns() -> None:
    assert indefinite("orange mug") == "an orange mug"
    assert indefinite("red apple") == "a red apple"
    assert [
        plural(noun) for noun in ("red mug", "box", "shelf", "trash can", "bench", "berry", "toy")
    ] == [
        "red mugs",
        "boxes",
        "shelves",
        "trash cans",
        "benches",
        "berries",
        "toys",
    ]
