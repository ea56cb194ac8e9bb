"""Quantities in a sentence: which number measures, and in which unit.

Rules for lengths, in the order they apply:

1. A length is a number and a unit: "1.2 m", "90cm", "5-foot", "half a metre", "three quarters of
   an inch", "a metre and a half". Units of one system may follow each other downwards: "5 ft 3
   in", `6'2"`, "1 m 20 cm".
2. A range is its midpoint: "between 1 and 2 m", "1-2 m", "1 to 2 m", "1 or 2 m". A tolerance is
   left out: "1.2 +/- 0.1 m" is 1.2 m.
3. The first length counts: "3 feet (about 0.9 m)" is 3 feet.
4. Without any length the first bare number counts, in metres; but not "a", "one", "half" alone,
   and not a number of something that is no length ("30 degrees", "50 %").
5. Otherwise there is no length.

Areas ("2 square metres", "20 sq ft", "3 m²"), volumes ("0.2 cubic metres", "30 litres"), ratios
("2.5 times", "twice", "3x") and angles ("30 degrees to the left", "0.5 rad") follow the same
rules with their own units. An angle to the left is negative, "straight ahead" is 0. An hour of
the clock is a whole number from 1 to 12 ("3 o'clock", "at three").
"""

import dataclasses
import functools
import math
import re
from collections.abc import Iterator, Sequence

from spatialvlm_jax.evaluation.measures import IMPERIAL, MEASURES, METRES, join_units
from spatialvlm_jax.evaluation.reading import numerals
from spatialvlm_jax.evaluation.reading.numerals import Token, listed, value_at, word_at

__all__ = ["METRES", "Quantity", "dimension_of", "find_count", "find_hour", "find_quantity"]

# After these, "in" is the preposition: "2 in the picture", "3 in front".
_AFTER_PREPOSITION = frozenset(
    listed("the front a an this that total all my your our its their each here there view")
)
_SIDE = re.compile(r"\b(left|right)(?! (?:ahead|in front))")
_AHEAD = re.compile(r"\b(?:straight|directly|dead|right) (?:ahead|in front|forward)\b")


@dataclasses.dataclass(frozen=True)
class Quantity:
    """A number with the unit it was given in; `unit` is "" where none was given."""

    value: float
    unit: str
    dimension: str = "length"

    @property
    def si(self) -> float:
        """The quantity in SI units; a bare number counts as metres, m², m³, times, or degrees."""
        measure = MEASURES[self.dimension]
        return self.value * measure.si[self.unit or measure.bare]

    @property
    def metres(self) -> float:
        """The length in metres.

        Raises:
          ValueError: it is not a length.
        """
        if self.dimension != "length":
            raise ValueError(f"{self} is not a length")
        return self.si


@dataclasses.dataclass(frozen=True)
class _Reading:
    """A quantity read from the tokens, the index after it, and whether it can stand unitless."""

    value: float
    unit: str
    end: int
    alone: bool


