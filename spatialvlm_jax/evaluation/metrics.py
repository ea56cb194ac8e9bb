"""Figures with their uncertainty: pure functions on arrays.

A ratio metric asks whether a predicted length, area, volume or ratio p lies within bounds relative
to the true one t: low * t <= p <= high * t. A missing number (NaN) is outside. Bounds are
inclusive, with a relative tolerance of 1e-6 for numbers that were rounded to be said or stored as
float32.
"""

import dataclasses
import math

import numpy as np

from spatialvlm_jax.evaluation.statistics.clusters import wilson_interval

BOUNDS = {
    "within_50_200": (0.5, 2.0),
    "within_66_150": (2 / 3, 1.5),
    "within_90_110": (0.9, 1.1),
    "within_25": (0.75, 1.25),
}
TOLERANCE = 1e-6
ANGLE = math.radians(15.0) * (1 + TOLERANCE)
_Z95 = 1.959963984540054


@dataclasses.dataclass(frozen=True)
class Figure:
    """One figure: its value, that of the best constant answer, and how sure it is.

    value, baseline: fractions (0 to 1), or relative errors; None where nothing was counted.
    count: answers it is a mean over.
    ci95: 95 % confidence interval of `value`; answers are taken as independent.
    """

    value: float | None
    baseline: float | None
    count: int
    ci95: tuple[float, float] | None

    def as_dict(self) -> dict[str, object]:
        """The form in which summary.json has it."""
        ci95 = None if self.ci95 is None else list(self.ci95)
        return {
            "value": self.value,
            "baseline": self.baseline,
            "count": self.count,
            "ci95": ci95,
        }


def within(predicted: np.ndarray, true: np.ndarray, bounds: tuple[float, float]) -> np.ndarray:
    """bool[N]: whether predicted float[N] lies in `bounds` times true float[N]; NaN does not."""
    low, high = bounds[0] * (1 - TOLERANCE), bounds[1] * (1 + TOLERANCE)
    return (low * true <= predicted) & (predicted <= high * true)


def relative_errors(predicted: np.ndarray, true: np.ndarray) -> np.ndarray:
    """|p - t| / t, float[M], of the answers that have a number and a true value above zero."""
    usable = np.isfinite(predicted) & (true > 0)
    return np.abs(predicted[usable] - true[usable]) / true[usable]


def angle_errors(predicted: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Least turn between two angles, float[N], radians in [0, pi]; NaN where none was predicted."""
    turn = np.abs(predicted - true) % (2 * np.pi)
    return np.minimum(turn, 2 * np.pi - turn)


def proportion(hits: float, count: int, baseline_hits: float) -> Figure:
    """A share of right answers beside that of the best constant answer."""
    if count == 0:
        return Figure(None, None, 0, None)
    return Figure(hits / count, baseline_hits / count, count, wilson_interval(hits, count))


def mean_error(errors: np.ndarray, baseline: float | None) -> Figure:
    """Mean of errors float[N] with the normal interval of a mean (none for a single error)."""
    count = len(errors)
    if count == 0:
        return Figure(None, baseline, 0, None)
    mean = float(np.mean(errors))
    if count == 1:
        return Figure(mean, baseline, 1, None)
    half = _Z95 * float(np.std(errors, ddof=1)) / math.sqrt(count)
    return Figure(mean, baseline, count, (max(0.0, mean - half), mean + half))
