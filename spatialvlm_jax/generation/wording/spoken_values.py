"""All quantities that an answer can say, from small to large, in the units it may speak."""

import dataclasses
import functools

import numpy as np

from spatialvlm_jax.generation.wording.phrasing import format_quantity
from spatialvlm_jax.questions import Precision
from spatialvlm_jax.units import DIMENSIONS, SI

# SI units: what rooms, desks and streets have in them. Angles have a direction, and zero.
RANGES: dict[str, tuple[float, float]] = {
    "length": (0.02, 50.0),
    "area": (0.001, 100.0),
    "volume": (1e-5, 100.0),
    "ratio": (1.0, 20.0),
}
_STEPS = 4000


@dataclasses.dataclass(frozen=True, eq=False)
class SpokenValues:
    """What can be said of one quantity, unit after unit, each rising.

    texts: the answers, such as "2.1 m".
    low, high: float64[A], logarithms of the SI units between which each one is said.
    units: int64[A], which unit it is said in.
    """

    texts: tuple[str, ...]
    low: np.ndarray
    high: np.ndarray
    units: np.ndarray

    def spread(self, count: int) -> np.ndarray:
        """Indices int64[B] of at most `count` answers, spaced evenly in ratio in each unit."""
        each = max(2, count // (int(self.units.max()) + 1))
        chosen = []
        for unit in np.unique(self.units):
            of_unit = np.flatnonzero(self.units == unit)
            middles = (self.low + self.high)[of_unit] / 2
            wanted = np.linspace(middles[0], middles[-1], min(each, len(of_unit)))
            chosen.append(of_unit[np.abs(middles[:, None] - wanted).argmin(0)])
        return np.unique(np.concatenate(chosen))[:count]


@functools.cache
def spoken_values(units: tuple[str, ...], precision: Precision = "human") -> SpokenValues:
    """What can be said in some units of one dimension, within `RANGES`.

    Args:
      units: keys of `units.SI`; none of an angle.

    Raises:
      ValueError: no unit, or an angle.
    """
    if not units or any(DIMENSIONS[unit] not in RANGES for unit in units):
        raise ValueError(f"no quantity spaced in ratio is said in {units}")
    texts: list[str] = []
    low, high, places = [], [], []
    for place, unit in enumerate(units):
        values = np.geomspace(*RANGES[DIMENSIONS[unit]], _STEPS)
        said = list(dict.fromkeys(format_quantity(float(v), unit, 0.0, precision) for v in values))
        numbers = np.array([float(text.split()[0]) for text in said]) * SI[unit]
        keep = np.concatenate([[True], np.diff(numbers) > 0]) & (numbers > 0)
        numbers = numbers[keep]
        middles = np.log((numbers[1:] + numbers[:-1]) / 2)
        first = 2 * np.log(numbers[0]) - middles[0]
        last = 2 * np.log(numbers[-1]) - middles[-1]
        texts += [text for text, kept in zip(said, keep, strict=True) if kept]
        low.append(np.concatenate([[first], middles]))
        high.append(np.concatenate([middles, [last]]))
        places.append(np.full(len(numbers), place))
    return SpokenValues(
        tuple(texts), np.concatenate(low), np.concatenate(high), np.concatenate(places)
    )
