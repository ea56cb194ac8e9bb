"""Units of what is spoken: lengths, areas, volumes, ratios and angles."""

import math
import re
from collections.abc import Mapping

INCH, FOOT = 0.0254, 0.3048

# Each unit in SI units of its dimension; first those spoken by symbol, then those by name.
METRES: dict[str, float] = {
    "m": 1.0,
    "cm": 0.01,
    "ft": FOOT,
    "in": INCH,
    "meters": 1.0,
    "centimeters": 0.01,
    "feet": FOOT,
    "inches": INCH,
}
UNITS: dict[str, Mapping[str, float]] = {
    "length": METRES,
    "area": {
        "m²": 1.0,
        "cm²": 1e-4,
        "ft²": FOOT**2,
        "in²": INCH**2,
        "square meters": 1.0,
        "square centimeters": 1e-4,
        "square feet": FOOT**2,
        "square inches": INCH**2,
    },
    "volume": {
        "m³": 1.0,
        "L": 1e-3,
        "mL": 1e-6,
        "ft³": FOOT**3,
        "in³": INCH**3,
        "cubic meters": 1.0,
        "liters": 1e-3,
        "milliliters": 1e-6,
        "cubic feet": FOOT**3,
        "cubic inches": INCH**3,
    },
    "ratio": {"times": 1.0},
    "angle": {"degrees": math.pi / 180},
}
SI: dict[str, float] = {unit: si for units in UNITS.values() for unit, si in units.items()}
DIMENSIONS: dict[str, str] = {unit: name for name, units in UNITS.items() for unit in units}
# What is spoken where answers are to be in metres.
METRIC: dict[str, str] = {
    "length": "m",
    "area": "m²",
    "volume": "m³",
    "ratio": "times",
    "angle": "degrees",
}
SINGULAR: dict[str, str] = {
    "meters": "meter",
    "centimeters": "centimeter",
    "feet": "foot",
    "inches": "inch",
    "liters": "liter",
    "milliliters": "milliliter",
    "degrees": "degree",
}
SINGULAR |= {
    f"{power} {unit}": f"{power} {SINGULAR[unit]}"
    for power in ("square", "cubic")
    for unit in ("meters", "centimeters", "feet", "inches")
    if f"{power} {unit}" in SI
}

_PLURAL = {singular: unit for unit, singular in SINGULAR.items()} | {unit: unit for unit in SI}
_SPOKEN = re.compile(
    rf"\d (?:({'|'.join(map(re.escape, sorted(_PLURAL, key=len, reverse=True)))}))(?![\w²³])"
)


def unit_of(text: str) -> str:
    """The unit spoken in an answer, as a key of `SI`; "" where there is none."""
    match = _SPOKEN.search(text)
    return _PLURAL[match[1]] if match else ""


def choose_unit(
    value: float, draw: float, imperial_fraction: float = 0.2, dimension: str = "length"
) -> str:
    """The unit a person may use for `value`, in SI units; `draw` is uniform in [0, 1).

    Units are mostly spoken by name, which rounds more coarsely; 0.86 m is said in meters most of
    the time.
    """
    if dimension not in _LADDERS:
        return METRIC[dimension]
    imperial = draw < imperial_fraction
    if imperial:
        draw /= imperial_fraction
    else:
        draw = (draw - imperial_fraction) / (1 - imperial_fraction)
    by_symbol = draw >= (0.7 if imperial else 0.8)
    if dimension == "length" and not imperial and 0.8 <= value < 1.0:
        value = 0.1 if 0.7 <= draw < 0.9 else 1.0
    steps = _LADDERS[dimension][imperial]
    symbol, name = next((symbol, name) for below, symbol, name in steps if value < below)
    return symbol if by_symbol else name


# (metric, imperial) units of a dimension, each used below a size in SI units.
_Ladder = tuple[tuple[float, str, str], ...]
_LADDERS: dict[str, tuple[_Ladder, _Ladder]] = {
    "length": (
        ((0.8, "cm", "centimeters"), (math.inf, "m", "meters")),
        ((0.5, "in", "inches"), (math.inf, "ft", "feet")),
    ),
    "area": (
        ((0.1, "cm²", "square centimeters"), (math.inf, "m²", "square meters")),
        ((0.1, "in²", "square inches"), (math.inf, "ft²", "square feet")),
    ),
    "volume": (
        (
            (8e-4, "mL", "milliliters"),
            (0.8, "L", "liters"),
            (math.inf, "m³", "cubic meters"),
        ),
        ((0.025, "in³", "cubic inches"), (math.inf, "ft³", "cubic feet")),
    ),
}
