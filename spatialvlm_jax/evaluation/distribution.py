"""The distribution of a quantity that a model's likelihoods of worded answers amount to.

A worded answer stands for all quantities that would be said so: "2.1 m" for those from 2.05 to
2.15 m. Its likelihood, spread over the logarithm of these, is a density. Densities of answers in
different units add up.
"""

import dataclasses
import math
import zlib
from collections.abc import Sequence

import numpy as np

# Temperatures are powers of exp(1 / 40), of which every tenth is tried first.
_STEPS, _COARSE = 40, 10
_MOST_FITTED = 4_000
_DIGITS = 5
# Of quantities that may be said for sure: so many are within 25 % of the truth.
SURE_SHARE, SURE_RATIOS = 0.9, (0.75, 1.25)
_FEWEST_SURE = 50
_EMPTY = -np.inf


@dataclasses.dataclass(frozen=True, eq=False)
class ValueDistribution:
    """A density over the logarithm of a positive quantity, constant between edges.

    edges: float64[M + 1], rising, logarithms of SI units.
    log_density: float64[M], up to a constant; -inf where there is nothing.
    """

    edges: np.ndarray
    log_density: np.ndarray

    @classmethod
    def summed(cls, parts: "Sequence[ValueDistribution]") -> "ValueDistribution":
        """The sum of densities, such as of answers in different units.

        Raises:
          ValueError: nothing has a finite likelihood.
        """
        if not any(np.isfinite(part.log_density).any() for part in parts):
            raise ValueError("no answer has a finite likelihood")
        edges = np.unique(np.concatenate([part.edges for part in parts]))
        middles = (edges[:-1] + edges[1:]) / 2
        found = [
            np.concatenate([[_EMPTY], part.log_density, [_EMPTY]])[
                np.searchsorted(part.edges, middles)
            ]
            for part in parts
        ]
        return cls(edges, np.logaddexp.reduce(found, axis=0))

    def tempered(self, temperature: float) -> "ValueDistribution":
        """The same, flatter (above 1) or more peaked (below 1)."""
        return dataclasses.replace(self, log_density=self.log_density / temperature)

    @property
    def masses(self) -> np.ndarray:
        """Probability of each interval, float64[M]."""
        weights = np.exp(self.log_density - self.log_density.max()) * np.diff(self.edges)
        return weights / weights.sum()

    def quantile(self, share: float) -> float:
        """The quantity below which `share` of the probability lies, SI units."""
        total = np.concatenate([[0.0], np.cumsum(self.masses)])
        return float(np.exp(np.interp(share, total, self.edges)))

    @property
    def median(self) -> float:
        """SI units."""
        return self.quantile(0.5)

    @property
    def mean(self) -> float:
        """SI units."""
        low, high = np.exp(self.edges[:-1]), np.exp(self.edges[1:])
        # Of a density that is constant in the logarithm.
        return float(self.masses @ ((high - low) / np.diff(self.edges)))

    @property
    def std(self) -> float:
        """Standard deviation, SI units."""
        low, high = np.exp(2 * self.edges[:-1]), np.exp(2 * self.edges[1:])
        square = self.masses @ ((high - low) / (2 * np.diff(self.edges)))
        return float(np.sqrt(max(0.0, square - self.mean**2)))

    def share_below(self, value: float) -> float:
        """How much of the probability lies below a quantity, SI units, above zero."""
        total = np.concatenate([[0.0], np.cumsum(self.masses)])
        return float(np.interp(np.log(value), self.edges, total))

    def interval(self, share: float) -> tuple[float, float]:
        """The central interval that holds `share` of the probability, SI units."""
        return self.quantile((1 - share) / 2), self.quantile((1 + share) / 2)

    @property
    def entropy(self) -> float:
        """Of the logarithm of the quantity, nats: a factor e in width is 1."""
        masses = self.masses
        some = masses > 0
        return float(-masses[some] @ np.log(masses[some] / np.diff(self.edges)[some]))

    def log_likelihood(self, value: float) -> float:
        """Log density at a quantity, SI units; beyond the edges, that of the outermost interval."""
        above = int(np.searchsorted(self.edges, np.log(value), side="right"))
        place = min(max(above - 1, 0), len(self.log_density) - 1)
        mass, width = self.masses[place], np.diff(self.edges)[place]
        return float(np.log(max(mass, 1e-12) / width))


