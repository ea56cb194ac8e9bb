"""Numbers with their units: every quantity among the tokens of a text, of whatever dimension.

A unit follows its number ("1.2 m", "5-foot", "45 (cm)", "half a metre", "a metre and a half") or
stands before it ("distance (cm): 45", "unit: cm"). Smaller units of one system add up ("5 ft 3
in", "6'2", "1m50"), a range is its midpoint ("between 1 and 2 m"), and a tolerance is left out.
"""

import dataclasses
import math
from collections.abc import Iterator, Sequence

from spatialvlm_jax.evaluation.reading import numerals
from spatialvlm_jax.evaluation.reading.tokens import Token, glued_at, value_at, word_at
from spatialvlm_jax.units import IMPERIAL, POWERS, POWERS_AFTER, SPELLINGS, UNITS

# The unit of what is measured but is none of ours: speeds, temperatures.
OTHER = "other"
# After these, "in" is the preposition: "2 in the picture", "3 in front".
_AFTER_PREPOSITION = frozenset(
    "the front a an this that total all my your our its their each here there view".split()
)
_MULTIPLES = {"twice": 2.0, "double": 2.0, "thrice": 3.0, "triple": 3.0, "quadruple": 4.0}
_BEGIN = numerals.OPENS | frozenset(_MULTIPLES)
_TOLERANCES = (("±",), ("give", "or", "take"), ("plus", "or", "minus"), ("plus", "-", "minus"))
# What may stand between a unit and the number after it.
_BEFORE_NUMBER = frozenset(": = | is are was ≈ ~ about approximately roughly ) ] , \" '".split())
_AFTER_LABEL = (":", "=", "|", '"', "'")
# Between a number and its unit these say nothing: "eighty-odd centimetres", "80 or so cm".
_FILLERS = (("-", "odd"), ("odd",), ("-", "plus"), ("or", "so"), ("-", "ish"), ("ish",), ("+",))
_FILLERS_OPEN = frozenset(words[0] for words in _FILLERS)
_TO = frozenset(("-", "~", "to", "or", "à", "bis", "tot", "до", "到", "至"))
# Before the upper end of a range: "from about 1 to about 2 m", "2 or maybe 3 m".
_HEDGES = frozenset("about around roughly approximately maybe perhaps even ~ ≈".split())
_BOUNDS = (
    ("at", "least"), ("at", "most"), ("more", "than"), ("less", "than"), ("greater", "than"),
    ("up", "to"), ("over",), ("under",), ("above",), ("below",),
)  # fmt: skip
_LONGEST_UNIT = 8
# How far a number may be from the field that names its unit.
_BESIDE = 8


@dataclasses.dataclass(frozen=True)
class Span:
    """A quantity in `tokens[start:end]`.

    value: in `unit`, a key of `units.UNITS`, `OTHER`, or "" where none was given.
    alone: whether the number can stand without a unit.
    declared: whether a field of its own names the unit: "unit: cm".
    """

    value: float
    unit: str
    start: int
    end: int
    alone: bool = True
    declared: bool = False


