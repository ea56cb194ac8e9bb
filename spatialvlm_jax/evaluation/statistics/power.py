"""What a sample can show, and how much of what several tests show is chance."""

from collections.abc import Sequence

import numpy as np
from scipy import special

LEVEL, POWER = 0.05, 0.8


def written_chance(p_value: float) -> str:
    """A p-value as all tables have it: ".034", and "<.001" of less, which is never nothing."""
    return "<.001" if p_value < 0.001 else f"{p_value:.3f}".removeprefix("0")


def smallest_difference(standard_error: float, degrees: int) -> float:
    """The least true difference found with a power of 80 % by a two-sided test at 5 %.

    Args:
      standard_error: of the difference. degrees: of freedom.
    """
    quantiles = special.stdtrit(degrees, [1 - LEVEL / 2, POWER])
    return float(quantiles.sum()) * standard_error


def seeds_needed(
    shown: float, seed_share: float, *, seeds: int, clusters: int, wanted: float
) -> int | None:
    """How many seeds would find a difference with a power of 80 %, on the same questions.

    Args:
      shown: the smallest difference that can be found with so many `seeds`.
      seed_share: the part of its variance that is due to seeds.
      clusters: pictures. wanted: the difference to find.

    Returns:
      None where 1,000 seeds would not do: more pictures are needed then.
    """
    variance = (shown / smallest_difference(1.0, min(seeds, clusters) - 1)) ** 2
    of_one, rest = variance * seed_share * seeds, variance * (1 - seed_share)
    for number in range(2, 1_001):
        error = float(np.sqrt(of_one / number + rest))
        if smallest_difference(error, min(number, clusters) - 1) <= wanted:
            return number
    return None


def holm(p_values: np.ndarray) -> np.ndarray:
    """p-values adjusted for how many there are, in their order (Holm, 1979).

    Those at most 5 % can all be believed: the chance that any one of them is wrong is at most 5 %.

    Args:
      p_values: float[M].
    """
    p_values = np.asarray(p_values, np.float64)
    order = np.argsort(p_values, kind="stable")
    factors = len(p_values) - np.arange(len(p_values))
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(p_values[order] * factors))
    return adjusted


def describe_multiplicity(p_values: Sequence[float], adjusted: Sequence[float]) -> str:
    """How many of several differences chance alone would show, in words.

    Args:
      adjusted: the p-values after Holm's adjustment, in their order.
    """
    shown, sure = (sum(p <= LEVEL for p in each) for each in (p_values, adjusted))
    return (
        f"{shown} of {len(p_values)} differ at p ≤ .05, where chance alone shows "
        f"{len(p_values) * LEVEL:.1f}; {sure} after Holm's adjustment"
    )
