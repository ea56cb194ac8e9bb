"""Lengths in a sentence: which number measures, and in which unit.

Rules, in the order they apply:

1. A length is a number and a unit: "1.2 m", "90cm", "5-foot", "half a metre", "three quarters of
   an inch", "a metre and a half". Units of one system may follow each other downwards: "5 ft 3
   in", `6'2"`, "1 m 20 cm".
2. A range is its midpoint: "between 1 and 2 m", "1-2 m", "1 to 2 m", "1 or 2 m". A tolerance is
   left out: "1.2 +/- 0.1 m" is 1.2 m.
3. The first length counts: "3 feet (about 0.9 m)" is 3 feet.
4. Without any length the first bare number counts, in metres; but not "a", "one", "half" alone,
   and not a number of something that is no length ("30 degrees", "50 %").
5. Otherwise there is no length.
"""

import dataclasses
import math
from collections.abc import Iterator, Sequence

from spatialvlm_jax.evaluation import numerals
from spatialvlm_jax.evaluation.numerals import Token, listed, value_at, word_at

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
_IMPERIAL = ("mi", "yd", "ft", "in")
_PREFIXES = {"": "m", "kilo": "km", "deci": "dm", "centi": "cm", "milli": "mm"}
_SPELLINGS = (
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
# After these, "in" is the preposition: "2 in the picture", "3 in front".
_AFTER_PREPOSITION = frozenset(
    listed("the front a an this that total all my your our its their each here there view")
)
_NOT_LENGTHS = frozenset(listed("% ° degree degrees percent kg second seconds times"))


@dataclasses.dataclass(frozen=True)
class Quantity:
    """A number with the unit it was given in; `unit` is "" where none was given."""

    value: float
    unit: str

    @property
    def metres(self) -> float:
        """The length in metres; a bare number counts as metres."""
        return self.value * METRES.get(self.unit, 1.0)


@dataclasses.dataclass(frozen=True)
class _Reading:
    """A quantity read from the tokens, the index after it, and whether it can stand unitless."""

    value: float
    unit: str
    end: int
    alone: bool


def _unit_at(tokens: Sequence[Token], index: int) -> str:
    """Canonical unit of the token at `index`, or ""."""
    word = word_at(tokens, index)
    if word in ("'", '"'):
        following = index + 1 < len(tokens) and tokens[index + 1]
        contraction = following and following.glued and following.text.isalpha()
        if value_at(tokens, index - 1) is None or contraction or _closes_quote(tokens, index):
            return ""
        return "ft" if word == "'" else "in"
    if word == "in" and word_at(tokens, index + 1) in _AFTER_PREPOSITION:
        return ""
    return _SPELLINGS.get(word, "")


def _closes_quote(tokens: Sequence[Token], index: int) -> bool:
    """Whether the mark at `index` ends a quotation: one like it opened after a space."""
    mark = word_at(tokens, index)
    opened = [
        i for i in range(index)
        if word_at(tokens, i) == mark and value_at(tokens, i - 1) is None
    ]  # fmt: skip
    return len(opened) % 2 == 1


def _skip_to_unit(tokens: Sequence[Token], index: int) -> int:
    """Step over what may stand between a number and its unit: "-", "of a", "a", "of an"."""
    if word_at(tokens, index) == "-" and tokens[index].glued and _unit_at(tokens, index + 1):
        return index + 1
    of = index + (word_at(tokens, index) == "of")
    article = of + (word_at(tokens, of) in ("a", "an"))
    return article if article > index and _unit_at(tokens, article) else index


def _amount(tokens: Sequence[Token], index: int) -> _Reading | None:
    """A number, its unit where one follows, and what completes it ("and a half")."""
    number = numerals.read_number(tokens, index)
    if number is None:
        if word_at(tokens, index) in ("a", "an") and _unit_at(tokens, index + 1):
            number = numerals.Number(1.0, index + 1, alone=False)
        else:
            return None
    value, end, alone = number.value, number.end, number.alone
    if word_at(tokens, end) == "±":
        tolerance = numerals.read_number(tokens, end + 1)
        end = tolerance.end if tolerance else end
    at = _skip_to_unit(tokens, end)
    unit = _unit_at(tokens, at)
    if not unit:
        return _Reading(value, "", end, alone and word_at(tokens, end) not in _NOT_LENGTHS)
    end = at + 1
    if word_at(tokens, end) == "and" and word_at(tokens, end + 1) in ("a", "one"):
        part = numerals.read_number(tokens, end + 1)
        if part and part.value < 1 and not _unit_at(tokens, _skip_to_unit(tokens, part.end)):
            value, end = value + part.value, part.end
    return _Reading(value, unit, end, alone)


def _compound(tokens: Sequence[Token], first: _Reading) -> _Reading:
    """Add smaller units that follow `first`: "5 ft 3 in", "1 m 20 cm", `6'2`."""
    reading, smallest = first, first.unit
    while True:
        at = reading.end
        if word_at(tokens, at) == "." and _unit_at(tokens, at - 1):
            at += 1
        at += word_at(tokens, at) == "," and smallest in _IMPERIAL
        at += word_at(tokens, at) == "and"
        part = _amount(tokens, at)
        if part is None:
            return reading
        unit = part.unit
        adjacent = at == reading.end and value_at(tokens, at) is not None
        if not unit and smallest == "ft" and adjacent and part.value < 12:
            unit = "in"
        same_system = (unit in _IMPERIAL) == (smallest in _IMPERIAL)
        if not unit or not same_system or part.value * METRES[unit] >= METRES[smallest]:
            return reading
        total = reading.value + part.value * METRES[unit] / METRES[first.unit]
        reading, smallest = _Reading(total, first.unit, part.end, True), unit


def _range_end(tokens: Sequence[Token], first: _Reading, between: bool) -> _Reading | None:
    """The upper end of a range whose lower end is `first`, or None where there is no range."""
    connectors = {"to", "-"} | ({"and"} if between else set())
    if not first.unit:
        connectors.add("or")
    if word_at(tokens, first.end) not in connectors:
        return None
    second = _amount(tokens, first.end + 1)
    if second is None:
        return None
    return _compound(tokens, second) if second.unit else second


def _signed(tokens: Sequence[Token], index: int) -> bool:
    """Whether the number at `index` has a minus sign of its own: "-0.3", not "1-2", "by - 3"."""
    if word_at(tokens, index - 1) != "-" or value_at(tokens, index) is None:
        return False
    return (
        tokens[index].glued and not tokens[index - 1].glued and value_at(tokens, index - 2) is None
    )


def _readings(tokens: Sequence[Token]) -> Iterator[_Reading]:
    index = 0
    while index < len(tokens):
        first = _amount(tokens, index)
        if first is None:
            index += 1
            continue
        if _signed(tokens, index):
            first = dataclasses.replace(first, value=-first.value)
        if first.unit:
            first = _compound(tokens, first)
        second = _range_end(tokens, first, between=word_at(tokens, index - 1) == "between")
        if second and (second.unit or not first.unit):
            unit = first.unit or second.unit
            scale = METRES[second.unit] / METRES[unit] if second.unit else 1.0
            middle = (first.value + second.value * scale) / 2
            first = _Reading(middle, unit, second.end, True)
        yield first
        index = first.end


def find_quantity(text: str) -> Quantity | None:
    """The length that `text` states, by the rules at the head of this module, or None."""
    bare = None
    for reading in _readings(numerals.tokenize(text)):
        if not math.isfinite(reading.value):
            continue
        if reading.unit:
            return Quantity(reading.value, reading.unit)
        if bare is None and reading.alone:
            bare = Quantity(reading.value, "")
    return bare


def find_count(text: str) -> float | None:
    """The first number in `text`, in digits or words, whatever it counts; or None."""
    tokens = numerals.tokenize(text)
    for index in range(len(tokens)):
        number = numerals.read_number(tokens, index)
        if number is not None:
            return number.value
    return None