class _Reader:
    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = tokens
        self.closing = _closing_quotes(tokens)

    def word(self, index: int) -> str:
        return word_at(self.tokens, index)

    def spans(self) -> Iterator[Span]:
        index = 0
        while index < len(self.tokens):
            token = self.tokens[index]
            begins = token.value is not None or token.text in _BEGIN
            first = self._amount(index) if begins else None
            if first is None:
                index += 1
                continue
            if self._signed(index):
                first = dataclasses.replace(first, value=-first.value)
            yield (first := self._ranged(self._compound(first)))
            index = first.end

    def unit_at(self, index: int) -> tuple[str, int]:
        """The unit that begins at `index` ("" where none does) and the index after it."""
        word = self.word(index)
        if word in ("'", '"'):
            closes = index in self.closing or value_at(self.tokens, index - 1) is None
            return ("", index) if closes else ("ft" if word == "'" else "in", index + 1)
        if word in POWERS:
            at = index + 1 + (self.word(index + 1) == ".")
            unit = SPELLINGS.get(f"{SPELLINGS.get(self.word(at), '')}^{POWERS[word]}", "")
            return (unit, at + 1) if unit else ("", index)
        unit = SPELLINGS.get(word) or _foreign(word)
        if not unit or (word == "in" and self.word(index + 1) in _AFTER_PREPOSITION):
            return "", index
        return self._raised(unit, index + 1)

    def _raised(self, unit: str, end: int) -> tuple[str, int]:
        """A unit with the power, or the rate, that follows it."""
        word = self.word(end)
        power = POWERS_AFTER.get(word)
        if word == "^" and value_at(self.tokens, end + 1) is not None:
            return SPELLINGS.get(f"{unit}^{self.word(end + 1)}", OTHER), end + 2
        if power:
            return SPELLINGS.get(f"{unit}^{power}", OTHER), end + 1
        alone = not glued_at(self.tokens, end + 1) and value_at(self.tokens, end + 1) is None
        if word in ("2", "3") and glued_at(self.tokens, end) and alone:
            return SPELLINGS.get(f"{unit}^{word}", OTHER), end + 1
        per = word in ("/", "per") and self.word(end + 1).isalpha() and unit != "times"
        if per and UNITS[unit].dimension == "length":
            return OTHER, end + 2
        if unit == "degrees" and word in ("c", "f"):
            return OTHER, end + 1
        return unit, end

    def _to_unit(self, index: int) -> int:
        """Step over what may stand between a number and its unit: "-", "of a", "(", "in"."""
        if self.word(index) in _FILLERS_OPEN:
            index += self._phrase(index, _FILLERS)
        word = self.word(index)
        if word == "-" and glued_at(self.tokens, index):
            return index + 1
        if word == "in" and self.unit_at(index + 1)[0]:
            return index + 1
        if word in ("(", "["):
            at = index + 1 + (self.word(index + 1) == "in")
            return at if self.word(self.unit_at(at)[1]) in (")", "]") else index
        if index in self.closing:
            return index + 1
        of = index + (word == "of")
        article = of + (self.word(of) in ("a", "an"))
        return article

    def _phrase(self, index: int, phrases: Sequence[tuple[str, ...]]) -> int:
        """How many words the phrase that begins at `index` has; 0 where none does."""
        return next(
            (len(p) for p in phrases if all(self.word(index + i) == w for i, w in enumerate(p))), 0
        )

    def _amount(self, index: int) -> Span | None:
        """A number, its unit where one follows, and what completes it ("and a half")."""
        if self.word(index) in _MULTIPLES:
            return Span(_MULTIPLES[self.word(index)], "times", index, index + 1)
        number = numerals.read_number(self.tokens, index)
        if number is None:
            if self.word(index) not in ("a", "an"):
                return None
            unit, end = self.unit_at(index + 1)
            if not unit or unit == OTHER:
                return None
            if (
                self.word(index + 1) in ("foot", "yard", "x")
                and self.word(end).isalpha()
                and (self.word(end) not in _AFTER_FOOT)
            ):
                return None
            number = numerals.Number(1.0, index + 1, alone=False)
        share = self._share(number.end)
        if share:
            return Span(number.value, OTHER, index, share)
        value, end, alone = number.value, self._past_tolerance(number.end), number.alone
        at = self._to_unit(end)
        unit, after = self.unit_at(at)
        if unit == "times" and glued_at(self.tokens, after) and value_at(self.tokens, after):
            unit = ""
        if not unit and self.word(end) in ("as", "the") and not number.alone and number.value < 1:
            return Span(value, "times", index, end)
        if not unit:
            return Span(value, "", index, end, alone)
        if at > end and self.word(after) in (")", "]"):
            after += 1
        part = self._and_a_half(after)
        value, after = (value + part.value, part.end) if part else (value, after)
        return Span(value, unit, index, self._past_tolerance(after), alone)

    def _share(self, index: int) -> int:
        """The index after "in 3" of "2 in 3", which is no inches; 0 where there is none."""
        whole = numerals.read_number(self.tokens, index + 1) if self.word(index) == "in" else None
        if whole is None or value_at(self.tokens, index + 1) is None:
            return 0
        measured = self.unit_at(self._to_unit(whole.end))[0]
        return 0 if measured else whole.end

    def _and_a_half(self, index: int) -> numerals.Number | None:
        """What completes "a metre": "and a half"."""
        if self.word(index) != "and" or self.word(index + 1) not in ("a", "one"):
            return None
        part = numerals.read_number(self.tokens, index + 1)
        whole = part is None or part.value >= 1 or self.unit_at(self._to_unit(part.end))[0]
        return None if whole else part

    def _past_tolerance(self, index: int) -> int:
        """The index after a tolerance that begins at `index`: "± 10 %", "(±5 cm)"."""
        at = index + (self.word(index) in ("(", ","))
        words = self._phrase(at, _TOLERANCES) if self.word(at) in ("±", "give", "plus") else 0
        number = numerals.read_number(self.tokens, at + words) if words else None
        if number is None:
            return index
        end = number.end + (self.word(number.end) == "%")
        if at > index or self._has_unit_before(index):
            end = self.unit_at(end)[1]
        return end + (self.word(index) == "(" and self.word(end) == ")")

    def _has_unit_before(self, index: int) -> bool:
        return value_at(self.tokens, index - 1) is None and self.word(index - 1) not in (
            numerals.CARDINALS
        )

    def _compound(self, first: Span) -> Span:
        """Add smaller units that follow: "5 ft 3 in", "1 m 20 cm", `6'2`, `5'-11"`, "1m50"."""
        span, smallest = first, first.unit
        while smallest in UNITS and UNITS[smallest].dimension == "length":
            at = span.end
            at += self.word(at) == "." and value_at(self.tokens, at - 1) is None
            at += self.word(at) == "," and smallest in IMPERIAL
            at += self.word(at) == "and"
            at += self.word(at) == "-" and smallest == "ft" and not self._in_feet(at + 1)
            part = self._amount(at)
            if part is None:
                return span
            unit = part.unit or self._unspoken(span, smallest, part, at)
            if unit not in UNITS or UNITS[unit].dimension != "length":
                return span
            size = UNITS[unit].si
            same_system = (unit in IMPERIAL) == (smallest in IMPERIAL)
            wholes = part.value * size / UNITS[smallest].si
            if not same_system or size >= UNITS[smallest].si or (wholes >= 1 and at > span.end):
                return span
            if wholes >= 2:  # "6 feet 70 inches" contradicts itself; "6 feet 13 inches" adds up
                return Span(math.nan, first.unit, first.start, part.end)
            total = span.value + part.value * size / UNITS[first.unit].si
            span, smallest = Span(total, first.unit, first.start, part.end), unit
        return span

    def _in_feet(self, index: int) -> bool:
        part = self._amount(index)
        return part is not None and part.unit == "ft"

    def _unspoken(self, span: Span, smallest: str, part: Span, at: int) -> str:
        """The unit left out after a larger one: inches in `6'2`, centimetres in "1m50"."""
        ended = not self.word(part.end).isalpha() or self.word(part.end) in AFTER_LENGTH
        adjacent = at == span.end or self.word(at - 1) == "-"
        if smallest == "ft" and adjacent and ended and part.alone and part.value < 12:
            return "in"
        two_digits = len(self.word(at)) == 2 and self.word(at).isdecimal()
        two_digits |= self.word(at) in numerals.CARDINALS and 10 <= part.value < 100
        return "cm" if smallest == "m" and at == span.end and two_digits and ended else ""

    def _ranged(self, first: Span) -> Span:
        """The midpoint of the range whose lower end is `first`, or `first` itself."""
        at = first.end
        word, begins = self.word(at), at + 1
        if word == "," and not first.unit:
            return self._interval(first)
        if word == "up" and self.word(begins) == "to":
            word, begins = "to", begins + 1
        if word in ("and", "but") and not self._between(first):
            bound = self._phrase(begins, _BOUNDS) if self._bounded(first) else 0
            begins, word = begins + bound, "to" if bound else ""
        if not (word in _TO or word == "and") or first.unit == OTHER:
            return first
        second = self._amount(begins + (self.word(begins) in _HEDGES))
        if second is None or second.unit == OTHER:
            return first
        if word == "-" and not first.unit and not second.unit and second.value <= first.value:
            return Span(math.nan, "", first.start, second.end, alone=False)  # A score, a telephone.
        second = self._compound(second) if second.unit else second
        unit = first.unit or second.unit
        if second.unit and UNITS[second.unit].dimension != UNITS[unit].dimension:
            return first
        if word == "or" and first.unit and second.unit not in ("", first.unit):
            return first
        if first.unit and not second.unit and word != "or":
            return first
        scale = UNITS[second.unit].si / UNITS[unit].si if second.unit else 1.0
        middle = (first.value + second.value * scale) / 2
        return Span(middle, unit, first.start, second.end)

    def _interval(self, first: Span) -> Span:
        """The midpoint of "[1, 2] m" where `first` is its lower end, or `first` itself."""
        second = self._amount(first.end + 1) if self.word(first.start - 1) == "[" else None
        if second is None or second.unit or self.word(second.end) != "]":
            return first
        unit, end = self.unit_at(second.end + 1)
        if not unit or second.value <= first.value:
            return first
        return Span((first.value + second.value) / 2, unit, first.start, end)

    def _bounded(self, span: Span) -> bool:
        """Whether a bound stands before a span: "at least 2 m"."""
        return any(self._phrase(span.start - words, _BOUNDS) == words for words in (1, 2))

    def _between(self, span: Span) -> bool:
        return "between" in (self.word(span.start - i) for i in (1, 2))

    def _signed(self, index: int) -> bool:
        """Whether the number at `index` has a minus sign: "-0.3", not "1-2", "by - 3"."""
        if self.word(index - 1) != "-" or value_at(self.tokens, index) is None:
            return False
        glued = self.tokens[index].glued and not self.tokens[index - 1].glued
        return glued and value_at(self.tokens, index - 2) is None


