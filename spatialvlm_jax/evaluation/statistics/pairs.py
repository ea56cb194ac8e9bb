"""Two models asked the same questions: their difference, and which pictures carry it."""

import dataclasses

import numpy as np
from scipy import special

from spatialvlm_jax.evaluation.statistics import power
from spatialvlm_jax.evaluation.statistics.clusters import CONFIDENCE, cluster_sums


@dataclasses.dataclass(frozen=True)
class PairedDifference:
    """The first model's mean minus the second's, over the same questions.

    count, clusters: the questions that weigh anything, and the clusters that they lie in.
    interval: 95 %, by Student's t over clusters; None with fewer than two, and where all answers
      differ alike, which shows nothing of how far others would.
    p_value: that there is no difference. smallest_difference: that would be found four times of
      five; None with fewer than two clusters, or where no answer differs.
    both, only_first, only_second, neither: those questions by which model is right, that is, has a
      mark of at least one half.
    carriers: number of a cluster and its part of the difference, the largest parts first.
    """

    difference: float
    interval: tuple[float, float] | None
    p_value: float
    smallest_difference: float | None
    count: int
    clusters: int
    both: int
    only_first: int
    only_second: int
    neither: int
    carriers: tuple[tuple[int, float], ...]


def paired_difference(
    first: np.ndarray,
    second: np.ndarray,
    clusters: np.ndarray,
    carriers: int = 20,
    weights: np.ndarray | None = None,
) -> PairedDifference:
    """Compares marks float[N] of two models of the same N questions in clusters int[N].

    Args:
      carriers: so many clusters at most are named.
      weights: float[N], at least 0: what each question weighs in both means, as in a benchmark's
        headline; None weighs all alike.

    Raises:
      ValueError: no question has a weight.
    """
    shares = np.ones(len(first)) if weights is None else np.asarray(weights, np.float64)
    kept = shares > 0
    if not kept.any():
        raise ValueError("a comparison needs at least one question")
    first, second, clusters, shares = (
        np.asarray(each)[kept] for each in (first, second, clusters, shares)
    )
    change = np.asarray(first, np.float64) - second
    means, errors, p_values = clustered_test(change, clusters, shares)
    difference, error, names = float(means), float(errors), np.unique(clusters)
    is_known = error > 0
    reach = float(special.stdtrit(max(1, len(names) - 1), (1 + CONFIDENCE) / 2)) * error
    parts = cluster_sums(change * shares, clusters) / shares.sum()
    largest = np.argsort(-np.abs(parts), kind="stable")[:carriers]
    right, other = first >= 0.5, second >= 0.5
    return PairedDifference(
        difference=difference,
        interval=(difference - reach, difference + reach) if is_known else None,
        p_value=float(p_values),
        smallest_difference=(
            power.smallest_difference(error, len(names) - 1) if is_known else None
        ),
        count=len(change),
        clusters=len(names),
        both=int((right & other).sum()),
        only_first=int((right & ~other).sum()),
        only_second=int((~right & other).sum()),
        neither=int((~right & ~other).sum()),
        carriers=tuple((int(names[at]), float(parts[at])) for at in largest if parts[at]),
    )


def possible_interval(interval: tuple[float, float] | None) -> tuple[float, float] | None:
    """The part of an interval in which differences of shares can lie."""
    return interval and (max(-1.0, interval[0]), min(1.0, interval[1]))


def possible_difference(difference: float | None) -> float | None:
    """A difference of shares above zero, at most 1."""
    return difference and min(1.0, difference)


def clustered_test(
    values: np.ndarray, clusters: np.ndarray, weights: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Means, standard errors and two-sided p-values that means are zero.

    Args:
      values: float[..., N]; all leading axes are tested at once. clusters: int[N].
      weights: float[N], above 0, what each value weighs in the mean; None weighs all alike.

    Returns:
      float64[...] each. With one cluster, or where all values are 0, p is 1; the error of one
      cluster is NaN. Where all values are alike and not 0, no error can be told, and p is that of
      C clusters that might as well have had either sign: 2^(1 - C).
    """
    values = np.asarray(values, np.float64)
    shares = np.ones(values.shape[-1]) if weights is None else weights
    # What cancels, and differences that are all alike, leave a trace of rounding.
    trace = 1e-12 * np.abs(values).max(-1)
    means = (values * shares).sum(-1) / shares.sum()
    means = np.where(np.abs(means) <= trace, 0.0, means)
    sums = cluster_sums((values - means[..., None]) * shares, clusters) / shares.sum()
    found = sums.shape[-1]
    if found < 2:
        return means, np.full(means.shape, np.nan), np.ones(means.shape)
    errors = np.sqrt(found / (found - 1) * (sums**2).sum(-1))
    errors = np.where(errors <= trace, 0.0, errors)
    sizes = np.abs(means) / np.where(errors > 0, errors, 1.0)
    p_values = 2 * special.stdtr(found - 1, -sizes)
    alike = np.where(means == 0, 1.0, 0.5 ** (found - 1))
    return means, errors, np.where(errors > 0, p_values, alike)
