"""Runs that differ in their seed, asked the same questions: two sources of chance at once."""

import dataclasses

import numpy as np
from scipy import special

from spatialvlm_jax.evaluation.statistics.clusters import CONFIDENCE, cluster_sums


@dataclasses.dataclass(frozen=True)
class SeedsMean:
    """A mean over seeds and questions.

    standard_error: over seeds and clusters; of one seed over clusters.
    interval: 95 %, by Student's t with one degree less than there are seeds, or clusters where
      those are fewer, or where there is one seed.
    seed_share: the part of the variance that more seeds would make smaller; more pictures make the
      rest smaller. 0 with one seed, which shows nothing of it.
    """

    value: float
    standard_error: float
    interval: tuple[float, float]
    seeds: int
    clusters: int
    seed_share: float

    @property
    def degrees(self) -> int:
        """Of freedom of the interval."""
        return (min(self.seeds, self.clusters) if self.seeds > 1 else self.clusters) - 1


@dataclasses.dataclass(frozen=True, eq=False)
class SeedSums:
    """Marks or errors of answers, summed by cluster: what a mean over seeds needs of them.

    sums, counts: float64[S, C], of each seed and cluster the sum and the number of answers.
    """

    sums: np.ndarray
    counts: np.ndarray

    @property
    def groups(self) -> int:
        """C."""
        return int(self.sums.shape[1])

    @property
    def by_seed(self) -> np.ndarray:
        """float64[S]: the mean of each seed."""
        return np.asarray(self.sums.sum(1) / self.counts.sum(1))

    @property
    def value(self) -> float:
        """The mean over all."""
        return float(self.sums.sum() / self.counts.sum())

    @property
    def rests(self) -> np.ndarray:
        """float64[S, C]: what each seed's cluster adds to the deviation of its mean, linearised."""
        rest = self.sums - self.value * self.counts
        return np.asarray(rest / self.counts.mean(0).sum())


def mean_over_seeds(marks: np.ndarray, clusters: np.ndarray) -> SeedsMean:
    """The mean of marks, with its error over seeds and clusters at once, as `mean_of_sums` has it.

    For the difference of two arms, give the difference of their marks, seed by seed.

    Args:
      marks: float[S, N], of each seed the marks of the same N questions. clusters: int[N].

    Raises:
      ValueError: there are fewer than two seeds or clusters.
    """
    sums, sizes = cluster_sums(marks, clusters), cluster_sums(np.ones(len(clusters)), clusters)
    if min(sums.shape) < 2:
        raise ValueError("an error over both needs at least two seeds and two clusters")
    return mean_of_sums(SeedSums(sums, np.broadcast_to(sizes, sums.shape)))


def mean_of_sums(way: SeedSums, versus: SeedSums | None = None) -> SeedsMean:
    """The mean over seeds and clusters, or its difference to another way on the same clusters.

    Its variance is that of two crossed random effects and what is left between them (analysis of
    variance): what means of seeds vary by, and means of clusters, less what is left, which both of
    them have in them. It is what resampling seeds and clusters at once is for, which counts what is
    left three times (Owen, 2007), and with few seeds so widens intervals by up to 1.7.

    Args:
      versus: what is subtracted; the same seeds and clusters in the same order.

    Raises:
      ValueError: there are fewer than two clusters.
    """
    seeds, found = way.sums.shape
    if found < 2:
        raise ValueError("an error needs at least two clusters")
    value, by_seed, rests = way.value, way.by_seed, way.rests
    if versus is not None:
        value, by_seed = value - versus.value, by_seed - versus.by_seed
        rests = rests - versus.rests
    of_clusters = rests.mean(0)
    from_clusters = found / (found - 1) * float(of_clusters @ of_clusters)
    from_seeds = left = 0.0
    if seeds > 1:
        from_seeds = float(np.var(by_seed, ddof=1)) / seeds
        rest = rests - rests.mean(1, keepdims=True) - of_clusters
        left = found / seeds * float((rest**2).sum()) / ((seeds - 1) * (found - 1))
    # What is left is estimated, too, and may come out as more than there is.
    variance = from_seeds + max(0.0, from_clusters - left)
    error = float(np.sqrt(variance))
    if error <= 1e-12 * max(1.0, abs(value)):  # means that are all alike leave a trace of rounding
        error = variance = 0.0
    share = from_seeds / variance if variance else 0.0
    mean = SeedsMean(value, error, (value, value), seeds, found, share)
    half = float(special.stdtrit(mean.degrees, (1 + CONFIDENCE) / 2)) * error
    return dataclasses.replace(mean, interval=(value - half, value + half))
