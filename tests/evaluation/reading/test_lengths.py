import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spatialvlm_jax.evaluation.reading.lengths import (
    Quantity,
    dimension_of,
    find_count,
    find_hour,
    find_quantity,
)
from spatialvlm_jax.units import BARE, DIMENSIONS, SI, UNITS

SPOKEN = {
    "m": ("m", "meter", "meters", "metres", "M"),
    "cm": ("cm", "centimeters", "centimetre", "cms"),
    "mm": ("mm", "millimeters", "millimetres"),
    "km": ("km", "kilometers", "kilometre"),
    "ft": ("ft", "foot", "feet", "'"),
    "in": ("in", "inch", "inches", '"'),
    "yd": ("yd", "yard", "yards"),
    "mi": ("mi", "mile", "miles"),
}


def metres(text: str) -> float | None:
    quantity = find_quantity(text)
    return None if quantity is None else quantity.metres


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.2 m", 1.2),
        ("1.2m.", 1.2),
        ("about 3 feet", 0.9144),
        ("90 cm", 0.9),
        ("5-foot gap", 1.524),
        ("roughly 20 meters", 20),
        ("The red mug is 3.5 inches tall.", 0.0889),
        ("1,200 mm", 1.2),
        ("1,5 m", 1.5),
        ("½ inch", 0.0127),
        ("1/2 inch", 0.0127),
        ("two and a half metres", 2.5),
        ("half a metre", 0.5),
        ("a metre and a half", 1.5),
        ("three quarters of an inch", 0.01905),
        ("a metre", 1),
        ("an inch", 0.0254),
        ("a couple of metres", 2),
        ("a dozen metres", 12),
        ("12 in.", 0.3048),
        ("2 in", 0.0508),
        ("５ ㎝", 0.05),
        ("-0.3 m", -0.3),
        ("- 3 m", 3),
        ('"6 m"', 6),
        ("**2 m**", 2),
    ],
)
def test_single_lengths(text, value):
    assert metres(text) == pytest.approx(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5 ft 3 in", 1.6002),
        ("5ft3in", 1.6002),
        ("5 ft. 3 in.", 1.6002),
        ("5 feet, 3 inches", 1.6002),
        ("5 feet and 3 inches", 1.6002),
        ("5 foot 3", 1.6002),
        ("6'2\"", 1.8796),
        ("6′2″", 1.8796),
        ("6’ 2”", 1.8796),
        ("6'2", 1.8796),
        ("1 m 20 cm", 1.2),
        ("1 m and 20 cm", 1.2),
        ("1 km 200 m", 1200),
        ("6 feet 13 inches", 2.1590),  # 7 ft 1 in
        ("5 feet 15 inches", 1.9050),
        ("1 m 120 cm", 2.2),
    ],
)
def test_units_of_one_system_add_up_downwards(text, value):
    assert metres(text) == pytest.approx(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 m, 20 cm", 1),  # a list, not a sum
        ("3 m 3 ft", 3),  # two systems
        ("5 feet, 15 inches", 1.524),  # more than one foot: a list
        ("5 feet and 15 inches", 1.524),
        ("3 feet (about 0.9 m)", 0.9144),
        ("3 feet or 1 metre", 0.9144),
    ],
)
def test_otherwise_the_first_length_counts(text, value):
    assert metres(text) == pytest.approx(value)


@pytest.mark.parametrize(
    "text", ["6 feet 70 inches", "1 m 300 cm", "2 in 3", "2 in 3 people", "1 in 10."]
)
def test_what_contradicts_itself_and_shares_are_no_lengths(text):
    assert metres(text) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2 in", 0.0508),
        ("24 in 36 in", 0.6096),
        ("1 in 10 cases it is 2 m", 2.0),
        ("about 5 in 1 ft", 0.127),
    ],
)
def test_inches_are_not_taken_for_the_preposition(text, value):
    assert metres(text) == pytest.approx(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("between 1 and 2 m", 1.5),
        ("between 1 m and 2 m", 1.5),
        ("between 50 cm and 1 m", 0.75),
        ("from 1 m to 2 m", 1.5),
        ("1 to 2 m", 1.5),
        ("1-2 m", 1.5),
        ("1–2 m", 1.5),
        ("1 or 2 metres", 1.5),
        ("two to three metres", 2.5),
        ("1.2 ± 0.1 m", 1.2),
        ("1.2 +/- 0.1 m", 1.2),
    ],
)
def test_ranges_are_midpoints_and_tolerances_are_left_out(text, value):
    assert metres(text) == pytest.approx(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2.5", 2.5),
        ("twelve", 12),
        ("The 2 mugs are 3 m apart", 3),
        ("2 in the picture", 2),
        ("There are 3 in front", 3),
        ("It is 2 m to the left of the lamp", 2),
        ('The answer is "2".', 2),
        ("It is 1/0 m, so 3 m.", 3),
        ("See http://a.b/1m or www.c.d/2m: it is 3 m (https://e.f/4m).", 3),
    ],
)
def test_bare_numbers_and_words_that_look_like_units(text, value):
    assert metres(text) == pytest.approx(value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1/0 m",
        "0 / 0 m",
        "http://a.b/1m",
        "www.a.b/2m",
        "far away",
        "the left one",
        "half of it",
        "30 degrees",
        "50 %",
        "m",
        "1e999 m",
        "inf m",
    ],
)
def test_no_length(text):
    assert find_quantity(text) is None


def test_the_spoken_unit_is_kept():
    assert find_quantity("about 3 feet") == Quantity(3.0, "ft")
    assert find_quantity("2.5") == Quantity(2.5, "")