# Words that follow a whole length, where nothing of it is left to read.
AFTER_LENGTH = frozenset(
    "from to of away apart tall high wide long deep thick in and but between or at".split()
)
_AFTER_FOOT = AFTER_LENGTH - {"of", "in"}


def _foreign(word: str) -> str:
    """The unit that a word of a script without spaces begins with, or ""."""
    if not word or word[0] < "\u2e80":
        return ""
    ends = range(min(len(word), _LONGEST_UNIT), 0, -1)
    return next((SPELLINGS[word[:end]] for end in ends if word[:end] in SPELLINGS), "")


def _closing_quotes(tokens: Sequence[Token]) -> set[int]:
    """Indices of quotes that end a quotation, and so are no feet or inches."""
    closing: set[int] = set()
    opened = {"'": False, '"': False}
    for index, token in enumerate(tokens):
        if token.text not in opened:
            continue
        if opened[token.text]:
            closing.add(index)
            opened[token.text] = False
        elif value_at(tokens, index - 1) is None or not token.glued:
            opened[token.text] = not token.glued or not word_at(tokens, index - 1).isalpha()
    return closing


def _prefix_unit(reader: _Reader, span: Span, floor: int) -> str:
    """The unit that stands before a number: "distance (cm): 45", "in meters is 1.2"."""
    at = span.start - 1
    marked = False
    while at >= floor and span.start - at < 8 and reader.word(at) in _BEFORE_NUMBER:
        marked = marked or reader.word(at) in (":", "=", "|", "is", "≈", "are", ")", "]")
        at -= 1
    unit, end = reader.unit_at(at) if at >= floor and marked else ("", 0)
    if not unit or unit == OTHER or end > span.start:
        return ""
    bracketed = reader.word(at - 1) in ("(", "[") or reader.word(at + 1) in _AFTER_LABEL
    return unit if bracketed or reader.word(at - 1) in ("in", "unit", "units", "/") else ""


