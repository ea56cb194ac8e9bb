"""How far what models say of their own sureness holds: intervals and spreads against truths."""

import dataclasses
from collections.abc import Iterable

import numpy as np

from spatialvlm_jax.evaluation.distribution import ValueReading, holds_truth

_LEVELS = np.linspace(0.0, 1.0, 21)
_KEPT = (0.5, 0.9)  # levels of the intervals that a reading has
_MOST_PARTS, _FEWEST_IN_PART = 10, 10


@dataclasses.dataclass(frozen=True, eq=False)
class StatedSpreads:
    """N quantities above zero as distributions gave them, SI units.

    true, median: float64[N]. interval_50, interval_90: float64[N, 2], above zero.
    below_truth: float64[N], NaN where it is not known.
    """

    true: np.ndarray
    median: np.ndarray
    interval_50: np.ndarray
    interval_90: np.ndarray
    below_truth: np.ndarray

    def __len__(self) -> int:
        return len(self.true)

    @classmethod
    def of(cls, read: Iterable[tuple[ValueReading | None, float]]) -> "StatedSpreads":
        """Those readings, each with its truth, of which all but the share below it is finite and
        above zero; None is no reading."""
        columns = np.array(
            [
                (truth, each.median, *each.interval_50, *each.interval_90, each.below_truth)
                for each, truth in read
                if each is not None
            ],
            np.float64,
        ).reshape(-1, 7)
        known = columns[:, :6]
        kept = columns[(np.isfinite(known) & (known > 0)).all(1)]
        return cls(kept[:, 0], kept[:, 1], kept[:, 2:4], kept[:, 4:6], kept[:, 6])


def coverage(spreads: StatedSpreads) -> tuple[np.ndarray, np.ndarray]:
    """Of central intervals the nominal levels float64[L] and the shares that hold the truth.

    Every twentieth level; the two of the kept intervals where no more is known. A model whose
    sureness holds has equal ones.
    """
    if np.isfinite(spreads.below_truth).all():
        off = np.abs(2 * spreads.below_truth - 1)
        # A truth beyond everything that was held possible is in no interval, the widest one too.
        held = np.array([np.mean((off <= level) & (off < 1)) for level in _LEVELS])
        return _LEVELS, held
    held = np.array(
        [
            holds_truth(interval, spreads.true).mean()
            for interval in (spreads.interval_50, spreads.interval_90)
        ]
    )
    return np.array(_KEPT), held


def errors_by_spread(spreads: StatedSpreads) -> tuple[np.ndarray, np.ndarray]:
    """By which factor half of the answers are off at most: as is stated, and as is found.

    Half of the truths should lie in the interval of 50 %, so half of the medians off by no more
    than half its width. Answers are parted by that into up to ten equal parts of ten or more.

    Returns:
      float64[P] each, factors of at least 1: the medians of each part, the surest part first.
    """
    stated = np.sqrt(spreads.interval_50[:, 1] / spreads.interval_50[:, 0])
    found = np.exp(np.abs(np.log(spreads.median / spreads.true)))
    order = np.argsort(stated, kind="stable")
    count = min(_MOST_PARTS, max(1, len(order) // _FEWEST_IN_PART))
    parts = [part for part in np.array_split(order, count) if len(part)]
    return (
        np.array([np.median(stated[part]) for part in parts]),
        np.array([np.median(found[part]) for part in parts]),
    )
