"""What else an answer could have said, in the same words: other quantities, the other verdict."""

import dataclasses
import functools
import re

from spatialvlm_jax.evaluation.reading import verdicts
from spatialvlm_jax.generation.wording.qualitative import OPPOSITES, RELATION_WORDS
from spatialvlm_jax.generation.wording.spoken_values import RANGES, SpokenValues, spoken_values
from spatialvlm_jax.units import DIMENSIONS, SINGULAR, units_beside

_MEASURE = re.compile(
    r"\d+(?:\.\d+)? (?:{})(?![\w²³])".format(
        "|".join(
            re.escape(name)
            for name in sorted({*DIMENSIONS, *SINGULAR.values()}, key=len, reverse=True)
        )
    )
)
_VERDICT = re.compile(r"\b(?:yes|no)\b", re.IGNORECASE)
_CONCLUDED = re.compile(r"(?:.*, so |)(?:it is |the answer is |)(?:the |)(.+?)\.?", re.IGNORECASE)
# Words of a relation -> those of its opposite: alone, and before the object that they relate to.
_ALONE, _BEFORE = (
    {
        words[form]: RELATION_WORDS[OPPOSITES[relation]][form]
        for relation, words in RELATION_WORDS.items()
    }
    for form in (0, 1)
)
_NO_REASON = frozenset("the it is answer".split())
_RELATION = re.compile(
    r"\b(?:{})\b".format("|".join(sorted(map(re.escape, _ALONE | _BEFORE), key=len, reverse=True)))
)


def other_values(text: str, unit: str) -> SpokenValues | None:
    """All quantities that an answer could have stated in place of its own.

    Args:
      text: an answer such as "About 0.20 m.".
      unit: that it speaks, a key of `units.SI`. Those that people take for other sizes of the same
        thing (metres and centimetres) are said, too.

    Returns:
      None where it states no quantity or several, or one that is not spaced in ratio (an angle).
    """
    stated = list(_MEASURE.finditer(text))
    if len(stated) != 1 or DIMENSIONS[unit] not in RANGES:
        return None
    return _worded(text[: stated[0].start()], text[stated[0].end() :], units_beside(unit))


@functools.lru_cache(maxsize=256)
def _worded(before: str, after: str, units: tuple[str, ...]) -> SpokenValues:
    """One for each wording, as trees of answers are kept by their texts."""
    spoken = spoken_values(units)
    texts = tuple(f"{before}{said}{after}" for said in spoken.texts)
    return dataclasses.replace(spoken, texts=texts)


def other_verdict(question: str, text: str) -> tuple[str, str, str] | None:
    """A choice of two that an answer makes, and the answer that makes the other one.

    A reason that states a relation is turned round with it: "behind, so no" becomes "in front, so
    yes".

    Returns:
      Its verdict ("yes", "no", or which of the two that the question names), the other one, and
      the text that states it. The text is "" where it could only contradict its reason. None where
      no such choice is made.
    """
    verdict = verdicts.read_yes_no(text)
    said = list(_VERDICT.finditer(text))
    if verdict is not None:
        other = "no" if verdict == "yes" else "yes"
        if not said or said[-1][0].lower() != verdict:
            return verdict, other, ""
        return verdict, other, _turned(text, *said[-1].span(), _cased(other, said[-1][0]))
    concluded = _CONCLUDED.fullmatch(text.strip())
    pair = verdicts.choices_of(question, concluded[1]) if concluded else None
    if concluded is None or pair is None:
        return None
    other = pair[1] if pair[0].lower() == concluded[1].lower() else pair[0]
    start, end = concluded.span(1)
    return concluded[1], other, _turned(text.strip(), start, end, other)


def _turned(text: str, start: int, end: int, other: str) -> str:
    """The text with `other` in the place of its verdict, and the reason before it turned round."""
    reason, behind = text[:start], text[end:]
    if behind.strip(" .!"):
        return ""
    turned, relations = _RELATION.subn(_opposite, reason)
    is_bare = _NO_REASON.issuperset(reason.lower().split())
    return f"{turned}{other}{behind}" if relations == 1 or is_bare else ""


def _opposite(match: re.Match[str]) -> str:
    is_before = match.string[match.end() :].startswith(" ")
    words = _ALONE | _BEFORE if is_before else _BEFORE | _ALONE
    return words[match[0]]


def _cased(word: str, like: str) -> str:
    return word.capitalize() if like[:1].isupper() else word
