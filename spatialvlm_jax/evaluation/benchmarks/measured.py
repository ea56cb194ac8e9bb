"""The lengths, areas, volumes and ratios that replies give, beside true ones, for charts."""

from collections.abc import Collection

import numpy as np

from spatialvlm_jax.evaluation.benchmarks.scoring import ROBUST, MarkedReply, Scores
from spatialvlm_jax.units import UNITS

MEASURED = ("length", "area", "volume", "ratio")


def measured_numbers(scores: Scores, dimensions: Collection[str]) -> tuple[np.ndarray, np.ndarray]:
    """What the robust rule has read, NaN where it has read no one number, and the truths.

    Args:
      dimensions: of the questions that count, such as "length". Counts and hours have none.

    Returns:
      float64[N] each, SI units.
    """
    asked = [
        (_said(each) * unit.si, each.item.value * unit.si)
        for each in scores.replies
        if each.item.value is not None
        and (unit := UNITS.get(each.item.unit)) is not None
        and unit.dimension in dimensions
    ]
    predicted, true = np.array(asked, np.float64).reshape(-1, 2).T
    return predicted, true


def _said(reply: MarkedReply) -> float:
    """In the unit of its question."""
    said = reply.marks[ROBUST].said or ""
    try:
        return float(said.removesuffix(reply.item.unit))
    except ValueError:
        return float("nan")
