"""Numbers of several tokens: digits, fractions, powers of ten, and English number words.

`read_number` reads one number from a place among tokens. What it measures is not its business.
"""

import dataclasses
from collections.abc import Sequence

from spatialvlm_jax.evaluation.reading.tokens import Token, tokenize, value_at, word_at

__all__ = ["Number", "Token", "read_number", "tokenize", "value_at", "word_at"]

_UNITS_AND_TEENS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
CARDINALS = {word: value for value, word in enumerate(_UNITS_AND_TEENS)} | {
    word: 10 * value for value, word in enumerate(_TENS, start=2)
}
_SCALES = {"hundred": 100.0, "thousand": 1e3, "million": 1e6, "dozen": 12.0}
_DENOMINATORS = {
    "half": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6, "eighth": 8,
    "tenth": 10, "sixteenth": 16, "hundredth": 100, "thousandth": 1_000,
}  # fmt: skip
DENOMINATORS = (
    _DENOMINATORS | {f"{word}s": value for word, value in _DENOMINATORS.items()} | {"halves": 2}
)

# Words that a number can begin with, beside digits.
OPENS = frozenset(CARDINALS) | {"a", "an", "half", "quarter", "point"}


@dataclasses.dataclass(frozen=True)
class Number:
    """`value`, the index `end` of the token after it, and whether it can stand without a unit.

    "a", "one" and "half" alone are more often words than measurements, so they cannot.
    """

    value: float
    end: int
    alone: bool = True


def _slash(tokens: Sequence[Token], index: int) -> Number | None:
    """A fraction in digits at `index`: "3/4"."""
    above, below = value_at(tokens, index), value_at(tokens, index + 2)
    if above is None or not below or word_at(tokens, index + 1) != "/":
        return None
    return Number(above / below, index + 3, alone=above < below)


def _cardinal(tokens: Sequence[Token], index: int) -> Number | None:
    """Whole number in words at `index`: "two hundred and five", "twenty-five", "a dozen"."""
    start, total, current = index, 0.0, 0.0
    read = False
    if word_at(tokens, index) in ("a", "an") and word_at(tokens, index + 1) in _SCALES:
        index, current, read = index + 1, 1, True
    while True:
        hyphen = read and word_at(tokens, index) == "-"
        joint = word_at(tokens, index) == "and" and word_at(tokens, index - 1) in _SCALES
        at = index + (hyphen or joint)
        word = word_at(tokens, at)
        if word in CARDINALS:
            small = CARDINALS[word]
            room = current % 100 == 0 if small >= 10 else current % 10 == 0 and current % 100 != 10
            if read and (not room or small == 0):
                break
            current += small
        elif word in _SCALES and read and at == index:
            current *= _SCALES[word]
            if word == "thousand" or word == "million":
                total, current = total + current, 0
        else:
            break
        index, read = at + 1, True
    if not read:
        return None
    return Number(total + current, index, alone=not (index == start + 1 and total + current == 1))


def _decimals(tokens: Sequence[Token], index: int) -> tuple[str, int]:
    """Digits after a spoken point at `index` ("point two five" -> "25") and where they end."""
    digits = ""
    while CARDINALS.get(word_at(tokens, index), 10) < 10 and len(digits) < 20:
        digits += str(CARDINALS[word_at(tokens, index)])
        index += 1
    if not digits and value_at(tokens, index) is not None and word_at(tokens, index).isdecimal():
        return word_at(tokens, index), index + 1
    return digits, index


def _fraction(tokens: Sequence[Token], index: int) -> Number | None:
    """A fraction at `index`: "3/4", "half", "a half", "three quarters"."""
    slash = _slash(tokens, index)
    if slash:
        return slash
    if word_at(tokens, index) in ("half", "quarter"):
        part = 1 / DENOMINATORS[word_at(tokens, index)]
        scale = _SCALES.get(word_at(tokens, index + 2))
        if scale and word_at(tokens, index + 1) in ("a", "an"):
            return Number(part * scale, index + 3)
        return Number(part, index + 1, alone=False)
    above: Number | None
    if word_at(tokens, index) in ("a", "an"):
        above = Number(1, index + 1)
    else:
        above = _whole(tokens, index)
    if above is None:
        return None
    below = above.end + (word_at(tokens, above.end) == "-")
    if word_at(tokens, below) not in DENOMINATORS:
        return None
    return Number(above.value / DENOMINATORS[word_at(tokens, below)], below + 1, alone=False)


def _whole(tokens: Sequence[Token], index: int) -> Number | None:
    """A number without fraction part at `index`, in digits or words."""
    value = value_at(tokens, index)
    if value is None:
        return _cardinal(tokens, index)
    scale = _SCALES.get(word_at(tokens, index + 1))
    if scale:
        return Number(value * scale, index + 2)
    power = _power_of_ten(tokens, index)
    if power:
        return power
    times = word_at(tokens, index + 1) in ("×", "x")
    power = _power_of_ten(tokens, index + 2) if times else None
    return Number(value * power.value, power.end) if power else Number(value, index + 1)


def _power_of_ten(tokens: Sequence[Token], index: int) -> Number | None:
    """ "10^-2" at `index`."""
    if value_at(tokens, index) != 10 or word_at(tokens, index + 1) != "^":
        return None
    minus = word_at(tokens, index + 2) == "-"
    exponent = value_at(tokens, index + 2 + minus)
    if exponent is None or exponent > 99 or exponent % 1:
        return None
    return Number(10.0 ** (-exponent if minus else exponent), index + 3 + minus)


def read_number(tokens: Sequence[Token], index: int) -> Number | None:
    """The number that starts at `index`: "1.2", "2 1/2", "two and a half", "half", "a couple"."""
    if value_at(tokens, index) is None and word_at(tokens, index) not in OPENS:
        return None
    fraction = _fraction(tokens, index)
    if fraction:
        return fraction
    if word_at(tokens, index) == "a" and word_at(tokens, index + 1) == "couple":
        return Number(2, index + 2, alone=False)
    whole = _whole(tokens, index)
    if word_at(tokens, whole.end if whole else index) == "point":
        digits, end = _decimals(tokens, (whole.end if whole else index) + 1)
        if digits:
            return Number((whole.value if whole else 0) + float(f"0.{digits}"), end)
    if whole is None:
        return None
    joint = whole.end + (word_at(tokens, whole.end) in ("and", "-"))
    part = _slash(tokens, joint) if joint == whole.end + 1 else _slash(tokens, whole.end)
    if part is None and word_at(tokens, whole.end) == "and":
        part = _fraction(tokens, whole.end + 1)
    if part and part.value < 1 and whole.value % 1 == 0:
        return Number(whole.value + part.value, part.end)
    return whole
