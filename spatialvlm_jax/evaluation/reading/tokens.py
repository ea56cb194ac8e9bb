"""Numbers, words and signs of a plain text, with numbers in every convention of writing them.

A comma, a space, an apostrophe or several points group thousands ("1,200", "1 200", "1'200",
"1.234.567"); otherwise a comma or a point starts the decimals. "1,200" is grouped, "0,125" and
"1.200" are not. What has digits but is no number (dates, versions, lists) has no value.
"""

import dataclasses
import re
from collections.abc import Sequence

from spatialvlm_jax.evaluation.reading.plain import plain

# Longer ones are no measurement, and bounded patterns keep reading linear.
_LONGEST = 40
_GROUPS = "{1,6}"
_TOKEN = re.compile(
    rf"(?P<comma>[1-9]\d{{0,2}}(?:,\d{{3}}){_GROUPS}(?:\.\d++)?(?!,?\d)"
    rf"|[1-9]\d?(?:,\d{{2}}){_GROUPS},\d{{3}}(?:\.\d++)?(?!,?\d))"
    rf"|(?P<point>[1-9]\d{{0,2}}(?:(?:\.\d{{3}}){_GROUPS},\d++|(?:\.\d{{3}}){{2,6}})(?![.,]?\d))"
    rf"|(?P<other>[1-9]\d{{0,2}}(?:(?: \d{{3}}){_GROUPS}|(?:'\d{{3}}){_GROUPS})(?:[.,]\d++)?"
    r"(?![.,]?\d| \d{1,40}(?![\d/])))"
    r"|(?P<thing>\d++(?:\.\d++){2,40}|\d++(?:,\d++){2,40}|\d{1,9}:\d{1,9}(?::\d{1,9})?(?!\d)"
    r"|\d{4}-\d{2}-\d{2}(?!\d)|\d{1,2}/\d{1,2}/\d{2,4}(?!\d)"
    r"|\d{1,40} ?/ ?0{1,40}(?![\d.,]))"
    r"|(?P<number>\d++(?:[.,]\d++)?(?:e[+-]?\d++)?|\.\d++)"
    r"|(?P<word>[^\W\d_]+(?:'[^\W\d_]+)*)"
    r"|(?P<sign>\n|\S)",
    re.IGNORECASE,
)


@dataclasses.dataclass(frozen=True)
class Token:
    """A number, word or sign, in lower case.

    value: of a number. glued: no space stands before it. capital: it was written with a capital.
    thing: it has digits but is no number.
    """

    text: str
    value: float | None = None
    glued: bool = False
    capital: bool = False
    thing: bool = False


def tokenize(text: str) -> list[Token]:
    """Tokens of any text, which is made plain first."""
    text = plain(text)
    tokens = []
    for match in _TOKEN.finditer(text):
        start = match.start()
        glued = start > 0 and not text[start - 1].isspace()
        said, kind = match[0], match.lastgroup
        value = None if kind in ("word", "sign", "thing") else _value(said, kind)
        tokens.append(Token(said.lower(), value, glued, said[0].isupper(), kind == "thing"))
    return tokens


def _value(digits: str, kind: str | None) -> float | None:
    if len(digits) > _LONGEST:
        return None
    if kind == "comma":
        return float(digits.replace(",", ""))
    if kind == "point":
        return float(digits.replace(".", "").replace(",", "."))
    return float(digits.replace(" ", "").replace("'", "").replace(",", "."))


def word_at(tokens: Sequence[Token], index: int) -> str:
    """Text of the token at `index`, or "" beyond the ends."""
    return tokens[index].text if 0 <= index < len(tokens) else ""


def value_at(tokens: Sequence[Token], index: int) -> float | None:
    """Value of the number token at `index`, or None."""
    return tokens[index].value if 0 <= index < len(tokens) else None


def glued_at(tokens: Sequence[Token], index: int) -> bool:
    """Whether there is a token at `index`, and no space before it."""
    return 0 <= index < len(tokens) and tokens[index].glued
