"""Quantities, hours and counts in a sentence.

Lengths, areas ("2 square metres", "20 sq ft", "3 m²"), volumes ("0.2 cubic metres", "30 litres"),
ratios ("2.5 times", "twice", "3x") and angles ("30 degrees to the left", "0.5 rad") follow the
same rules with their own units. An angle to the left is negative, "straight ahead" is 0. An hour
of the clock is a whole number from 1 to 12 ("3 o'clock", "at three").

Without any quantity of the dimension, a bare number counts, in metres, square metres, ...; but not
"a", "one", "half" alone, and not a number of other things ("45 pixels", "3 chairs", "GPT-4").
"""

import dataclasses
import math
import re
from collections.abc import Sequence

from spatialvlm_jax.evaluation.reading import choice, numerals
from spatialvlm_jax.evaluation.reading.plain import plain_lowercase
from spatialvlm_jax.evaluation.reading.spans import Span, declared_unit, find_spans
from spatialvlm_jax.evaluation.reading.tokens import Token, tokenize, word_at
from spatialvlm_jax.experiment import Choice
from spatialvlm_jax.units import BARE, DIMENSIONS, SPELLINGS, UNITS

__all__ = ["Quantity", "dimension_of", "find_count", "find_hour", "find_in_unit", "find_quantity"]

_SIDE = re.compile(r"\b(left|right)(?! (?:ahead|in front))")
# A count after these is stated, not one that is said beside it: "so 6 chairs around 2 tables".
_STATES = frozenset(": = is are so count see be exactly only".split())
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
        return self.value * UNITS[self.unit or BARE[self.dimension]].si

    @property
    def metres(self) -> float:
        """The length in metres.

        Raises:
          ValueError: it is not a length.
        """
        if self.dimension != "length":
            raise ValueError(f"{self} is not a length")
        return self.si


def find_quantity(
    text: str, dimension: str = "length", which: Choice = "conclusion"
) -> Quantity | None:
    """The quantity that `text` gives, or None.

    Args:
      dimension: a key of `units.BARE`.
      which: the one that the text concludes with, or plainly the first ("first").
    """
    tokens = tokenize(text)
    span = choice.choose_span(tokens, find_spans(tokens), dimension, which)
    found = None
    if span is not None and math.isfinite(span.value):
        unit = span.unit or declared_unit(tokens)
        if not unit or UNITS[unit].dimension == dimension:
            found = Quantity(span.value, unit, dimension)
    return _sided(text, found) if dimension == "angle" else found


def find_in_unit(text: str, unit: str) -> float | None:
    """The quantity that `text` gives, in a unit; a bare number is in it already. None without one.

    Args:
      unit: a key of `units.UNITS`.
    """
    found = find_quantity(text, UNITS[unit].dimension)
    if found is None:
        return None
    return found.si / UNITS[unit].si if found.unit else found.value


def _sided(text: str, found: Quantity | None) -> Quantity | None:
    """An angle with the sign of the side that the text names first, or 0 for straight ahead."""
    normal = plain_lowercase(text)
    if found is None:
        return Quantity(0.0, "degrees", "angle") if _AHEAD.search(normal) else None
    side = _SIDE.search(normal)
    if side is None:
        return found
    return dataclasses.replace(found, value=abs(found.value) * (-1 if side[1] == "left" else 1))


def dimension_of(unit: str) -> str:
    """The dimension of a unit as it is spoken ("square feet" -> "area"); a length if unknown."""
    known = DIMENSIONS.get(unit)
    return known or UNITS[SPELLINGS.get(unit.lower(), "m")].dimension


def find_hour(text: str) -> int | None:
    """The hour of the clock, 1 to 12, that `text` says, or None."""
    tokens = tokenize(text)
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
    """The number of things that `text` gives, in digits or words; or None.

    A concluded number wins ("2 and 1, so 3 in total"); numbers that measure, that are parts of
    names ("2D", "GPT-4") or of which some are counted ("none of the 3") do not count.
    """
    tokens = tokenize(text)
    counts = [span for span in find_spans(tokens) if _counts(tokens, span)]
    concluded = [
        span for span in counts
        if choice.is_concluded(tokens, span) and not choice.is_aside(tokens, span)
    ]  # fmt: skip
    if not counts:
        return None
    stated = [span for span in concluded if word_at(tokens, span.start - 1) in _STATES]
    value = (stated[-1] if stated else concluded[-1] if concluded else counts[0]).value
    return value if math.isfinite(value) else None


def _counts(tokens: Sequence[Token], span: Span) -> bool:
    before = [word_at(tokens, span.start - i) for i in (1, 2)]
    part = before[0] == "of" or before == ["the", "of"]
    return not span.unit and not choice.is_name(tokens, span) and not part
