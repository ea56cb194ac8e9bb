"""Numbers as people write them: digits, fractions, and English number words.

`tokenize` cuts a text into tokens; `read_number` reads one number from a place in them. What a
number measures is the business of `quantities.py`.
"""

import dataclasses
import re
import unicodedata
from collections.abc import Sequence


def listed(words: str) -> list[str]:
    """The words of a list written as text."""
    return words.split()


_UNITS_AND_TEENS = listed(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
)
_TENS = listed("twenty thirty forty fifty sixty seventy eighty ninety")
CARDINALS = {word: value for value, word in enumerate(_UNITS_AND_TEENS)} | {
    word: 10 * value for value, word in enumerate(_TENS, start=2)
}
_SCALES = {"hundred": 100, "thousand": 1_000, "million": 1_000_000, "dozen": 12}
_DENOMINATORS = {
    "half": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6, "eighth": 8,
    "tenth": 10, "sixteenth": 16, "hundredth": 100, "thousandth": 1_000,
}  # fmt: skip
DENOMINATORS = (
    _DENOMINATORS | {f"{word}s": value for word, value in _DENOMINATORS.items()} | {"halves": 2}
)
_PUNCTUATION = str.maketrans("′’‘″”“−–—‐‑⁄", "'''\"\"\"-----/")
_THIN_GROUP = re.compile(r"(?<=\d)[\u00a0\u2009\u202f](?=\d{3}(?!\d))")
_INNER_UNIT = re.compile(r"(?<=\d)(?!e\d)([a-z]+)(?=\d)")
_TOKEN = re.compile(
    r"(?P<thousands>[1-9][0-9]{0,2}(?:,[0-9]{3})+(?![0-9,])(?:\.[0-9]+)?)"
    r"|(?P<decimal>[0-9]+(?:[.,][0-9]+)?(?:e[+-]?[0-9]+)?|\.[0-9]+)"
    r"|(?P<word>[^\W\d_]\w*)"
    r"|(?P<symbol>\S)"
)


@dataclasses.dataclass(frozen=True)
class Token:
    """A number, word or symbol; `glued` when no space stands before it."""

    text: str
    value: float | None = None
    glued: bool = False


@dataclasses.dataclass(frozen=True)
class Number:
    """`value`, the index `end` of the token after it, and whether it can stand without a unit.

    "a", "one" and "half" alone are more often words than measurements, so they cannot.
    """

    value: float
    end: int
    alone: bool = True


def normalize(text: str) -> str:
    """Lower case, one spelling for digits, quotes, dashes and fractions, whatever the script."""
    text = _THIN_GROUP.sub("", text).translate(_PUNCTUATION)
    pieces = []
    for character in text:
        if unicodedata.category(character) == "Nd":
            pieces.append(str(unicodedata.decimal(character)))
        elif unicodedata.decomposition(character).startswith("<fraction>"):
            pieces.append(" " + unicodedata.normalize("NFKC", character).replace("⁄", "/") + " ")
        else:
            pieces.append(unicodedata.normalize("NFKC", character))
    text = "".join(pieces).lower().replace("+/-", "±").replace("+-", "±")
    return _INNER_UNIT.sub(r" \1 ", text)


def tokenize(text: str) -> list[Token]:
    """Tokens of `text`. A comma groups thousands ("1,200") or marks decimals ("1,5")."""
    text = normalize(text)
    tokens = []
    for match in _TOKEN.finditer(text):
        glued = match.start() > 0 and not text[match.start() - 1].isspace()
        value = None
        if match["thousands"]:
            value = float(match["thousands"].replace(",", ""))
        elif match["decimal"]:
            value = float(match["decimal"].replace(",", "."))
        tokens.append(Token(match[0], value, glued))
    return tokens


def word_at(tokens: Sequence[Token], index: int) -> str:
    """Text of the token at `index`, or "" beyond the end."""
    return tokens[index].text if 0 <= index < len(tokens) else ""


def value_at(tokens: Sequence[Token], index: int) -> float | None:
    """Value of the number token at `index`, or None."""
    return tokens[index].value if 0 <= index < len(tokens) else None


def _slash(tokens: Sequence[Token], index: int) -> Number | None:
    """A fraction in digits at `index`: "3/4"."""
    above, below = value_at(tokens, index), value_at(tokens, index + 2)
    if above is None or not below or word_at(tokens, index + 1) != "/":
        return None
    return Number(above / below, index + 3)


def _cardinal(tokens: Sequence[Token], index: int) -> Number | None:
    """Whole number in words at `index`: "two hundred and five", "twenty-five", "a dozen"."""
    start, total, current = index, 0, 0
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
    while CARDINALS.get(word_at(tokens, index), 10) < 10:
        digits += str(CARDINALS[word_at(tokens, index)])
        index += 1
    value = value_at(tokens, index)
    if not digits and value is not None and value == int(value):
        return str(int(value)), index + 1
    return digits, index


def _fraction(tokens: Sequence[Token], index: int) -> Number | None:
    """A fraction at `index`: "3/4", "half", "a half", "three quarters"."""
    slash = _slash(tokens, index)
    if slash:
        return slash
    if word_at(tokens, index) in ("half", "quarter"):
        return Number(1 / DENOMINATORS[word_at(tokens, index)], index + 1, alone=False)
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
    return Number(value * scale, index + 2) if scale else Number(value, index + 1)


def read_number(tokens: Sequence[Token], index: int) -> Number | None:
    """The number that starts at `index`: "1.2", "2 1/2", "two and a half", "half", "a couple"."""
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
    if part and part.value < 1 and whole.value == int(whole.value):
        return Number(whole.value + part.value, part.end)
    return whole
