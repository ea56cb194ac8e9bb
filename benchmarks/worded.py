"""Answers as models word them, each with the value that it says: what a reader is measured by.

Nothing here is taken from the reader: numbers, units and sentences are written on their own.
"""

import dataclasses
import random
from collections.abc import Callable
from typing import Literal

from benchmarks import worded_lengths as w
from benchmarks import worded_words as words

Asked = Literal["length", "yes_no", "count"]


@dataclasses.dataclass(frozen=True)
class Worded:
    """An answer: its kind, what was asked for, and what it says (metres, a count, yes or no)."""

    kind: str
    asked: Asked
    text: str
    value: float | int | str | None


LENGTHS: dict[str, Callable[[w.Writer], tuple[str, float | None]]] = {
    function.__name__: function
    for function in (
        w.plain, w.markup, w.latex, w.unit_first, w.json_field, w.feet_and_inches,
        w.metres_and_centimetres, w.grouped, w.scripts, w.ranges, w.tolerances, w.in_words,
        w.two_units, w.concluded, w.negated, words.refused, w.bare,
    )
}  # fmt: skip
KINDS = (*LENGTHS, "yes_no", "count")


def worded_answers(number: int, seed: int) -> list[Worded]:
    """`number` answers, as many of each kind; the same for the same seed."""
    writer = w.Writer(random.Random(seed))
    answers = []
    for index in range(number):
        kind = KINDS[index % len(KINDS)]
        if kind == "yes_no":
            answers.append(Worded(kind, "yes_no", *words.yes_no(writer)))
        elif kind == "count":
            answers.append(Worded(kind, "count", *words.count(writer)))
        else:
            answers.append(Worded(kind, "length", *LENGTHS[kind](writer)))
    return answers
