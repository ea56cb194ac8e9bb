"""Where names stand among the tokens of a question."""

from collections.abc import Iterator, Mapping, Sequence

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
        free = (span for span in _spans(prefix, name) if not found[span].any())
        if (span := next(free, None)) is not None:
            found[span] = key
    return found


def count_names(prefix: Tokens, names: Mapping[int, Tokens]) -> dict[int, int]:
    """How often each of `names` stands in `prefix` outside of longer ones, by its key."""
    left, counts = list(prefix), dict.fromkeys(names, 0)
    for key, name in sorted(names.items(), key=lambda item: -len(item[1])):
        for span in _spans(left, name):
            counts[key] += 1
            left[span] = [_TAKEN] * len(name)
    return counts


def _spans(tokens: Sequence[int], name: Tokens) -> Iterator[slice]:
    """Where `name` stands, each place looked up when it is due: `tokens` may change meanwhile."""
    for start in range(len(tokens) - len(name) + 1):
        span = slice(start, start + len(name))
        if tuple(tokens[span]) == tuple(name):
            yield span
