"""The one table of units: what they measure, how they are spoken, and every way to write them.

A unit of the table is known by its symbol in plain letters ("m", "ft", "m^2", "l"). Phrasing
speaks of it by its symbol or its name ("m²", "square meters"); reading knows all its spellings.
"""

import dataclasses
import math
import re
import unicodedata

INCH, FOOT = 0.0254, 0.3048


@dataclasses.dataclass(frozen=True)
class Unit:
    """A unit as it is read.

    symbol: in plain letters. dimension: what it measures. si: its size in SI units.
    spellings: every single word, in lower case, that names it.
    """

    symbol: str
    dimension: str
    si: float
    spellings: tuple[str, ...]


def _prefixed(prefix: str, japanese: str) -> str:
    """Names of a metric unit of length in the languages that models answer in."""
    ends = "meter meters metre metres metro metros metri mètre mètres metern"
    names = [prefix + end for end in ends.split()]
    if prefix == "centi":
        names += [f"z{name[1:]}" for name in names] + ["centímetro", "centímetros"]
    if prefix == "milli":
        names += ["milímetro", "milímetros"]
    return " ".join([*names, *japanese.split()])


_SPELLINGS: dict[str, tuple[float, str]] = {
    "km": (1_000.0, f"kms км 公里 千米 {_prefixed('kilo', 'キロメートル')}"),
    "m": (1.0, f"mtr mtrs м метр метра метров 米 公尺 미터 {_prefixed('', 'メートル')}"),
    "dm": (0.1, f"分米 {_prefixed('deci', 'デシメートル')}"),
    "cm": (0.01, f"cms см 厘米 公分 센티 센티미터 {_prefixed('centi', 'センチ センチメートル')}"),
    "mm": (0.001, f"mms мм 毫米 밀리미터 {_prefixed('milli', 'ミリ ミリメートル')}"),
    "um": (1e-6, f"μm micron microns 微米 {_prefixed('micro', 'マイクロメートル')}"),
    "mi": (1_609.344, "mile miles 英里 マイル"),
    "yd": (0.9144, "yds yard yards 码 ヤード"),
    "ft": (FOOT, "fts foot feet fuß pied pieds 英尺 フィート 피트"),
    "in": (INCH, "ins inch inches zoll pouce pouces pulgada pulgadas 英寸 インチ 인치"),
}
IMPERIAL = ("mi", "yd", "ft", "in")
_LITRES: dict[str, tuple[float, str]] = {
    "l": (1e-3, "liter liters litre litres"),
    "dl": (1e-4, "deciliter deciliters decilitre decilitres"),
    "cl": (1e-5, "centiliter centiliters centilitre centilitres"),
    "ml": (1e-6, "milliliter milliliters millilitre millilitres"),
    "gal": (3.785411784e-3, "gallon gallons"),
}
_EXTRA_POWERS = {"cm^3": "cc ccm", "m^3": "cbm"}


def _units() -> list[Unit]:
    units = [
        Unit(symbol, "length", si, (symbol, *words.split()))
        for symbol, (si, words) in _SPELLINGS.items()
    ]
    for dimension, power, short in (("area", 2, "sq"), ("volume", 3, "cu")):
        for symbol, (si, _) in _SPELLINGS.items():
            words = [f"{symbol}^{power}", f"{symbol}{power}", f"{short}{symbol}"]
            words += _EXTRA_POWERS.get(words[0], "").split()
            units.append(Unit(words[0], dimension, si**power, tuple(words)))
    units += [
        Unit(symbol, "volume", si, (symbol, *words.split()))
        for symbol, (si, words) in _LITRES.items()
    ]
    return [
        *units,
        Unit("times", "ratio", 1.0, ("times", "x", "×", "fold")),
        Unit("degrees", "angle", math.pi / 180, ("degrees", "degree", "deg", "degs", "°")),
        Unit("rad", "angle", 1.0, ("rad", "rads", "radian", "radians")),
    ]


UNITS: dict[str, Unit] = {unit.symbol: unit for unit in _units()}
# Any spelling -> the unit's symbol.
SPELLINGS: dict[str, str] = {word: unit.symbol for unit in _units() for word in unit.spellings}
# Words that make an area or a volume of a length, before and after it.
POWERS: dict[str, int] = {"square": 2, "sq": 2, "cubic": 3, "cu": 3}
POWERS_AFTER: dict[str, int] = {"squared": 2, "cubed": 3}
# The unit that a number without one is taken to have, and that answers are told in, by dimension.
BARE: dict[str, str] = {
    "length": "m",
    "area": "m^2",
    "volume": "m^3",
    "ratio": "times",
    "angle": "degrees",
}


@dataclasses.dataclass(frozen=True)
class _Spoken:
    """How a unit is spoken: its symbol, or its name for many and for one ("" where unnamed)."""

    symbol: str
    name: str = ""
    singular: str = ""


# Those that are spoken, by the dimension and in the order of `SI`.
_SPOKEN_UNITS: dict[str, _Spoken] = {
    "m": _Spoken("m", "meters", "meter"),
    "cm": _Spoken("cm", "centimeters", "centimeter"),
    "ft": _Spoken("ft", "feet", "foot"),
    "in": _Spoken("in", "inches", "inch"),
    "m^2": _Spoken("m²", "square meters", "square meter"),
    "cm^2": _Spoken("cm²", "square centimeters", "square centimeter"),
    "ft^2": _Spoken("ft²", "square feet", "square foot"),
    "in^2": _Spoken("in²", "square inches", "square inch"),
    "m^3": _Spoken("m³", "cubic meters", "cubic meter"),
    "l": _Spoken("L", "liters", "liter"),
    "ml": _Spoken("mL", "milliliters", "milliliter"),
    "ft^3": _Spoken("ft³", "cubic feet", "cubic foot"),
    "in^3": _Spoken("in³", "cubic inches", "cubic inch"),
    "times": _Spoken("times"),
    "degrees": _Spoken("degrees", "degrees", "degree"),
}


