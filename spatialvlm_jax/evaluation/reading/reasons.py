"""Answers that state a reason and conclude from it: "left, so the red mug"."""

import re
from collections.abc import Collection, Sequence

from spatialvlm_jax.evaluation.reading.plain import plain_lowercase
from spatialvlm_jax.evaluation.reading.verdicts import (
    find_phrase,
    read_count,
    read_phrase,
    relation_of,
    words_of,
)

_CONCLUDES = re.compile(
    r"(?:^|[,.;:!?\n]) {0,3}(?:and )?"
    r"(?:so(?! to speak| far| that| as| much| many)|therefore|thus|hence)\b"
)


def _parts(text: str) -> tuple[str, str]:
    """What stands before and after the last word that concludes; all of it before where none."""
    plain = plain_lowercase(text)
    marks = list(_CONCLUDES.finditer(plain))
    return (plain[: marks[-1].start()], plain[marks[-1].end() :]) if marks else (plain, "")


def read_choice(text: str, choices: Collection[str]) -> str | None:
    """The choice that `text` concludes with, else the one that it mentions first; or None."""
    return read_phrase(_parts(text)[1], choices) or read_phrase(text, choices)


def read_concluded_count(text: str) -> int | None:
    """The count that `text` concludes with ("none in view, so 0"), else the one it gives."""
    concluded = read_count(_parts(text)[1])
    return read_count(text) if concluded is None else concluded


def contradicts_choice(prediction: str, truth: str, choices: Sequence[str]) -> bool:
    """Whether a prediction's reason is the opposite of the true answer's.

    Args:
      prediction, truth: answers; one without a reason before its conclusion contradicts nothing.
      choices: the two alternatives, in the question's order. A reason that names neither is about
        the first ("left, so the red mug").
    """
    true, stated = (_stated(text, choices) for text in (truth, prediction))
    return true is not None and stated is not None and stated == (true[0], -true[1])


def _stated(text: str, choices: Sequence[str]) -> tuple[str, int] | None:
    """How the first choice stands to the second, as the reason before a conclusion says."""
    reason, conclusion = _parts(text)
    if not conclusion:
        return None
    words = words_of(reason)
    named: list[tuple[int, int]] = []
    for phrase in sorted(choices, key=len, reverse=True):
        place = find_phrase(words, words_of(phrase))
        if place is not None:
            size = len(words_of(phrase))
            words[place : place + size] = [""] * size
            named.append((place, choices.index(phrase)))
    found = relation_of(words)
    if found is None:
        return None
    at, axis, sign = found
    before = [which for place, which in sorted(named) if place < at]
    after = [which for place, which in sorted(named) if place > at]
    subject = before[-1] if before else 1 - after[0] if after else 0
    return axis, sign if subject == 0 else -sign
