import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spatialvlm_jax.evaluation.reading.lengths import find_quantity
from spatialvlm_jax.generation.wording.phrasing import (
    DIMENSIONS,
    METRES,
    METRIC,
    SI,
    choose_unit,
    format_bearing,
    format_quantity,
    human_step,
    indefinite,
    plural,
    rephrase,
    spoken_size,
    unit_of,
)
from spatialvlm_jax.worlds.catalog import KINDS

SYMBOLS = ("m", "cm", "ft", "in")
NAMES = ("meters", "centimeters", "feet", "inches")
IMPERIAL = ("ft", "in", "ft²", "in²", "ft³", "in³", "feet", "inches")
RATIO_SCALE = tuple(unit for unit in SI if DIMENSIONS[unit] != "angle")
lengths = st.floats(0.01, 200)
sizes = {"length": (0.05, 100), "area": (0.0025, 50), "volume": (1.25e-4, 50), "ratio": (1.1, 20)}


def spoken(text: str) -> float:
    """SI units, read from a text by the definition of its unit."""
    return float(text.split()[0]) * SI[unit_of(text)]


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
        (0.86, "meters", "1 meter"),
        (0.86, "centimeters", "90 centimeters"),
        (0.86, "feet", "3 feet"),
        (1.02, "meters", "1 meter"),
        (0.3, "feet", "1 foot"),
        (0.0254, "inches", "1 inch"),
        (0.26, "centimeters", "30 centimeters"),
        (0.164, "centimeters", "15 centimeters"),
        (0.064, "centimeters", "6 centimeters"),
        (2.6, "meters", "2.5 meters"),
        (6.71, "meters", "7 meters"),
        (23.2, "meters", "20 meters"),
        (26.4, "meters", "30 meters"),
        (1.2, "ft", "3.9 ft"),
        (0.2, "in", "7.9 in"),
        (0.118, "square meters", "0.1 square meters"),
        (1.02, "square meters", "1 square meter"),
        (0.0341, "square centimeters", "300 square centimeters"),
        (0.1, "square feet", "1 square foot"),
        (2.34, "m²", "2.3 m²"),
        (0.0341, "cm²", "340 cm²"),
        (3e-4, "milliliters", "300 milliliters"),
        (0.034, "liters", "30 liters"),
        (0.034, "L", "34 L"),
        (1.7, "cubic meters", "1.5 cubic meters"),
        (0.0283, "cubic feet", "1 cubic foot"),
        (1.23, "times", "1.2 times"),
        (1.58, "times", "1.6 times"),
        (2.4, "times", "2.5 times"),
        (7.8, "times", "8 times"),
        (math.radians(32), "degrees", "30 degrees to the right"),
    ],
)
def test_rounded_as_people_do(value: float, unit: str, text: str) -> None:
    assert format_quantity(value, unit) == text


@pytest.mark.parametrize(
    ("value", "unit", "two", "three"),
    [
        (0.8642, "m", "0.86 m", "0.864 m"),
        (0.8642, "meters", "0.86 meters", "0.864 meters"),
        (23.26, "meters", "23 meters", "23.3 meters"),
        (2.343, "times", "2.3 times", "2.34 times"),
        (0.12345, "cm²", "1200 cm²", "1230 cm²"),
        (-0.5, "degrees", "29 degrees to the left", "28.6 degrees to the left"),
    ],
)
def test_precision_can_be_asked_for(value: float, unit: str, two: str, three: str) -> None:
    assert format_quantity(value, unit, precision="two_digits") == two
    assert format_quantity(value, unit, precision="exact") == three


@pytest.mark.parametrize(
    ("degrees", "std", "text"),
    [
        (32.4, 0, "30 degrees to the right"),
        (-32.6, 0, "35 degrees to the left"),
        (-47, 8, "50 degrees to the left"),
        (47, 20, "60 degrees to the right"),
        (1.9, 0, "straight ahead"),
        (-2.4, 0, "straight ahead"),
    ],
)
def test_bearings_are_spoken_with_their_side(degrees: float, std: float, text: str) -> None:
    assert format_bearing(math.radians(degrees), math.radians(std)) == text


@given(lengths, st.sampled_from(SYMBOLS))
def test_symbols_are_off_by_at_most_half_a_second_digit(value: float, unit: str) -> None:
    assert abs(spoken(format_quantity(value, unit)) - value) <= 0.0501 * value


@given(st.sampled_from(sorted(sizes)), st.floats(0, 1), st.floats(0, 0.999))
def test_as_people_speak_is_off_by_at_most_a_quarter(
    dimension: str, place: float, draw: float
) -> None:
    low, high = sizes[dimension]
    value = low * (high / low) ** place
    unit = choose_unit(value, draw, dimension=dimension)
    assert DIMENSIONS[unit] == dimension
    assert abs(spoken(format_quantity(value, unit)) - value) <= 0.2501 * value


@given(lengths, st.floats(0, 1), st.sampled_from(NAMES))
def test_never_finer_than_known(value: float, share: float, unit: str) -> None:
    std = share * value
    step = human_step(value / METRES[unit], std / METRES[unit])
    assert step >= std / METRES[unit] * (1 - 1e-9)
    assert step <= max(10 * std, value / 2) / METRES[unit] * (1 + 1e-9)
    said = spoken(format_quantity(value, unit, std)) / METRES[unit]
    assert said > 0
    assert math.isclose(said / step, round(said / step), abs_tol=1e-6) or step < 0.5


