"""What can be measured: the units of each dimension, in all their spellings.

Lengths count in metres, areas in square and volumes in cubic metres, angles in radians, ratios as
they are. A unit of several words ("square feet", "ft^2") is one token after `join_units`.
"""

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence

from spatialvlm_jax.evaluation.reading.numerals import Token, listed, value_at, word_at

METRES = {
    "km": 1_000.0,
    "m": 1.0,
    "dm": 0.1,
    "cm": 0.01,
    "mm": 0.001,
    "mi": 1_609.344,
    "yd": 0.9144,
    "ft": 0.3048,
    "in": 0.0254,
}
IMPERIAL = ("mi", "yd", "ft", "in")
_PREFIXES = {"": "m", "kilo": "km", "deci": "dm", "centi": "cm", "milli": "mm"}
_LENGTHS = (
    {unit: unit for unit in METRES}
    | {
        prefix + word: unit
        for prefix, unit in _PREFIXES.items()
        for word in ("meter", "meters", "metre", "metres")
    }
    | {"kms": "km", "cms": "cm", "mms": "mm", "mtr": "m", "mtrs": "m"}
    | {"inch": "in", "inches": "in", "foot": "ft", "feet": "ft", "yard": "yd", "yards": "yd"}
    | {"yds": "yd", "mile": "mi", "miles": "mi"}
)
_LITRES = {"l": 1.0, "dl": 0.1, "cl": 0.01, "ml": 0.001, "gal": 3.785411784}
_VOLUMES = {unit: unit for unit in _LITRES} | {
    "gallon": "gal", "gallons": "gal", "cc": "cm^3", "ccm": "cm^3", "cbm": "m^3",
}  # fmt: skip
_VOLUMES |= {
    prefix + word: unit
    for prefix, unit in {"": "l", "deci": "dl", "centi": "cl", "milli": "ml"}.items()
    for word in ("liter", "liters", "litre", "litres")
}
_POWERS = {"square": 2, "sq": 2, "cubic": 3, "cu": 3}
_AFTER_UNIT = {"squared": 2, "cubed": 3}
_MULTIPLES = {"twice": 2, "double": 2, "thrice": 3, "triple": 3, "quadruple": 4}
_NO_NUMBER_OF = "% ° degree degrees percent kg second seconds"


@dataclasses.dataclass(frozen=True)
class Measure:
    """A dimension as it is read.

    si: canonical unit -> its size in SI units. spellings: token -> canonical unit.
    bare: the unit of a number that has none.
    others: tokens after which a number is of something else.
    """

    si: Mapping[str, float]
    spellings: Mapping[str, str]
    bare: str
    others: frozenset[str]


def _power(power: int) -> Measure:
    """Areas or volumes: every unit of length to a power, and those with names of their own."""
    si = {f"{unit}^{power}": size**power for unit, size in METRES.items()}
    spellings = {f"{word}^{power}": f"{unit}^{power}" for word, unit in _LENGTHS.items()}
    spellings |= {f"{unit}{power}": f"{unit}^{power}" for unit in METRES}
    if power == 2:
        spellings |= {f"sq{unit}": f"{unit}^2" for unit in METRES}
    else:
        si |= {unit: litres / 1_000 for unit, litres in _LITRES.items()}
        spellings |= _VOLUMES
    return Measure(si, spellings, f"m^{power}", frozenset((*listed(_NO_NUMBER_OF), *_LENGTHS)))


MEASURES: dict[str, Measure] = {
    "length": Measure(METRES, _LENGTHS, "m", frozenset(listed(_NO_NUMBER_OF + " times"))),
    "area": _power(2),
    "volume": _power(3),
    "ratio": Measure(
        {"times": 1.0},
        dict.fromkeys(("times", "x", "×", "fold"), "times"),
        "times",
        frozenset((*listed(_NO_NUMBER_OF), *_LENGTHS)),
    ),
    "angle": Measure(
        {"degrees": math.pi / 180, "rad": 1.0},
        dict.fromkeys(("degrees", "degree", "deg", "degs", "°"), "degrees")
        | dict.fromkeys(("rad", "rads", "radian", "radians"), "rad"),
        "degrees",
        frozenset((*listed("% percent kg second seconds times"), *_LENGTHS)),
    ),
}


def join_units(tokens: Sequence[Token], dimension: str) -> list[Token]:
    """Tokens in which each unit is one token and "twice" is a number and a unit."""
    if dimension in ("area", "volume"):
        return list(_joined(tokens))
    if dimension == "ratio":
        return list(_multiplied(tokens))
    return list(tokens)


def _joined(tokens: Sequence[Token]) -> Iterator[Token]:
    """ "square" "feet" and "feet" "^" "2" and "feet" "squared" as "feet^2"."""
    index = 0
    while index < len(tokens):
        token, word = tokens[index], word_at(tokens, index)
        unit = index + 1 + (word_at(tokens, index + 1) == ".")
        raised = value_at(tokens, index + 2) if word_at(tokens, index + 1) == "^" else None
        if word in _POWERS and word_at(tokens, unit) in _LENGTHS:
            text, index = f"{word_at(tokens, unit)}^{_POWERS[word]}", unit
        elif word in _LENGTHS and raised is not None:
            text, index = f"{word}^{raised:g}", index + 2
        elif word in _LENGTHS and word_at(tokens, index + 1) in _AFTER_UNIT:
            text, index = f"{word}^{_AFTER_UNIT[word_at(tokens, index + 1)]}", index + 1
        else:
            text = word
        yield token if text == word else dataclasses.replace(token, text=text)
        index += 1


def _multiplied(tokens: Sequence[Token]) -> Iterator[Token]:
    for token in tokens:
        if token.text in _MULTIPLES:
            times = _MULTIPLES[token.text]
            yield Token(str(times), float(times))
            yield Token("times")
        else:
            yield token
