"""Runs that differ in their seed, asked the same questions: two sources of chance at once."""

import dataclasses

import numpy as np
from scipy import special

from spatialvlm_jax.evaluation.statistics.clusters import CONFIDENCE, cluster_sums

_DRAWS = 2_000


@dataclasses.dataclass(frozen=True)
class SeedsMean:
    """A mean over seeds and questions.

    standard_error: over seeds and clusters.
    interval: 95 %, by Student's t with one degree less than there are seeds, or clusters where
      those are fewer.
    seed_share: the part of the variance that more seeds would make smaller; more pictures make the
      rest smaller.
    """

    value: float
    standard_error: float
    interval: tuple[float, float]
    seeds: int
    clusters: int
    seed_share: float


def mean_over_seeds(marks: np.ndarray, clusters: np.ndarray, seed: int = 0) -> SeedsMean:
    """The mean of marks with seeds and clusters resampled together (Owen, 2007).

    For the difference of two arms, give the difference of their marks, seed by seed. Each draw
    takes one seed and one cluster less than there are, which makes the variance unbiased where
    there are few (Rao and Wu, 1988).

    Args:
      marks: float[S, N], of each seed the marks of the same N questions. clusters: int[N].
      seed: of the resampling.

    Raises:
      ValueError: there are fewer than two seeds or clusters.
    """
    sums, sizes = cluster_sums(marks, clusters), cluster_sums(np.ones(len(clusters)), clusters)
    seeds, found = sums.shape
    if seeds < 2 or found < 2:
        raise ValueError("resampling needs at least two seeds and two clusters")
    rng = np.random.default_rng(seed)
    of_seeds = rng.multinomial(seeds - 1, np.full(seeds, 1 / seeds), _DRAWS) / (seeds - 1)
    of_clusters = rng.multinomial(found - 1, np.full(found, 1 / found), _DRAWS)
    draws = ((of_seeds @ sums) * of_clusters).sum(1) / (of_clusters @ sizes)
    error, value = float(np.std(draws, ddof=1)), float(sums.sum() / (seeds * sizes.sum()))
    from_seeds = float(np.var(sums.sum(1) / sizes.sum(), ddof=1)) / seeds
    rest = sums.mean(0) - value * sizes
    from_clusters = found / (found - 1) * float(rest @ rest) / float(sizes.sum()) ** 2
    both = from_seeds + from_clusters
    half = float(special.stdtrit(min(seeds, found) - 1, (1 + CONFIDENCE) / 2)) * error
    share = from_seeds / both if both else 0.0
    return SeedsMean(value, error, (value - half, value + half), seeds, found, share)
