"""Figures of quantities read from their distributions, beside those of the same answers' texts."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
from scipy import stats

from spatialvlm_jax.evaluation import metrics
from spatialvlm_jax.evaluation.answers import Answer
from spatialvlm_jax.evaluation.distribution import ValueReading
from spatialvlm_jax.evaluation.metrics import Figure

SUFFIX = "_distribution"
COVERS = {share: f"interval_{share}_covers{SUFFIX}" for share in (50, 90)}
CORRELATION = f"spread_and_error_correlation{SUFFIX}"


def distribution_figures(
    answers: Sequence[Answer], text_figures: Mapping[str, Figure]
) -> dict[str, Figure]:
    """Figures of the answers that have a reading; none where there is no such answer.

    Args:
      answers: of quantitative questions.
      text_figures: of the answers' texts, whose best constants are these figures', too.

    Returns:
      `metrics.BOUNDS` by name with "_distribution" behind it, how often the central 50 and 90 %
      intervals hold the truth, and the rank correlation of spread and error.
    """
    read = [(answer.record.value, answer.reading) for answer in answers if answer.reading]
    if not read:
        return {}
    true = np.array([value for value, _ in read])
    readings = [reading for _, reading in read]
    medians = np.array([reading.median for reading in readings])
    figures = {}
    for name, bounds in metrics.BOUNDS.items():
        baseline = text_figures[name].baseline or 0.0
        hits = int(metrics.within(medians, true, bounds).sum())
        figures[name + SUFFIX] = metrics.proportion(hits, len(read), baseline * len(read))
    for share, intervals in (
        (50, [reading.interval_50 for reading in readings]),
        (90, [reading.interval_90 for reading in readings]),
    ):
        low, high = np.array(intervals).T
        hits = int(((low <= true) & (true <= high)).sum())
        covers = metrics.proportion(hits, len(read), 0.0)
        figures[COVERS[share]] = dataclasses.replace(covers, baseline=None)
    figures[CORRELATION] = _correlation(true, readings)
    return figures


def _correlation(true: np.ndarray, readings: Sequence[ValueReading]) -> Figure:
    """Spearman's between entropy and absolute log error; no interval is claimed for it."""
    errors = np.abs(np.log([reading.median for reading in readings]) - np.log(true))
    spreads = np.array([reading.entropy for reading in readings])
    if len(true) < 3 or np.ptp(errors) == 0 or np.ptp(spreads) == 0:
        return Figure(None, None, len(true), None)
    return Figure(float(stats.spearmanr(spreads, errors).statistic), None, len(true), None)
