"""Where the things are that a question names, from what a model holds at their names."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from spatialvlm_jax.inputs.name_tokens import count_names, encode_name, find_names
from spatialvlm_jax.inputs.prefixes import Tokens
from spatialvlm_jax.inputs.tokenizer import Tokenizer
from spatialvlm_jax.scene.object_values import FARTHEST_METRES, object_places


class NamingQuestion(NamedTuple):
    """A question as it is put to a model, and names that stand in it."""

    words: str
    names: tuple[str, ...]

    def is_clear(self, tokenizer: Tokenizer) -> bool:
        """Whether each name stands in it once: elsewhere it would be of something else."""
        names = dict(enumerate(encode_name(tokenizer, name) for name in self.names))
        counts = count_names(tokenizer.encode_prefix(self.words), names)
        return len(set(self.names)) == len(self.names) and set(counts.values()) == {1}


def named_places(
    tokenizer: Tokenizer, prefix: Tokens, names: Sequence[str], values: np.ndarray
) -> np.ndarray:
    """Where each of `names` is: float64[names, 3], metres, canonical frame, seen from the camera.

    Args:
      prefix: the tokens of a question.
      values: float[P, V], what the model holds at each of them, P of them or more.

    Returns:
      NaN where a name does not stand in the question, or the model says no number.
    """
    numbers = {place: encode_name(tokenizer, name) for place, name in enumerate(names, 1)}
    found = find_names(prefix, numbers)
    places = np.full((len(names), 3), np.nan)
    for place in numbers:
        tokens = np.flatnonzero(found == place)
        if tokens.size:
            with np.errstate(over="ignore", invalid="ignore"):
                places[place - 1] = object_places(values[tokens[-1]])
    with np.errstate(invalid="ignore"):
        is_place = (np.abs(places) < FARTHEST_METRES).all(axis=1, keepdims=True)
    return np.where(is_place, places, np.nan)
