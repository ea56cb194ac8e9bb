"""Pure numpy: the fields of packed rows.

Axes: L text tokens a row. The layout of a row is drawn in `spatialvlm_jax.batch`.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from spatialvlm_jax.inputs.prefixes import Tokens

Pair = tuple[Tokens, Tokens]


@dataclasses.dataclass(frozen=True)
class BatchRow:
    """The text fields of one row of a `Batch`, without its batch axis.

    tokens, targets, segment_ids, positions: int32[L]. suffix_mask, loss_mask: bool[L].
    """

    tokens: np.ndarray
    targets: np.ndarray
    segment_ids: np.ndarray
    positions: np.ndarray
    suffix_mask: np.ndarray
    loss_mask: np.ndarray

    @property
    def fill(self) -> float:
        """The part of the row that is not padding."""
        return float(np.mean(self.segment_ids > 0))


def choose_pairs(
    lengths: Sequence[int],
    budget: int,
    limit: int,
    rng: np.random.Generator,
    block_length: int = 0,
) -> list[int]:
    """Which pairs to pack: all are tried in random order, and each is taken that still fits.

    Args:
      lengths: tokens of each pair, prefix and suffix together.
      budget: tokens a row holds.
      limit: at most this many pairs.
      block_length: no pair may cross a multiple of it; 0: the row is one block.
    Returns:
      indices of the pairs taken, block after block, within a block in the order tried; empty if
      not one fits.
    """
    size = block_length or budget
    left = [size] * (budget // size)
    blocks: list[list[int]] = [[] for _ in left]
    count = 0
    for index in rng.permutation(len(lengths)).tolist():
        block = next((i for i, room in enumerate(left) if lengths[index] <= room), None)
        if block is None:
            continue
        blocks[block].append(index)
        left[block] -= lengths[index]
        count += 1
        if count == limit:
            break
    return [index for block in blocks for index in block]


def pack_row(pairs: Sequence[Pair], length: int, block_length: int = 0) -> BatchRow:
    """Packs pairs of (prefix, suffix) tokens, in order, into one row of `length` tokens.

    A prefix ends with the newline whose target is the first suffix token, so loss begins one
    token before the suffix; the last suffix token (EOS) has no target. A pair that would cross a
    multiple of `block_length` starts at that multiple instead; 0 takes the row as one block.

    Raises:
      ValueError: the pairs do not fit, or a prefix or suffix is empty.
    """
    size = block_length or length
    tokens, targets, segment_ids, positions = np.zeros((4, length), np.int32)
    suffix_mask, loss_mask = np.zeros((2, length), np.bool_)
    start = 0
    for segment, (prefix, suffix) in enumerate(pairs, 1):
        if not prefix or not suffix:
            raise ValueError("a prefix and a suffix need at least one token each")
        total = len(prefix) + len(suffix)
        if start % size + total > size:
            start += -start % size
        middle = start + len(prefix)
        stop = start + total
        if stop > length or total > size:
            raise ValueError(f"pair {segment} of {total} tokens does not fit into the row")
        tokens[start:middle] = prefix
        tokens[middle:stop] = suffix
        targets[middle - 1 : stop - 1] = suffix
        segment_ids[start:stop] = segment
        positions[start:stop] = np.arange(total)
        suffix_mask[middle:stop] = True
        loss_mask[middle - 1 : stop - 1] = True
        start = stop
    return BatchRow(tokens, targets, segment_ids, positions, suffix_mask, loss_mask)
