"""The strongest answers that look at no picture: one constant per question type.

The constants are chosen on the evaluation's own truth, so they are upper bounds of what a model
that ignores the image and the objects' names can reach.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

from spatialvlm_jax.evaluation import metrics, vqa_accuracy


def best_length(true: np.ndarray, *bounds: tuple[float, float]) -> tuple[float, int]:
    """The constant c that lies in `bounds` times t for most t of true float[N], and its hits.

    Every t is hit by the c of one interval, so the best c is where most intervals overlap; some
    right end point always is such a place. Of several bounds, the hits of all are summed.
    """
    if len(true) == 0:
        return float("nan"), 0
    candidates = np.unique(np.concatenate([high * true for _, high in bounds]))
    slack, hits = metrics.TOLERANCE * np.abs(candidates), np.zeros(len(candidates), np.int64)
    for low, high in bounds:
        lows, highs = np.sort(low * true), np.sort(high * true)
        begun = np.searchsorted(lows, candidates + slack, side="right")
        hits += begun - np.searchsorted(highs, candidates - slack, side="left")
    best = int(np.argmax(hits))
    return float(candidates[best]), int(hits[best])


def best_length_by_factor(true: np.ndarray) -> tuple[float, float]:
    """The constant with most `metrics.range_scores` in sum over true float[N], and that sum.

    The sum is piecewise linear in the logarithm of the constant, and bends down at truths only.
    """
    logs = np.sort(np.log(true[true > 0]))
    if len(logs) == 0:
        return float("nan"), 0.0
    width = math.log(metrics.MOST_FACTOR)
    summed = np.concatenate([[0.0], np.cumsum(logs)])
    first = np.searchsorted(logs, logs - width, side="left")
    last = np.searchsorted(logs, logs + width, side="right")
    own = np.arange(len(logs))
    below = logs * (own - first) - (summed[own] - summed[first])
    above = (summed[last] - summed[own]) - logs * (last - own)
    scores = (last - first) - (below + above) / width
    best = int(np.argmax(scores))
    return float(np.exp(logs[best])), float(scores[best])


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
