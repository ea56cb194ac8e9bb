"""Seeded draws for one image."""

import hashlib
from typing import TypeVar

import numpy as np

T = TypeVar("T")


class Draws:
    """A stream of draws that depends on (image_id, seed) only, in every process alike.

    Numbers are made in blocks: one at a time they would cost more than wording a question.
    """

    def __init__(self, image_id: str, seed: int) -> None:
        digest = hashlib.blake2b(f"{seed}/{image_id}".encode(), digest_size=16).digest()
        self._generator = np.random.default_rng(int.from_bytes(digest, "little"))
        self._block: list[float] = []

    def uniform(self) -> float:
        """In [0, 1)."""
        if not self._block:
            self._block = self._generator.random(512).tolist()
        return self._block.pop()

    def below(self, number: int) -> int:
        """One of 0..number-1."""
        return int(self.uniform() * number)

    def shuffle(self, items: list[T]) -> list[T]:
        """Shuffles in place, and returns the list."""
        for last in range(len(items) - 1, 0, -1):
            other = self.below(last + 1)
            items[last], items[other] = items[other], items[last]
        return items

    def weighted(self, weights: list[float]) -> int:
        """An index, by weight."""
        target = self.uniform() * sum(weights)
        for index, weight in enumerate(weights):
            target -= weight
            if target < 0:
                return index
        return len(weights) - 1
