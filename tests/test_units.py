import math

import hypothesis
import hypothesis.strategies as st
import pytest

from spatialvlm_jax.units import (
    SI,
    SINGULAR,
    UNITS,
    describe_exact,
    find_unit,
    read_measure,
    symbol_of,
    told_value,
)


@pytest.mark.parametrize(
    ("text", "symbol"),
    [
        ("m", "m"),
        (" Metres ", "m"),
        ("µm", "um"),
        ("m²", "m^2"),
        ("sq ft", "ft^2"),
        ("Cubic inches", "in^3"),
        ("L", "l"),
        ("°", "degrees"),
        ("times", "times"),
        ("square degrees", None),
        ("square", None),
        ("", None),
        ("furlong", None),
    ],
)
def test_a_unit_is_found_by_any_spelling(text: str, symbol: str | None) -> None:
    found = find_unit(text)
    assert (found and found.symbol) == symbol


def test_all_that_is_spoken_is_found_again() -> None:
    for spoken, size in SI.items():
        assert (unit := find_unit(spoken)) is not None
        assert unit.si == size
        assert SI.get(symbol_of(unit), unit.si) == size
    assert {find_unit(SINGULAR[name]) for name in SINGULAR} <= set(UNITS.values())


@pytest.mark.parametrize(
    ("text", "value", "symbol"),
    [
        ("0.10 m", 0.1, "m"),
        ("12cm.", 12.0, "cm"),
        ("-3 degrees", -3.0, "degrees"),
        ("3 square feet", 3.0, "ft^2"),
    ],
)
def test_a_number_with_a_unit_is_a_measure(text: str, value: float, symbol: str) -> None:
    assert read_measure(text) == (value, UNITS[symbol])


@pytest.mark.parametrize(
    "text",
    ["", "m", "3", "1,200 mm", "0,5 m", "about 2 m", "2 m wide", "2 m 3", "1e3 m", "2 or 3 m"],
)
def test_anything_else_is_none(text: str) -> None:
    assert read_measure(text) is None


@hypothesis.given(st.text())
def test_any_text_is_a_measure_or_none(text: str) -> None:
    found = read_measure(text)
    assert found is None or found[1] in UNITS.values()


@pytest.mark.parametrize(
    ("value", "dimension", "std", "said"),
    [
        (0.37412, "length", math.nan, "0.374 m"),
        (1234.5, "length", 0.0, "1,230 m"),
        (0.006852, "volume", 0.00012, "0.00685 ± 0.00012 m³"),
        (1.5, "ratio", math.nan, "1.5 times"),
        (-math.pi / 6, "angle", math.radians(2), "30 ± 2° to the left"),
        (math.radians(22.14), "angle", math.nan, "22.1° to the right"),
    ],
)
def test_exact_values_are_said_with_their_unit(value, dimension, std, said):
    assert describe_exact(value, dimension, std) == said


@pytest.mark.parametrize(
    ("value", "dimension", "told"),
    [
        (0.37412, "length", 0.37412),
        (1e-3, "volume", 1e-3),
        (math.pi, "angle", 180.0),
        (-math.radians(22.14), "angle", -22.14),
        *((math.radians(whole), "angle", whole) for whole in range(0, 180, 7)),
    ],
)
def test_a_quantity_is_told_in_the_unit_of_a_bare_number(value, dimension, told):
    assert told_value(value, dimension) == told
