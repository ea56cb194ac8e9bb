"""Seeded streams of random numbers: the same in every process and on every machine."""

import hashlib
import math
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")


def entropy_of(*names: object) -> int:
    """A 128-bit seed for what `names`, joined by "/", name: such as (seed, image id)."""
    text = "/".join(map(str, names))
    digest = hashlib.blake2b(text.encode(), digest_size=16).digest()
    return int.from_bytes(digest, "little")


class RandomStream:
    """Scalar draws that depend on `entropy` and `block` only.

    Numbers are made in blocks: one at a time NumPy takes longer than most of what they are for.

    Args:
      entropy: names the stream: a number (`entropy_of`), or several, such as (seed, scene index).
      block: numbers made at once. A block is used from its end, so it is part of the stream's name.
    """

    def __init__(self, entropy: int | Sequence[int], block: int = 256) -> None:
        self._generator = np.random.default_rng(entropy)
        self._size = block
        self._block: list[float] = []

    def random(self) -> float:
        """Uniform in [0, 1)."""
        if not self._block:
            self._block = self._generator.random(self._size).tolist()
        return self._block.pop()

    def uniform(self, low: float, high: float) -> float:
        """Uniform in [low, high)."""
        return low + (high - low) * self.random()

    def log_uniform(self, low: float, high: float) -> float:
        """Between `low` and `high`, its logarithm uniform."""
        return low * math.exp(math.log(high / low) * self.random())

    def below(self, number: int) -> int:
        """One of 0, ..., number - 1."""
        return int(self.random() * number)

    def integer(self, low: int, high: int) -> int:
        """One of low, ..., high, both included."""
        return low + self.below(high - low + 1)

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return self.random() < probability

    def choice(self, options: Sequence[T]) -> T:
        """One of `options`, each as likely."""
        return options[self.below(len(options))]

    def weighted_index(self, weights: Sequence[float]) -> int:
        """An index, with probability proportional to its weight."""
        mark = self.random() * sum(weights)
        for index, weight in enumerate(weights):
            mark -= weight
            if mark < 0.0:
                return index
        return len(weights) - 1

    def weighted(self, options: Sequence[T], weights: Sequence[float]) -> T:
        """One of `options`, with probability proportional to its weight."""
        return options[self.weighted_index(weights)]

    def shuffle(self, items: list[T]) -> list[T]:
        """Shuffles in place, and returns the list."""
        for last in range(len(items) - 1, 0, -1):
            other = self.below(last + 1)
            items[last], items[other] = items[other], items[last]
        return items
