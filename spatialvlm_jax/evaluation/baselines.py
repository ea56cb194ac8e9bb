"""The strongest answers that look at no picture: one constant per question type.

The constants are chosen on the evaluation's own truth, so they are upper bounds of what a model
that ignores the image and the objects' names can reach.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

from spatialvlm_jax.evaluation import metrics, vqa_accuracy


def best_length(true: np.ndarray, bounds: tuple[float, float]) -> tuple[float, int]:
    """The constant c that lies in `bounds` times t for most t of true float[N], and its hits.

    Every t is hit by the c of one interval, so the best c is where most intervals overlap; some
    right end point always is such a place.
    """
    if len(true) == 0:
        return float("nan"), 0
    candidates = np.unique(bounds[1] * true)
    lows, highs = np.sort(bounds[0] * true), np.sort(bounds[1] * true)
    slack = metrics.TOLERANCE * np.abs(candidates)
    begun = np.searchsorted(lows, candidates + slack, side="right")
    ended = np.searchsorted(highs, candidates - slack, side="left")
    best = int(np.argmax(begun - ended))
    return float(candidates[best]), int((begun - ended)[best])


def best_length_by_error(true: np.ndarray) -> tuple[float, float]:
    """The constant with the least mean of |c - t| / t over true float[N] > 0, and that mean.

    The sum of |c - t| weighted by 1 / t is least at the weighted median.
    """
    true = np.sort(true[true > 0])
    if len(true) == 0:
        return float("nan"), float("nan")
    weight = np.cumsum(1 / true)
    constant = float(true[np.searchsorted(weight, weight[-1] / 2)])
    return constant, float(np.mean(np.abs(constant - true) / true))


def best_angle(true: np.ndarray, tolerance: float) -> int:
    """How many of true float[N], radians, the best constant is within `tolerance` of.

    The arc of hits of the best constant begins at some true angle.
    """
    turns = (true[:, None] - true) % (2 * np.pi)
    return int((turns <= 2 * tolerance).sum(0).max(initial=0))


def best_word(verdicts: Sequence[str], positions: Sequence[int | None]) -> tuple[str, int]:
    """The better of the most frequent verdict and "always the first (second) object named".

    Args:
      verdicts: the deciding word of each true answer.
      positions: which of the two alternatives named in the question it is (0 or 1), or None.

    Returns:
      A description of the constant answer, and how many questions it answers rightly.
    """
    if not verdicts:
        return "", 0
    answer, hits = Counter(verdicts).most_common(1)[0]
    named = Counter(position for position in positions if position is not None)
    if named and named.most_common(1)[0][1] > hits:
        position, hits = named.most_common(1)[0]
        answer = ("always the first named", "always the second named")[position]
    return answer, hits


def best_text(answers: Sequence[Sequence[str]]) -> tuple[str, float]:
    """The constant text that agrees best with people's answers, and the sum of its accuracies.

    Args:
      answers: of each question the one answer, or those of several people.

    Returns:
      One of these answers, and the sum over all questions of `vqa_accuracy.accuracy`.
    """
    # Where all people agree, the texts are compared as they are, and elsewhere normalised.
    as_given: defaultdict[str, float] = defaultdict(float)
    of_form: defaultdict[str, float] = defaultdict(float)
    forms: dict[str, str] = {}
    for people in answers:
        given = Counter(map(vqa_accuracy.single_spaced, people))
        forms |= {
            text: vqa_accuracy.normalize_vqa_answer(text) for text in given if text not in forms
        }
        if len(given) == 1 and len(people) > 1:
            (text,) = given
            as_given[text] += vqa_accuracy.agreement(len(people), len(people))
            continue
        same: Counter[str] = Counter()
        for text, count in given.items():
            same[forms[text]] += count
        for form, count in same.items():
            of_form[form] += vqa_accuracy.agreement(count, len(people)) if len(people) > 1 else 1.0
    totals = {text: as_given[text] + of_form[form] for text, form in forms.items()}
    best = max(totals, key=totals.__getitem__, default="")
    return best, totals.get(best, 0.0)
