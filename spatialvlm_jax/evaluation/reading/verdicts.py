"""Which way a sentence decides: one of several phrases, directions, a count (and `polarity`).

A yes or no that comes with the opposite of the true relation ("The mug is to the right of the
lamp, so yes" where it is to the left) is a contradiction; `contradicts` finds it.

Directions ("to the left of and behind"): the set of direction words counts, not their order.

Phrases: the one mentioned first decides ("the mug is taller than the lamp" chooses the mug); of
phrases that overlap the longest counts. Articles, case and punctuation do not matter.
"""

import itertools
import re
from collections.abc import Collection, Sequence

from spatialvlm_jax.evaluation.reading import lengths
from spatialvlm_jax.evaluation.reading.plain import plain_lowercase
from spatialvlm_jax.evaluation.reading.polarity import read_yes_no

__all__ = [
    "choices_of",
    "contradicts",
    "find_phrase",
    "is_direction",
    "read_count",
    "read_directions",
    "read_phrase",
    "read_yes_no",
    "relation_of",
    "words_of",
]

_DIRECTIONS = frozenset(("left", "right", "front", "behind", "above", "below"))
_DIRECTION_JOINTS = frozenset(("in", "of", "to", "and", "on"))
_RELATIONS: dict[str, tuple[str, int]] = {
    word: (axis, sign)
    for axis, sides in {
        "side": ("left", "right"),
        "depth": ("front", "behind"),
        "level": ("above higher over", "below lower under"),
        "nearness": ("nearer closer", "farther further"),
        "tallness": ("taller", "shorter"),
        "wideness": ("wider", "narrower"),
        "bigness": ("bigger larger", "smaller"),
        "contact": ("touching", "apart"),
        "equality": ("equal equally", "different"),
    }.items()
    for sign, words in zip((1, -1), sides, strict=True)
    for word in words.split()
}
_SYMMETRIC = frozenset(("contact", "equality"))
_SUBJECT = re.compile(r"\b(?:is|are|does|do|that) (?:the|an?) ([\w\s-]+)")
_ARTICLES = frozenset(("a", "an", "the"))
_JOINTS = frozenset(("or", "and", "versus", "vs"))
_NOT_IN_CAPTIONS = frozenset(
    (
        "is are was stand stands sit sits lie lies come which that has have appear look in on of "
        "from to at as placed positioned than take"
    ).split()
)
_COUNTS = {
    "no": 0,
    "none": 0,
    "nothing": 0,
    "nobody": 0,
    "nil": 0,
    "any": 0,
    "single": 1,
    "pair": 2,
    "couple": 2,
}
# After "no", these count nothing: "no idea", "no way to tell".
_NOT_COUNTED = frozenset("idea clue way information means doubt question answer".split())
_NOT_ONE = (("not", "one"), ("not", "single"))  # "not a single one"
_NEITHER = frozenset("not aren isn don t".split())


def words_of(text: str, *, articles: bool = False) -> list[str]:
    """Normalised words of `text`, punctuation and (unless asked for) articles left out."""
    words = re.findall(r"\w+", plain_lowercase(text))
    return words if articles else [word for word in words if word not in _ARTICLES]


def read_count(text: str) -> int | None:
    """The number of things in `text`, or what "none", "no", "a single", "a pair" say; or None."""
    words = words_of(text)
    number = lengths.find_count(text)
    if number == 1 and any(pair in _NOT_ONE for pair in itertools.pairwise(words)):
        return 0
    if number is None or words[:1] == ["none"]:
        return next(
            (_COUNTS[word] for at, word in enumerate(words) if _counts_by_word(words, at)), None
        )
    return int(number) if number == int(number) else None


def _counts_by_word(words: Sequence[str], at: int) -> bool:
    following = words[at + 1] if at + 1 < len(words) else ""
    if words[at] == "any":
        return not _NEITHER.isdisjoint(words[max(0, at - 2) : at])
    return words[at] in _COUNTS and not (words[at] == "no" and following in _NOT_COUNTED)


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
    for clause in re.split(r"[,;:.?!()]", plain_lowercase(question)):
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
    for end, word in enumerate(words):
        if word in _NOT_IN_CAPTIONS or word in _RELATIONS:
            return words[:end]
    return words


def read_directions(text: str) -> frozenset[str]:
    """The direction words in `text`: {"left", "behind"} for "to the left of and behind it"."""
    return _DIRECTIONS.intersection(words_of(text))


def is_direction(verdict: str) -> bool:
    """Whether a verdict consists of direction words, as "left and behind" does."""
    words = words_of(verdict)
    return bool(read_directions(verdict)) and all(
        word in _DIRECTIONS or word in _DIRECTION_JOINTS for word in words
    )


def contradicts(prediction: str, truth: str, question: str) -> bool:
    """Whether a prediction states the opposite of the relation that the true answer states.

    Both are read as being about the subject of the question ("is the mug left of ..."). A
    sentence that turns subject and object round ("the lamp is to the right of the mug") is
    turned back; "not" reverses. Answers that state no relation contradict nothing.
    """
    true = next((_RELATIONS[word] for word in words_of(truth) if word in _RELATIONS), None)
    words = words_of(prediction)
    if true is None:
        return False
    axis, sign = true
    found = relation_of(words, axis)
    if found is None:
        return False
    at, _, stated = found
    if axis not in _SYMMETRIC and _is_object(question, words, at):
        stated = -stated
    return stated != sign


def relation_of(words: Sequence[str], axis: str = "") -> tuple[int, str, int] | None:
    """The first relation in `words`, or the first of an axis: its place, axis and sign; or None.

    Words of one axis are opposites where their signs differ; "not" before one turns it.
    """
    for at, word in enumerate(words):
        own, sign = _RELATIONS.get(word, ("", 0))
        if own and axis in ("", own):
            denied = {"not", "isn", "doesn"} & set(words[max(0, at - 4) : at])
            return at, own, -sign if denied else sign
    return None


def _is_object(question: str, words: Sequence[str], at: int) -> bool:
    """Whether the question's subject is named only after the relation at `at` of `words`."""
    match = _SUBJECT.search(plain_lowercase(question))
    subject = _caption(words_of(match[1])) if match else ()
    return find_phrase(words[at:], subject) is not None and find_phrase(words[:at], subject) is None