def declared_unit(tokens: Sequence[Token]) -> str:
    """The unit that a field of its own names, or "": "unit: cm", "distance unit cm"."""
    return next((unit for unit, _ in _declarations(_Reader(tokens))), "")


def _declarations(reader: _Reader) -> Iterator[tuple[str, int]]:
    """The units that fields of their own name, and the indices of these fields."""
    for index, token in enumerate(reader.tokens):
        if token.text in ("unit", "units"):
            at = index + 1
            while at < index + 6 and reader.word(at) in (":", "=", "is", '"', "'", "|", "of"):
                at += 1
            unit = reader.unit_at(at)[0]
            if unit and unit != OTHER:
                yield unit, index


def _with_declared(reader: _Reader, spans: list[Span]) -> list[Span]:
    """The spans, with the unit of a field of its own at the number beside it."""
    at = 0
    for unit, field in _declarations(reader):
        while at < len(spans) and spans[at].end <= field:
            at += 1
        for place, reach in ((at - 1, _BESIDE), (at, 2 * _BESIDE)):
            if not 0 <= place < len(spans):
                continue
            span = spans[place]
            apart = max(field - span.end, span.start - field)
            if not span.unit and span.alone and apart < reach:
                spans[place] = dataclasses.replace(span, unit=unit, declared=True)
                break
    return spans


def find_spans(tokens: Sequence[Token]) -> list[Span]:
    """Every number with its unit, in the order of the text."""
    reader = _Reader(tokens)
    found: list[Span] = []
    for span in reader.spans():
        floor = found[-1].end if found else 0
        unit = span.unit or _prefix_unit(reader, span, floor)
        found.append(dataclasses.replace(span, unit=unit))
    return _with_declared(reader, found)