def _spoken(dimension: str) -> dict[str, float]:
    """Spoken units of a dimension with their sizes: by symbol first, then by name."""
    rows = [(row, UNITS[symbol]) for symbol, row in _SPOKEN_UNITS.items()]
    rows = [(row, unit) for row, unit in rows if unit.dimension == dimension]
    by_symbol = {row.symbol: unit.si for row, unit in rows}
    return by_symbol | {row.name: unit.si for row, unit in rows if row.name}


# Spoken units with their sizes in metres, and all with their sizes and dimensions.
METRES: dict[str, float] = _spoken("length")
SI: dict[str, float] = {unit: si for each in BARE for unit, si in _spoken(each).items()}
DIMENSIONS: dict[str, str] = {unit: each for each in BARE for unit in _spoken(each)}
# What is spoken where answers are to be in metres.
METRIC: dict[str, str] = {each: _SPOKEN_UNITS[symbol].symbol for each, symbol in BARE.items()}
SINGULAR: dict[str, str] = {row.name: row.singular for row in _SPOKEN_UNITS.values() if row.name}

_MEASURE = re.compile(r"([+-]?[0-9]{1,15}(?:\.[0-9]{1,15})?)\s?([^\d\s].{0,30})")
_PLURAL = {singular: unit for unit, singular in SINGULAR.items()} | {unit: unit for unit in SI}
_SPOKEN = re.compile(
    rf"\d (?:({'|'.join(map(re.escape, sorted(_PLURAL, key=len, reverse=True)))}))(?![\w²³])"
)


def unit_of(text: str) -> str:
    """The unit spoken in an answer, as a key of `SI`; "" where there is none."""
    match = _SPOKEN.search(text)
    return _PLURAL[match[1]] if match else ""


def find_unit(text: str) -> Unit | None:
    """The unit that a text names by any spelling ("m", "Meters", "sq ft", "m²"), or None."""
    words = unicodedata.normalize("NFKC", text).lower().split()
    symbol = SPELLINGS.get(" ".join(words), "")
    if len(words) == 2 and words[0] in POWERS:
        symbol = f"{SPELLINGS.get(words[1], '')}^{POWERS[words[0]]}"
    return UNITS.get(symbol)


def symbol_of(unit: Unit) -> str:
    """How a unit is spoken by its symbol, where it is spoken ("m²"); else its plain symbol."""
    return _SPOKEN_UNITS[unit.symbol].symbol if unit.symbol in _SPOKEN_UNITS else unit.symbol


def read_measure(text: str) -> tuple[float, Unit] | None:
    """A decimal number and its unit, where a text is nothing else ("0.10 m", "12cm."); or None."""
    match = _MEASURE.fullmatch(text.strip().removesuffix("."))
    unit = find_unit(match[2]) if match else None
    return None if match is None or unit is None else (float(match[1]), unit)


def name_unit(unit: str) -> str:
    """A spoken unit with its name where it is a symbol: "m²" is "m² (square meters)"."""
    names = [row.name for row in _SPOKEN_UNITS.values() if row.symbol == unit != row.name]
    return f"{unit} ({names[0]})" if names and names[0] else unit


def told_value(value: float, dimension: str) -> float:
    """A quantity in SI units in the unit of `BARE`: an angle's in degrees, all others as they are.

    Args:
      dimension: "length", "area", "volume", "ratio" or "angle".
    """
    # Whole degrees stay whole: they are spoken so, and were multiplied by pi / 180 before.
    return float(f"{math.degrees(value):.12g}") if dimension == "angle" else value


def describe_exact(value: float, dimension: str, std: float = math.nan) -> str:
    """A stored value to three digits, in the unit people would use ("0.374 m", "26° to the left").

    Args:
      value: in SI units; of an angle, radians, positive to the right.
      dimension: "length", "area", "volume", "ratio" or "angle".
      std: its standard error, shown where it is known and not 0.
    """
    is_angle = dimension == "angle"
    scale = math.degrees(1) if is_angle else 1.0
    written = _digits(abs(value) * scale if is_angle else value, 3)
    if math.isfinite(std) and std:
        written += f" ± {_digits(std * scale, 2)}"
    if not is_angle:
        return f"{written} {METRIC[dimension]}"
    return f"{written}° to the {'right' if value > 0 else 'left'}"


def _digits(value: float, digits: int) -> str:
    return f"{float(f'{value:.{digits}g}'):,.12f}".rstrip("0").rstrip(".")


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


def units_beside(unit: str) -> tuple[str, ...]:
    """The units that people take for other sizes of the same thing, with this one ("m", "cm").

    By symbol or by name, metric or not, as the unit is.

    Args:
      unit: a key of `SI`.
    """
    for steps in _LADDERS.get(DIMENSIONS[unit], ()):
        for names in zip(*(each[1:] for each in steps), strict=True):
            if unit in names:
                return names
    return (unit,)
