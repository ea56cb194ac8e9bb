"""Where names stand among the tokens of a question."""

from collections.abc import Mapping

import numpy as np

from spatialvlm_jax.inputs.prefixes import Tokens
from spatialvlm_jax.inputs.tokenizer import Tokenizer

_BEFORE, _TAKEN = "the", -1


def encode_name(tokenizer: Tokenizer, name: str) -> Tokens:
    """The tokens of a name where it stands in a sentence, which some tokenizers write otherwise at
    the beginning of one."""
    return tokenizer.encode(f"{_BEFORE} {name}")[len(tokenizer.encode(_BEFORE)) :]


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


def count_names(prefix: Tokens, names: Mapping[int, Tokens]) -> dict[int, int]:
    """How often each of `names` stands in `prefix` outside of longer ones, by its key."""
    left, counts = list(prefix), dict.fromkeys(names, 0)
    for key, name in sorted(names.items(), key=lambda item: -len(item[1])):
        size = len(name)
        for start in range(len(left) - size + 1):
            if tuple(left[start : start + size]) == tuple(name):
                counts[key] += 1
                left[start : start + size] = [_TAKEN] * size
    return counts
