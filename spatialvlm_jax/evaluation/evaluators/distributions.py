"""Figures of quantities read from their distributions, beside those of the same answers' texts."""

from collections.abc import Sequence

import numpy as np

from spatialvlm_jax.evaluation import baselines, metrics
from spatialvlm_jax.evaluation.columns import AnswerColumns
from spatialvlm_jax.evaluation.distribution import ValueReading, holds_truth
from spatialvlm_jax.evaluation.evaluators.registry import evaluator
from spatialvlm_jax.evaluation.metrics import Figure

SUFFIX = "_distribution"
COVERS = {share: f"interval_{share}_covers{SUFFIX}" for share in (50, 90)}
SURER_HALF = f"within_25_surer_half{SUFFIX}"
CORRELATION = f"spread_and_error_correlation{SUFFIX}"


@evaluator("distribution")
def distribution_figures(answers: AnswerColumns) -> dict[str, Figure]:
    """Figures of the answers that have a reading; none where there is no such answer.

    Returns:
      `metrics.BOUNDS` by name with "_distribution" behind it; within 25 % in the surer half of the
      answers, that whose 90 % intervals span the smaller factors; how often the central 50 and 90 %
      intervals hold the truth; and the rank correlation of spread and error.
    """
    has_reading = np.array([reading is not None for reading in answers.readings], bool)
    if not has_reading.any():
        return {}
    read = answers.take(has_reading)
    readings, true = read.readings.tolist(), read.true
    medians = np.array([reading.median for reading in readings])
    figures = {}
    for name, bounds in metrics.BOUNDS.items():
        hits = sum(baselines.best_length(each.true, bounds)[1] for _, each in read.by_type())
        marks = metrics.within(medians, true, bounds).astype(float)
        figures[name + SUFFIX] = metrics.share(marks, read.images, hits)
    surer = np.argsort([reading.spread for reading in readings], kind="stable")
    surer = surer[: (len(readings) + 1) // 2]
    near = metrics.within(medians, true, metrics.BOUNDS["within_25"])[surer].astype(float)
    figures[SURER_HALF] = metrics.share(near, read.images[surer], None)
    for share, intervals in (
        (50, [reading.interval_50 for reading in readings]),
        (90, [reading.interval_90 for reading in readings]),
    ):
        marks = holds_truth(np.array(intervals), true).astype(float)
        figures[COVERS[share]] = metrics.share(marks, read.images, None)
    figures[CORRELATION] = _correlation(true, readings)
    return figures


def _correlation(true: np.ndarray, readings: Sequence[ValueReading]) -> Figure:
    """Spearman's between entropy and absolute log error; no interval is claimed for it."""
    from scipy import stats

    errors = np.abs(np.log([reading.median for reading in readings]) - np.log(true))
    spreads = np.array([reading.entropy for reading in readings])
    if len(true) < 3 or np.ptp(errors) == 0 or np.ptp(spreads) == 0:
        return Figure(None, None, len(true), None)
    return Figure(float(stats.spearmanr(spreads, errors).statistic), None, len(true), None)