@given(st.floats(0.02, 150), st.sampled_from(RATIO_SCALE))
def test_the_unit_can_be_read_back(amount: float, unit: str) -> None:
    text = format_quantity(amount * SI[unit], unit)
    assert unit_of(f"The red mug is {text} away.") == unit
    assert unit_of(f"It is {text}.") == unit


@given(
    st.floats(0.02, 150),
    st.sampled_from(RATIO_SCALE),
    st.sampled_from(("human", "two_digits", "exact")),
)
def test_what_is_spoken_is_read_by_evaluation(amount: float, unit: str, precision) -> None:
    text = format_quantity(amount * SI[unit], unit, precision=precision)
    found = find_quantity(f"The red mug: {text}.", DIMENSIONS[unit])
    assert found is not None
    assert found.si == pytest.approx(spoken(text), rel=1e-9)


@given(st.floats(-math.pi, math.pi), st.sampled_from(("human", "two_digits", "exact")))
def test_bearings_are_read_by_evaluation(value: float, precision) -> None:
    found = find_quantity(f"It is {format_bearing(value, 0.0, precision)}.", "angle")
    assert found is not None
    assert abs(found.si - value) <= math.radians(2.51)


def test_no_unit_in_words() -> None:
    assert unit_of("left, so yes") == ""
    assert unit_of("2") == ""
    assert unit_of("It is in front of it.") == ""
    assert unit_of("30 degrees to the left") == "degrees"


@given(lengths, st.sampled_from(NAMES))
def test_singular_and_plural_agree_with_the_number(value: float, unit: str) -> None:
    text = format_quantity(value, unit)
    assert re.match(r"1 (meter|centimeter|foot|inch)$", text) or text.endswith(unit)


@given(lengths, st.floats(0, 0.999))
def test_units_suit_the_size(value: float, draw: float) -> None:
    unit = choose_unit(value, draw)
    amount = value / METRES[unit]
    if 0.05 <= value <= 20:
        assert 0.6 <= amount <= 100
    assert (unit in IMPERIAL) == (draw < 0.2)


@given(st.sampled_from(("area", "volume")), st.floats(0, 1), st.floats(0, 0.999))
def test_units_of_areas_and_volumes_follow_the_locale(
    dimension: str, place: float, draw: float
) -> None:
    low, high = sizes[dimension]
    unit = choose_unit(low * (high / low) ** place, draw, 0.3, dimension)
    imperial = unit in IMPERIAL or unit.endswith(("feet", "inches"))
    assert imperial == (draw < 0.3)


def test_a_length_just_short_of_a_meter_is_one_most_of_the_time() -> None:
    draws = [(i + 0.5) / 1000 for i in range(1000)]
    said = [format_quantity(0.86, choose_unit(0.86, draw)) for draw in draws]
    assert said.count("1 meter") > 500
    assert {"3 feet", "90 centimeters", "0.86 m", "86 cm"} <= set(said)


def test_every_dimension_has_a_metric_unit() -> None:
    assert {DIMENSIONS[unit]: unit for unit in METRIC.values()} == METRIC
    assert choose_unit(2.0, 0.1, dimension="ratio") == "times"
    assert choose_unit(0.3, 0.1, dimension="angle") == "degrees"


@given(lengths, st.sampled_from(tuple(METRES)))
def test_a_stated_size_is_what_its_text_says(value: float, unit: str) -> None:
    text, metres = spoken_size(value, unit)
    assert text == format_quantity(value, unit)
    assert metres == pytest.approx(spoken(text))


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


def test_rephrase_speaks_every_dimension() -> None:
    both = ["red mug", "blue box"]
    tall = "The red mug is 2.5 times as tall as the blue box."
    assert rephrase("times_taller.a5", 2.4, "times", both) == tall
    assert rephrase("volume.a0", 0.034, "liters") == "30 liters"
    assert rephrase("footprint.a0", -1.0, "m²") == "0.00010 m²"
    assert rephrase("bearing.a2", -0.52, "degrees") == "It is 30 degrees to the left."
    assert rephrase("height.a0", 1.2345, "m", precision="exact") == "1.23 m"


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


@pytest.mark.parametrize(
    ("noun", "several", "one"),
    [
        ("child", "children", "a child"),
        ("uniform", "uniforms", "a uniform"),
        ("hour", "hours", "an hour"),
        ("sheep", "sheep", "a sheep"),
        ("scissors", "scissors", "a scissors"),
        ("curtains", "curtains", "a curtains"),
        ("bottle of water", "bottles of water", "a bottle of water"),
        ("TV", "TVs", "a TV"),
        ("x-ray", "x-rays", "an x-ray"),
        ("bus", "buses", "a bus"),
    ],
)
def test_nouns_that_follow_no_rule(noun: str, several: str, one: str) -> None:
    assert plural(noun) == several
    assert indefinite(noun) == one


def test_every_name_of_the_catalogue_is_regular_but_for_these() -> None:
    regular = {noun: f"{noun}s" for noun in KINDS}
    irregular = {noun: plural(noun) for noun in KINDS if plural(noun) != regular[noun]}
    assert irregular == {"shelf": "shelves", "box": "boxes"}
    assert all(
        indefinite(noun) == f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}" for noun in KINDS
    )
