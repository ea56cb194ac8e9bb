"""Means and ratios of answers that come in clusters, with their intervals."""

import dataclasses
import math

import numpy as np
from scipy import special

from spatialvlm_jax.evaluation.statistics import power

CONFIDENCE = 0.95
# Below these, a symmetric interval of a share cannot be believed.
MANY_CLUSTERS, MANY_ANSWERS = 30, 5
_Z95 = 1.959963984540054


@dataclasses.dataclass(frozen=True)
class ClusteredRatio:
    """A mean, or a ratio of two sums, with its standard error over clusters.

    standard_error: NaN with fewer than two clusters.
    count: answers. clusters: pictures they are about.
    design_effect: how many times the variance is what independent answers would have; NaN with
      fewer than two clusters, and where all answers are alike.
    """

    value: float
    standard_error: float
    count: int
    clusters: int
    design_effect: float

    def interval(self) -> tuple[float, float] | None:
        """95 % interval by Student's t with one degree of freedom less than there are clusters."""
        if not math.isfinite(self.standard_error):
            return None
        half = float(special.stdtrit(self.clusters - 1, (1 + CONFIDENCE) / 2)) * self.standard_error
        return self.value - half, self.value + half

    def share_interval(self) -> tuple[float, float]:
        """The same of a share between 0 and 1.

        With few clusters, or few answers that are right or wrong, it is Wilson's of as many
        independent answers as these are worth: their number divided by the design effect, and made
        smaller for so few degrees of freedom (Korn and Graubard, 1998, equation 8). Where all
        answers are alike, nothing shows how far those about one picture agree, so each picture
        counts once.
        """
        worth = self._worth()
        if (
            self.clusters >= MANY_CLUSTERS
            and min(self.value, 1 - self.value) * worth > MANY_ANSWERS
        ):
            low, high = self.interval() or (0.0, 1.0)
            return max(0.0, low), min(1.0, high)
        return wilson_interval(self.value * worth, worth)

    def smallest_difference(self) -> float | None:
        """The least difference to another model, asked the same, that the sample can show.

        Marks of two models are taken to correlate by .5, whence the difference has the standard
        error of either figure. None where that is unknown.
        """
        if not self.standard_error > 0:
            return None
        return power.smallest_difference(self.standard_error, self.clusters - 1)

    def _worth(self) -> float:
        """How many independent answers these are worth."""
        if not math.isfinite(self.design_effect):
            return float(self.clusters)
        few, many = special.stdtrit([self.clusters - 1, self.count - 1], (1 + CONFIDENCE) / 2)
        return max(1.0, self.count / max(1.0, self.design_effect) * float(many / few) ** 2)


def clustered_mean(values: np.ndarray, clusters: np.ndarray) -> ClusteredRatio:
    """The mean of float[N] in clusters int[N]; raises ValueError where there are none."""
    return clustered_ratio(values, np.ones(len(values)), clusters)


def clustered_ratio(
    numerators: np.ndarray, denominators: np.ndarray, clusters: np.ndarray
) -> ClusteredRatio:
    """The sum of numerators divided by the sum of denominators, with its linearised error.

    Precision, recall, F1 and figures adjusted for chance are such ratios. The error is that of
    Liang and Zeger (1986) with the factor C / (C - 1) for C clusters.

    Args:
      numerators, denominators: float[N]. clusters: int[N], which answers belong together.

    Raises:
      ValueError: the denominators do not sum to more than zero.
    """
    total = float(np.sum(denominators))
    if not total > 0:
        raise ValueError("a ratio needs denominators that sum to more than zero")
    value = float(np.sum(numerators)) / total
    rest = (np.asarray(numerators, np.float64) - value * denominators) / total
    return _linearised(value, rest, clusters)


def clustered_gap(values: np.ndarray, first: np.ndarray, clusters: np.ndarray) -> ClusteredRatio:
    """The mean of the values float[N] where `first` bool[N] holds, minus that of the others.

    Both parts may have answers of one cluster: what these have in common takes no part in the gap.

    Raises:
      ValueError: one of the two parts has none.
    """
    values = np.asarray(values, np.float64)
    if first.all() or not first.any():
        raise ValueError("a gap needs values on either side")
    one, other = values[first], values[~first]
    rest = np.zeros(len(values))
    rest[first] = (one - one.mean()) / len(one)
    rest[~first] = (other.mean() - other) / len(other)
    return _linearised(float(one.mean() - other.mean()), rest, clusters)


def _linearised(value: float, rest: np.ndarray, clusters: np.ndarray) -> ClusteredRatio:
    """A figure with its error, given what each answer adds to its deviation, float64[N]."""
    sums = cluster_sums(rest, clusters)
    count, found = len(rest), len(sums)
    if found < 2:
        return ClusteredRatio(value, math.nan, count, found, math.nan)
    variance = found / (found - 1) * float(sums @ sums)
    independent = count / (count - 1) * float(rest @ rest)
    # Rounding of a sum leaves a trace where all answers, or all pictures, are alike.
    trace = 1e-24 * max(1.0, value**2)
    if independent <= trace:
        return ClusteredRatio(value, 0.0, count, found, math.nan)
    variance = 0.0 if variance <= trace else variance
    return ClusteredRatio(value, math.sqrt(variance), count, found, variance / independent)


def cluster_sums(values: np.ndarray, clusters: np.ndarray) -> np.ndarray:
    """float64[..., C]: sums over the members of each cluster, in order of their numbers.

    Args:
      values: float[..., N]. clusters: int[N], any numbers.
    """
    order = np.argsort(clusters, kind="stable")
    ranked = np.asarray(clusters)[order]
    starts = np.flatnonzero(np.diff(ranked, prepend=ranked[:1] - 1))
    return np.add.reduceat(np.asarray(values, np.float64)[..., order], starts, axis=-1)


def wilson_interval(hits: float, count: float) -> tuple[float, float]:
    """95 % Wilson score interval of the proportion hits / count (Wilson, 1927).

    Answers that are right in part, or worth less than one, make fractions of both.

    Raises:
      ValueError: `count` is not positive.
    """
    if count <= 0:
        raise ValueError("an interval needs at least one observation")
    share, z2 = hits / count, _Z95**2
    middle = (share + z2 / (2 * count)) / (1 + z2 / count)
    spread = max(0.0, share * (1 - share)) / count + z2 / (4 * count**2)
    half = _Z95 * math.sqrt(spread) / (1 + z2 / count)
    return max(0.0, middle - half), min(1.0, middle + half)
