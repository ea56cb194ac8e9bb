"""Average normalized Levenshtein similarity (Biten et al., 2019, "Scene text VQA", section 5)."""

from collections.abc import Sequence

_THRESHOLD = 0.5


def anls(reply: str, answers: Sequence[str], threshold: float = _THRESHOLD) -> float:
    """The best likeness to an answer, 0 to 1; 0 where half of the longer text or more differs.

    Case and white space at the ends and between words do not count.

    Args:
      answers: not empty.
    """
    return max(_likeness(_plain(reply), _plain(answer), threshold) for answer in set(answers))


def _plain(text: str) -> str:
    return " ".join(text.lower().split())


def _likeness(reply: str, answer: str, threshold: float) -> float:
    longer = max(len(reply), len(answer))
    if not longer:
        return 1.0
    # A reply that is much longer than the answer needs no comparing, however long it is.
    if abs(len(reply) - len(answer)) >= threshold * longer:
        return 0.0
    differs = _edit_distance(reply, answer) / longer
    return 1 - differs if differs < threshold else 0.0


def _edit_distance(first: str, second: str) -> int:
    """How many characters to add, take away or change (Levenshtein, 1966)."""
    row = list(range(len(second) + 1))
    for place, character in enumerate(first, 1):
        diagonal, row[0] = row[0], place
        for column, other in enumerate(second, 1):
            changed = diagonal + (character != other)
            diagonal, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, changed)
    return row[-1]
