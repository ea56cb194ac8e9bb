"""Strings of any kind, up to 100,000 characters, that no reader may break on."""

import random
from collections.abc import Iterator

from benchmarks.worded import worded_answers

LONGEST = 100_000
# One string in `EACH` may be as long as that, log-uniformly; the others up to `USUAL`.
USUAL, EACH = 2_000, 12
_ALPHABETS = (
    "0123456789.,'\" -/mcft", "()[]{}<>*_`#|$\\:;=~±^", "abcdefghijklmnopqrstuvwxyz ",
    "½²³⁻¹′″µ１２٣٫٬　センチ米\u0301\u0327\u200d\ufdfa\ud800",
)  # fmt: skip
_PIECES = (
    "\\frac{", "\\boxed{", "<b>", "</think>", '{"a":', "1,200", "1 200", "5'", "between ", " and ",
    "a ", "one ", "hundred ", "thousand ", "1e999", "not ", "so ", " m", "&amp;", "&#99999999999;",
    "\n1. ", "```", "'", '"', "- ", "((", "± ", "12:30", "1.", "1,", "no ", "of ", "point ", "~~",
)  # fmt: skip


def fuzzed_strings(number: int, seed: int) -> Iterator[str]:
    """`number` strings: random characters, repeated pieces, mixed pieces, mutated answers."""
    draw = random.Random(seed)
    answers = [answer.text for answer in worded_answers(1000, seed)]
    for index in range(number):
        length = int((USUAL if index % EACH else LONGEST) ** draw.random())
        kind = draw.randrange(5)
        if kind == 0:
            text = "".join(map(chr, (draw.randrange(0x110000) for _ in range(min(length, 5000)))))
        elif kind == 1:
            alphabet = "".join(draw.sample(_ALPHABETS, draw.randint(1, 3)))
            text = "".join(draw.choices(alphabet, k=length))
        elif kind == 2:
            pieces = draw.sample(_PIECES, draw.randint(1, 3))
            text = "".join(pieces) * (length // sum(map(len, pieces)) + 1)
        elif kind == 3:
            text = "".join(draw.choices(_PIECES, k=length // 4 + 1))
        else:
            text = _mutated(draw, draw.choice(answers))
        yield text[:LONGEST]


def _mutated(draw: random.Random, text: str) -> str:
    """An answer with a few characters taken out, doubled, exchanged or put in."""
    characters = list(text)
    for _ in range(draw.randint(1, 8)):
        at = draw.randrange(len(characters) + 1)
        new = draw.choice(draw.choice(_ALPHABETS))
        characters[at : at + draw.randint(0, 3)] = draw.choice(["", new, new * 3])
    return "".join(characters)
