"""Which way a sentence decides: yes or no, one of several phrases, a count.

Yes and no: a sentence that opens with one of them is read by its first word ("No, there is no
lamp"); otherwise the last such word decides ("left, so yes"). A sentence with neither decides
nothing; it is not guessed from the relation that it states.

Phrases: the one mentioned first decides ("the mug is taller than the lamp" chooses the mug); of
phrases that overlap the longest counts. Articles, case and punctuation do not matter.
"""

import re
from collections.abc import Collection, Sequence

from spatialvlm_jax.evaluation import numerals, quantities

_POLARITY = dict.fromkeys(("yes", "yeah", "yep", "correct", "true", "indeed"), "yes") | (
    dict.fromkeys(("no", "nope", "incorrect", "false"), "no")
)
_ARTICLES = frozenset(("a", "an", "the"))
_JOINTS = frozenset(("or", "and", "versus", "vs"))
_COUNTS = {"no": 0, "none": 0, "nothing": 0, "single": 1, "pair": 2, "couple": 2}


def words_of(text: str, *, articles: bool = False) -> list[str]:
    """Normalised words of `text`, punctuation and (unless asked for) articles left out."""
    words = re.findall(r"\w+", numerals.normalize(text))
    return words if articles else [word for word in words if word not in _ARTICLES]


def read_yes_no(text: str) -> str | None:
    """ "yes", "no", or None where `text` says neither."""
    words = words_of(text)
    decisive = [_POLARITY[word] for word in words if word in _POLARITY]
    if not decisive:
        return None
    return decisive[0] if words[0] in _POLARITY else decisive[-1]


def read_count(text: str) -> int | None:
    """The first number in `text`, or what "none", "no", "a single", "a pair" say; or None."""
    number = quantities.find_count(text)
    if number is None:
        return next((_COUNTS[word] for word in words_of(text) if word in _COUNTS), None)
    return int(number) if number == int(number) else None


def find_phrase(words: Sequence[str], phrase: Sequence[str]) -> int | None:
    """Index of the first occurrence of `phrase` in `words`, or None."""
    for start in range(len(words) - len(phrase) + 1):
        if phrase and list(words[start : start + len(phrase)]) == list(phrase):
            return start
    return None


def read_phrase(text: str, candidates: Collection[str]) -> str | None:
    """The candidate that `text` mentions first, the longest where several start there; or None."""
    words = words_of(text)
    found = []
    for candidate in candidates:
        phrase = words_of(candidate)
        start = find_phrase(words, phrase)
        if start is not None:
            found.append((start, -len(phrase), candidate))
    return min(found)[2] if found else None


def choices_of(question: str, verdict: str) -> tuple[str, str] | None:
    """The two alternatives of a question, in its order, given that `verdict` is one of them.

    "Which is taller, the red mug or the blue lamp?" with "blue lamp" gives ("red mug", "blue
    lamp"). None where `verdict` is no alternative that the question names. Captions are taken to
    start after an article, or at the sign of punctuation before them.
    """
    for clause in re.split(r"[,;:.?!()]", numerals.normalize(question)):
        words = words_of(clause, articles=True)
        phrase = words_of(verdict)
        start = find_phrase(words, phrase)
        if start is None:
            continue
        end = start + len(phrase)
        if end < len(words) and words[end] in _JOINTS:
            other = words_of(" ".join(words[end + 1 :]))
            return (verdict, " ".join(_caption(other))) if other else None
        before = start - 1 - (words[start - 1] in _ARTICLES if start else 0)
        if before > 0 and words[before] in _JOINTS:
            articles = [i for i in range(before) if words[i] in _ARTICLES]
            first = words[articles[-1] + 1 : before] if articles else words[:before]
            return " ".join(first), verdict
    return None


def _caption(words: Sequence[str]) -> Sequence[str]:
    """The words before the first that cannot belong to a caption."""
    stops = frozenset("is are was stands sits which that has appears looks in on from to".split())
    end = next((i for i, word in enumerate(words) if word in stops), len(words))
    return words[:end]
