"""How sure a benchmark's headline is: a weighted mean of marks that share pictures."""

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from spatialvlm_jax.evaluation.benchmarks.item import Item, Marked, Weights
from spatialvlm_jax.evaluation.statistics.clusters import ClusteredRatio, clustered_ratio


def nested_weights(*keys: Callable[[Item], str]) -> Weights:
    """Groups weigh alike, then the groups inside each of them, then the questions in those.

    Args:
      keys: the group of a question at each level, the widest first.
    """

    def weights(items: Sequence[Item]) -> np.ndarray:
        paths = [tuple(key(item) for key in keys) for item in items]
        counts = Counter(paths)
        children: dict[tuple[str, ...], set[str]] = {}
        for path in counts:
            for level in range(len(path)):
                children.setdefault(path[:level], set()).add(path[level])
        shares = {
            path: 1 / np.prod([len(children[path[:level]]) for level in range(len(path))])
            for path in counts
        }
        return np.array([shares[path] / counts[path] for path in paths])

    return weights


def headline_of(marked: Marked, weights: Weights) -> ClusteredRatio:
    """The weighted mean of the marks, with its error over pictures.

    Raises:
      ValueError: no question has a weight.
    """
    items = [item for item, _ in marked]
    scores = np.array([mark.score for _, mark in marked])
    shares = weights(items)
    kept = shares > 0
    _, pictures = np.unique([item.image_id for item in items], return_inverse=True)
    return clustered_ratio((shares * scores)[kept], shares[kept], pictures[kept])