@given(
    value=st.decimals(min_value=0, max_value=99_999, places=3),
    unit=st.sampled_from(sorted(SPOKEN)),
    form=st.integers(0, 4),
    before=st.sampled_from(["", "about ", "The red mug is ", "It measures roughly "]),
    space=st.sampled_from(["", " ", "\u00a0"]),
    thousands=st.booleans(),
)
def test_written_lengths_round_trip(value, unit, form, before, space, thousands):
    spelling = SPOKEN[unit][form % len(SPOKEN[unit])]
    number = f"{value:,}" if thousands else f"{value}"
    quantity = find_quantity(f"{before}{number}{space}{spelling}.")
    assert quantity is not None
    assert quantity.unit == unit
    assert quantity.metres == pytest.approx(float(value) * UNITS[unit].si)


@given(feet=st.integers(1, 99), inches=st.integers(0, 11), mark=st.booleans())
def test_feet_and_inches_round_trip(feet, inches, mark):
    text = f"{feet}'{inches}\"" if mark else f"{feet} ft {inches} in"
    assert metres(text) == pytest.approx((12 * feet + inches) * 0.0254)


@given(st.text(max_size=60))
def test_no_text_breaks_the_reader(text):
    quantity = find_quantity(text)
    assert quantity is None or math.isfinite(quantity.metres)


def test_counts_need_no_unit():
    assert find_count("There are three red mugs.") == 3
    assert find_count("one") == 1
    assert find_count("none") is None


@pytest.mark.parametrize(
    ("text", "dimension", "value"),
    [
        ("2 square meters", "area", 2),
        ("about 2 m²", "area", 2),
        ("2m²", "area", 2),
        ("2 m2", "area", 2),
        ("2 m^2", "area", 2),
        ("2 sq m", "area", 2),
        ("20 sq. ft.", "area", 1.8580608),
        ("20 sqft", "area", 1.8580608),
        ("a square metre", "area", 1),
        ("half a square metre", "area", 0.5),
        ("500 cm²", "area", 0.05),
        ("3 feet squared", "area", 0.27870912),
        ("between 1 and 2 square meters", "area", 1.5),
        ("The 2 m desk covers 3 square meters", "area", 3),
        ("1.5", "area", 1.5),
        ("0.2 cubic meters", "volume", 0.2),
        ("0.2 m³", "volume", 0.2),
        ("30 liters", "volume", 0.03),
        ("30 L", "volume", 0.03),
        ("250ml", "volume", 2.5e-4),
        ("2 cubic feet", "volume", 0.056633693184),
        ("100 cubic inches", "volume", 1.6387064e-3),
        ("2 gallons", "volume", 7.570823568e-3),
        ("2.5 times", "ratio", 2.5),
        ("2.5x", "ratio", 2.5),
        ("2×", "ratio", 2),
        ("twice as tall", "ratio", 2),
        ("It is double the height.", "ratio", 2),
        ("three times", "ratio", 3),
        ("one and a half times", "ratio", 1.5),
        ("a factor of 1.8", "ratio", 1.8),
        ("30 degrees", "angle", math.pi / 6),
        ("30 degrees to the left", "angle", -math.pi / 6),
        ("turn left by 30°", "angle", -math.pi / 6),
        ("-30 degrees", "angle", -math.pi / 6),
        ("-30 degrees to the left", "angle", -math.pi / 6),
        ("0.5 radians to the right", "angle", 0.5),
        ("straight ahead", "angle", 0),
        ("right in front of us", "angle", 0),
    ],
)
def test_other_dimensions(text, dimension, value):
    found = find_quantity(text, dimension)
    assert found is not None
    assert found.si == pytest.approx(value)


@pytest.mark.parametrize(
    ("text", "dimension"),
    [
        ("2 m", "area"),
        ("2 m by 3 m", "area"),
        ("2 m", "volume"),
        ("3 m taller", "ratio"),
        ("50 %", "ratio"),
        ("to the left", "angle"),
        ("3 m to the left", "angle"),
        ("", "volume"),
    ],
)
def test_no_quantity_of_that_dimension(text, dimension):
    assert find_quantity(text, dimension) is None


def test_only_lengths_are_in_metres():
    area = find_quantity("2 m²", "area")
    assert area == Quantity(2.0, "m^2", "area")
    with pytest.raises(ValueError, match="not a length"):
        _ = area.metres


@pytest.mark.parametrize("unit", SI)
def test_every_unit_that_is_spoken_is_known_and_as_large(unit):
    dimension = dimension_of(unit)
    assert dimension == DIMENSIONS[unit]
    found = find_quantity(f"2 {unit}", dimension)
    assert found is not None
    assert found.si == pytest.approx(2 * SI[unit])


def test_units_that_are_not_known_are_of_lengths():
    assert [dimension_of(unit) for unit in ("", "furlongs", "km", "litres")] == [
        "length",
        "length",
        "length",
        "volume",
    ]


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("3 o'clock", 3),
        ("three o'clock", 3),
        ("at three", 3),
        ("Twelve o’clock.", 12),
        ("11 oclock", 11),
        ("0", None),
        ("13 o'clock", None),
        ("to the right", None),
    ],
)
def test_hours(text, hour):
    assert find_hour(text) == hour


@given(st.text(max_size=60), st.sampled_from(sorted(BARE)))
def test_no_text_breaks_the_reader_of_any_dimension(text, dimension):
    quantity = find_quantity(text, dimension)
    assert quantity is None or math.isfinite(quantity.si)
    assert find_hour(text) in (None, *range(1, 13))