class _Reader:
    """Reads the quantities of one dimension from tokens."""

    def __init__(self, tokens: Sequence[Token], dimension: str) -> None:
        self.tokens = join_units(tokens, dimension)
        self.measure = MEASURES[dimension]
        self.is_length = dimension == "length"

    def word(self, index: int) -> str:
        """The token at `index`, or ""."""
        return word_at(self.tokens, index)

    def readings(self) -> Iterator[_Reading]:
        """Every number, with its unit where it has one."""
        index = 0
        while index < len(self.tokens):
            first = self._amount(index)
            if first is None:
                index += 1
                continue
            if self._signed(index):
                first = dataclasses.replace(first, value=-first.value)
            if first.unit and self.is_length:
                first = self._compound(first)
            second = self._range_end(first, between=self.word(index - 1) == "between")
            if second and (second.unit or not first.unit):
                unit = first.unit or second.unit
                scale = self.measure.si[second.unit] / self.measure.si[unit] if second.unit else 1.0
                middle = (first.value + second.value * scale) / 2
                first = _Reading(middle, unit, second.end, True)
            yield first
            index = first.end

    def _unit_at(self, index: int) -> str:
        """Canonical unit of the token at `index`, or ""."""
        word = self.word(index)
        if word in ("'", '"') and self.is_length:
            following = index + 1 < len(self.tokens) and self.tokens[index + 1]
            contraction = following and following.glued and following.text.isalpha()
            unmeasured = value_at(self.tokens, index - 1) is None
            if unmeasured or contraction or self._closes_quote(index):
                return ""
            return "ft" if word == "'" else "in"
        if word == "in" and self.word(index + 1) in _AFTER_PREPOSITION:
            return ""
        return self.measure.spellings.get(word, "")

    def _closes_quote(self, index: int) -> bool:
        """Whether the mark at `index` ends a quotation: one like it opened after a space."""
        mark = self.word(index)
        opened = [
            i for i in range(index)
            if self.word(i) == mark and value_at(self.tokens, i - 1) is None
        ]  # fmt: skip
        return len(opened) % 2 == 1

    def _skip_to_unit(self, index: int) -> int:
        """Step over what may stand between a number and its unit: "-", "of a", "a", "of an"."""
        hyphen = self.word(index) == "-" and self.tokens[index].glued
        if hyphen and self._unit_at(index + 1):
            return index + 1
        of = index + (self.word(index) == "of")
        article = of + (self.word(of) in ("a", "an"))
        return article if article > index and self._unit_at(article) else index

    def _amount(self, index: int) -> _Reading | None:
        """A number, its unit where one follows, and what completes it ("and a half")."""
        number = numerals.read_number(self.tokens, index)
        if number is None:
            if self.word(index) in ("a", "an") and self._unit_at(index + 1):
                number = numerals.Number(1.0, index + 1, alone=False)
            else:
                return None
        value, end, alone = number.value, number.end, number.alone
        if self.word(end) == "±":
            tolerance = numerals.read_number(self.tokens, end + 1)
            end = tolerance.end if tolerance else end
        at = self._skip_to_unit(end)
        unit = self._unit_at(at)
        if not unit:
            return _Reading(value, "", end, alone and self.word(end) not in self.measure.others)
        end = at + 1
        if self.word(end) == "and" and self.word(end + 1) in ("a", "one"):
            part = numerals.read_number(self.tokens, end + 1)
            if part and part.value < 1 and not self._unit_at(self._skip_to_unit(part.end)):
                value, end = value + part.value, part.end
        return _Reading(value, unit, end, alone)

    def _compound(self, first: _Reading) -> _Reading:
        """Add smaller units that follow `first`: "5 ft 3 in", "1 m 20 cm", `6'2`."""
        reading, smallest = first, first.unit
        while True:
            at = reading.end
            if self.word(at) == "." and self._unit_at(at - 1):
                at += 1
            at += self.word(at) == "," and smallest in IMPERIAL
            at += self.word(at) == "and"
            part = self._amount(at)
            if part is None:
                return reading
            unit = part.unit
            adjacent = at == reading.end and value_at(self.tokens, at) is not None
            if not unit and smallest == "ft" and adjacent and part.value < 12:
                unit = "in"
            same_system = (unit in IMPERIAL) == (smallest in IMPERIAL)
            if not unit or not same_system or part.value * METRES[unit] >= METRES[smallest]:
                return reading
            total = reading.value + part.value * METRES[unit] / METRES[first.unit]
            reading, smallest = _Reading(total, first.unit, part.end, True), unit

    def _range_end(self, first: _Reading, between: bool) -> _Reading | None:
        """The upper end of a range whose lower end is `first`, or None where there is no range."""
        connectors = {"to", "-"} | ({"and"} if between else set())
        if not first.unit:
            connectors.add("or")
        if self.word(first.end) not in connectors:
            return None
        second = self._amount(first.end + 1)
        if second is None:
            return None
        return self._compound(second) if second.unit and self.is_length else second

    def _signed(self, index: int) -> bool:
        """Whether the number at `index` has a minus sign: "-0.3", not "1-2", "by - 3"."""
        if self.word(index - 1) != "-" or value_at(self.tokens, index) is None:
            return False
        glued = self.tokens[index].glued and not self.tokens[index - 1].glued
        return glued and value_at(self.tokens, index - 2) is None


def find_quantity(text: str, dimension: str = "length") -> Quantity | None:
    """The quantity that `text` states, by the rules at the head of this module, or None.

    Args:
      dimension: a key of `measures.MEASURES`.
    """
    # Compatibility forms would make "2m²" the same as "2m2".
    tokens = numerals.tokenize(text.replace("²", "^2 ").replace("³", "^3 "))
    bare = found = None
    for reading in _Reader(tokens, dimension).readings():
        if not math.isfinite(reading.value):
            continue
        if reading.unit:
            found = Quantity(reading.value, reading.unit, dimension)
            break
        if bare is None and reading.alone:
            bare = Quantity(reading.value, "", dimension)
    found = found or bare
    return _sided(text, found) if dimension == "angle" else found


def _sided(text: str, found: Quantity | None) -> Quantity | None:
    """An angle with the sign of the side that the text names first, or 0 for straight ahead."""
    normal = numerals.normalize(text)
    if found is None:
        return Quantity(0.0, "degrees", "angle") if _AHEAD.search(normal) else None
    side = _SIDE.search(normal)
    if side is None:
        return found
    return dataclasses.replace(found, value=abs(found.value) * (-1 if side[1] == "left" else 1))


@functools.cache
def dimension_of(unit: str) -> str:
    """The dimension of a unit as it is spoken ("square feet" -> "area"); a length if unknown."""
    # Lengths come last: they would read "m²" as "m".
    found = (find_quantity(f"2 {unit}", name) for name in reversed(MEASURES))
    return next((each.dimension for each in found if each and each.unit), "length")


def find_hour(text: str) -> int | None:
    """The hour of the clock, 1 to 12, that `text` says, or None."""
    tokens = numerals.tokenize(text)
    hours = []
    for index in range(len(tokens)):
        number = numerals.read_number(tokens, index)
        if number is not None and number.value in range(1, 13):
            clock = "".join(word_at(tokens, number.end + i) for i in range(3))
            if clock.startswith(("o'clock", "oclock", "o-clock")):
                return int(number.value)
            hours.append(int(number.value))
    return hours[0] if hours else None


def find_count(text: str) -> float | None:
    """The first number in `text`, in digits or words, whatever it counts; or None."""
    tokens = numerals.tokenize(text)
    for index in range(len(tokens)):
        number = numerals.read_number(tokens, index)
        if number is not None:
            return number.value
    return None
