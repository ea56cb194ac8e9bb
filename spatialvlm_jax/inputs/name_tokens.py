"""Where names stand among the tokens of a question."""

from collections.abc import Mapping

import numpy as np

from spatialvlm_jax.inputs.prefixes import Tokens


def find_names(prefix: Tokens, names: Mapping[int, Tokens]) -> np.ndarray:
    """Which name each token of `prefix` is part of: int64[tokens], a key of `names`; 0 for none.

    Each name is looked for where it first stands outside of longer ones: "mug" is not that of
    "red mug".
    """
    found = np.zeros(len(prefix), np.int64)
    for key, name in sorted(names.items(), key=lambda item: -len(item[1])):
        size = len(name)
        for start in range(len(prefix) - size + 1):
            span = slice(start, start + size)
            if tuple(prefix[span]) == tuple(name) and not found[span].any():
                found[span] = key
                break
    return found
