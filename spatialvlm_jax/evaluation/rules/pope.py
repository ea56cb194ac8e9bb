"""POPE's rule (Li et al., 2023; `evaluate.py` of the benchmark).

Of the reply's first sentence, without commas, the words between single spaces are looked at: "No",
"no" or "not" among them means no. Everything else means yes: an empty reply, "NO", "no!" and "I
cannot tell" as well.
"""

from collections.abc import Sequence

_NO = ("No", "no", "not")


def read_pope(reply: str) -> str:
    """ "yes" or "no"; never neither."""
    words = reply.partition(".")[0].replace(",", "").split(" ")
    return "no" if any(word in words for word in _NO) else "yes"


def pope_figures(said: Sequence[str | None], labels: Sequence[str]) -> dict[str, float]:
    """Accuracy, precision, recall, F1 of "yes", and the share of "yes" among all replies.

    What is neither counts as wrong and never as "yes". A figure without anything to divide by is 0.

    Args:
      said: "yes", "no" or None. labels: "no" is no, anything else is yes; as many.
    """
    pairs = [(each, label != "no") for each, label in zip(said, labels, strict=True)]
    hits = sum(each == "yes" and present for each, present in pairs)
    yes = sum(each == "yes" for each, _ in pairs)
    right = sum((each == "yes") == present for each, present in pairs if each in ("yes", "no"))
    precision = _share(hits, yes)
    recall = _share(hits, sum(present for _, present in pairs))
    return {
        "accuracy": _share(right, len(pairs)),
        "precision": precision,
        "recall": recall,
        "f1": _share(2 * precision * recall, precision + recall),
        "yes_share": _share(yes, len(pairs)),
    }


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
