"""Runs that differ in their seed, asked the same questions: two sources of chance at once."""

import dataclasses

import numpy as np
from scipy import special

from spatialvlm_jax.evaluation.statistics.clusters import CONFIDENCE, cluster_sums

_DRAWS = 2_000


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
        """float64[C]: what each cluster adds to the deviation of the mean, linearised."""
        rest = (self.sums - self.value * self.counts).mean(0)
        return np.asarray(rest / self.counts.mean(0).sum())

    def drawn(self, of_seeds: np.ndarray, of_clusters: np.ndarray) -> np.ndarray:
        """float64[D]: the mean under weights of seeds float[D, S] and clusters float[D, C]."""
        sums, counts = (
            ((of_seeds @ each) * of_clusters).sum(1) for each in (self.sums, self.counts)
        )
        return np.asarray(sums / counts)


def mean_over_seeds(marks: np.ndarray, clusters: np.ndarray, seed: int = 0) -> SeedsMean:
    """The mean of marks with seeds and clusters resampled together (Owen, 2007).

    For the difference of two arms, give the difference of their marks, seed by seed.

    Args:
      marks: float[S, N], of each seed the marks of the same N questions. clusters: int[N].
      seed: of the resampling.

    Raises:
      ValueError: there are fewer than two seeds or clusters.
    """
    sums, sizes = cluster_sums(marks, clusters), cluster_sums(np.ones(len(clusters)), clusters)
    if min(sums.shape) < 2:
        raise ValueError("resampling needs at least two seeds and two clusters")
    return mean_of_sums(SeedSums(sums, np.broadcast_to(sizes, sums.shape)), seed=seed)


def mean_of_sums(way: SeedSums, versus: SeedSums | None = None, seed: int = 0) -> SeedsMean:
    """The mean over seeds and clusters, or its difference to another way on the same clusters.

    Each draw takes one seed and one cluster less than there are, which makes the variance unbiased
    where there are few (Rao and Wu, 1988). Both ways are drawn together.

    Args:
      versus: what is subtracted; the same seeds and clusters in the same order.
      seed: of the resampling.

    Raises:
      ValueError: there are fewer than two clusters.
    """
    seeds, found = way.sums.shape
    if found < 2:
        raise ValueError("resampling needs at least two clusters")
    rng, ones = np.random.default_rng(seed), np.ones((_DRAWS, 1))
    of_seeds = ones
    if seeds > 1:
        of_seeds = rng.multinomial(seeds - 1, np.full(seeds, 1 / seeds), _DRAWS) / (seeds - 1)
    of_clusters = rng.multinomial(found - 1, np.full(found, 1 / found), _DRAWS)
    value, by_seed, rests = way.value, way.by_seed, way.rests
    draws = way.drawn(of_seeds, of_clusters)
    if versus is not None:
        value, by_seed = value - versus.value, by_seed - versus.by_seed
        rests, draws = rests - versus.rests, draws - versus.drawn(of_seeds, of_clusters)
    error = float(np.std(draws, ddof=1))
    if error <= 1e-12 * max(1.0, abs(value)):  # draws that are all alike leave a trace of rounding
        error = 0.0
    from_seeds = float(np.var(by_seed, ddof=1)) / seeds if seeds > 1 else 0.0
    both = from_seeds + found / (found - 1) * float(rests @ rests)
    share = from_seeds / both if both else 0.0
    mean = SeedsMean(value, error, (value, value), seeds, found, share)
    half = float(special.stdtrit(mean.degrees, (1 + CONFIDENCE) / 2)) * error
    return dataclasses.replace(mean, interval=(value - half, value + half))
