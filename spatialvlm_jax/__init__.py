"""SpatialVLM-JAX: teach vision-language models to measure space."""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spatialvlm_jax.inference.loaded_model import LoadedModel

__version__ = "0.2.0"


def load(
    where: str | os.PathLike[str],
    tokenizer: str = "",
    untaught: bool = False,
    unseen: bool = False,
) -> "LoadedModel":
    """A model to ask: `load("small128").ask("room.png", ["How far is the chair from the table?"])`.

    As `inference.load.load_to_ask`, which is imported, with JAX, at the first call.
    """
    from spatialvlm_jax.inference.load import load_to_ask

    return load_to_ask(where, tokenizer, untaught, unseen)