@dataclasses.dataclass(frozen=True)
class ValueReading:
    """What a distribution says of a quantity, SI units.

    median: the answer. mean, std: of the quantity. interval_50, interval_90: central intervals.
    entropy: of its logarithm, nats. below_truth: the share of its probability below the truth, from
      which follows which central intervals hold that; None where the truth is not known.
    """

    median: float
    mean: float
    std: float
    interval_50: tuple[float, float]
    interval_90: tuple[float, float]
    entropy: float
    below_truth: float | None = None

    @property
    def spread(self) -> float:
        """How many times the lower end of the 90 % interval its upper end is."""
        return self.interval_90[1] / self.interval_90[0]

    @classmethod
    def of(cls, distribution: ValueDistribution, truth: float | None = None) -> "ValueReading":
        """With five significant digits: more would be rounding.

        Args:
          truth: SI units, above zero.
        """
        low_50, high_50 = distribution.interval(0.5)
        low_90, high_90 = distribution.interval(0.9)
        return cls(
            _rounded(distribution.median),
            _rounded(distribution.mean),
            _rounded(distribution.std),
            (_rounded(low_50), _rounded(high_50)),
            (_rounded(low_90), _rounded(high_90)),
            _rounded(distribution.entropy),
            None if truth is None else _rounded(distribution.share_below(truth)),
        )


def holds_truth(intervals: np.ndarray, true: np.ndarray) -> np.ndarray:
    """bool[N]: which intervals float[N, 2] hold the truths float[N]; an end belongs to it."""
    return (intervals[:, 0] <= true) & (true <= intervals[:, 1])


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")


def fit_temperature(distributions: Sequence[ValueDistribution], values: Sequence[float]) -> float:
    """The temperature under which true values are likeliest (Guo et al., 2017, section 4.2).

    It is one of fixed steps of 2.5 %: what is finer is rounding, which differs between machines.

    Args:
      distributions: as the model gives them; of very many an even part is used.
      values: the truths, SI units, above zero.

    Returns:
      1 where there is nothing to fit it on.
    """
    every = -(-len(distributions) // _MOST_FITTED) or 1
    pairs = list(zip(distributions, values, strict=True))[::every]
    if not pairs:
        return 1.0

    def likelihood(step: int) -> float:
        temperature = math.exp(step / _STEPS)
        return sum(each.tempered(temperature).log_likelihood(value) for each, value in pairs)

    near = max(range(-10 * _COARSE, 10 * _COARSE + 1, _COARSE), key=likelihood)
    return math.exp(max(range(near - _COARSE + 1, near + _COARSE), key=likelihood) / _STEPS)


def cross_fitted(
    distributions: Sequence[ValueDistribution], values: Sequence[float], images: Sequence[str]
) -> list[ValueReading]:
    """Readings under a temperature that was fitted on other images.

    The images fall into two halves by their ids; each half is read under what fits the other.

    Args:
      distributions, values: as `fit_temperature` takes them. images: the image id of each.
    """
    halves = [zlib.crc32(image.encode()) % 2 for image in images]
    temperatures = []
    for half in (0, 1):
        others = [place for place, own in enumerate(halves) if own != half]
        temperatures.append(
            fit_temperature(
                [distributions[place] for place in others], [values[place] for place in others]
            )
        )
    return [
        ValueReading.of(distribution.tempered(temperatures[half]), value)
        for distribution, value, half in zip(distributions, values, halves, strict=True)
    ]


def sure_spread(readings: Sequence[ValueReading], values: Sequence[float]) -> float | None:
    """The largest spread up to which medians are within 25 % of the truth as often as `SURE_SHARE`.

    Args:
      readings: under a temperature that was fitted on other images. values: the truths, SI units.

    Returns:
      None where so few answers are that sure that chance may have made it so.
    """
    spreads = np.array([reading.spread for reading in readings])
    ratios = np.array([reading.median for reading in readings]) / np.asarray(values, np.float64)
    order = np.argsort(spreads, kind="stable")
    right = (SURE_RATIOS[0] <= ratios) & (ratios <= SURE_RATIOS[1])
    shares = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    enough = np.flatnonzero(shares >= SURE_SHARE)
    if not len(enough) or enough[-1] + 1 < _FEWEST_SURE:
        return None
    return float(spreads[order][enough[-1]])
