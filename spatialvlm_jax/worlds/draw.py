"""A stream of random draws for one scene: fast scalars from one counter-based seed."""

import math
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")
_BLOCK = 256


class Draw:
    """Random scalars that depend on `key` only.

    Args:
      key: integers naming the stream, such as (seed, scene index, attempt).
    """

    def __init__(self, *key: int) -> None:
        self._generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(key)))
        self._block: list[float] = []

    def unit(self) -> float:
        """Uniform in [0, 1)."""
        if not self._block:
            self._block = self._generator.random(_BLOCK).tolist()
        return self._block.pop()

    def uniform(self, low: float, high: float) -> float:
        return low + (high - low) * self.unit()

    def log_uniform(self, low: float, high: float) -> float:
        return low * math.exp(math.log(high / low) * self.unit())

    def integer(self, low: int, high: int) -> int:
        """Uniform among low, ..., high, both included."""
        return low + int(self.unit() * (high - low + 1))

    def chance(self, probability: float) -> bool:
        return self.unit() < probability

    def choice(self, options: Sequence[T]) -> T:
        return options[int(self.unit() * len(options))]

    def weighted(self, options: Sequence[T], weights: Sequence[float]) -> T:
        """One of `options` with probability proportional to its weight."""
        mark = self.unit() * sum(weights)
        for option, weight in zip(options, weights, strict=True):
            mark -= weight
            if mark < 0.0:
                return option
        return options[-1]
