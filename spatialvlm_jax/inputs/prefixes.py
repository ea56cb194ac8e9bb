"""Questions as arrays of tokens."""

from collections.abc import Sequence

import numpy as np

Tokens = Sequence[int]


def pad_prefixes(
    prefixes: Sequence[Tokens], slots: int, width: int
) -> tuple[np.ndarray, np.ndarray]:
    """Right-pads the prefixes of one image.

    Args:
      prefixes: at most `slots` sequences of at most `width` tokens.
    Returns:
      tokens: int32[slots, width], 0 after the end of each prefix.
      lengths: int32[slots], 0 where there is no prefix.
    Raises:
      ValueError: too many prefixes, or one that is too long.
    """
    if len(prefixes) > slots:
        raise ValueError(f"{len(prefixes)} prefixes do not fit into {slots} slots")
    tokens = np.zeros((slots, width), np.int32)
    lengths = np.zeros(slots, np.int32)
    for slot, prefix in enumerate(prefixes):
        if len(prefix) > width:
            raise ValueError(f"a prefix of {len(prefix)} tokens does not fit into {width}")
        tokens[slot, : len(prefix)] = prefix
        lengths[slot] = len(prefix)
    return tokens, lengths
