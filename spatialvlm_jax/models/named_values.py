"""What a model holds of the things that questions name, half-way to its answer.

Axes: B images, S questions on each, P prefix tokens, V dense values.
"""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
from flax import nnx
from jaxtyping import Float, Float32, Int32

from spatialvlm_jax.batch import Array
from spatialvlm_jax.models.generate import run_questions
from spatialvlm_jax.models.kept_programs import KeptProgram
from spatialvlm_jax.models.vlm import VLM, SplitModel


def read_named_values(
    model: VLM | SplitModel,
    embeddings: Sequence[Float[Array, "N D"]],
    prefix_tokens: Int32[Array, "B S P"],
    prefix_lengths: Int32[Array, "B S"],
    camera_words: Int32[Array, "B C"] | None = None,
) -> Float32[Array, "B S P V"]:
    """What `VLM.mentions` says at each token of questions; arguments as `read_behind_images` has.

    At the last token of a name it is of what is named; elsewhere it is of nothing. Raises
    ValueError where the model has no dense head.
    """
    asked = (camera_words, prefix_tokens, prefix_lengths)
    return _read(*SplitModel.of(model), tuple(embeddings), *asked)


@KeptProgram
def _read(
    definition: Any,
    state: Any,
    embeddings: tuple[Float[Array, "N D"], ...],
    words: Int32[Array, "B C"] | None,
    tokens: Int32[Array, "B S P"],
    lengths: Int32[Array, "B S"],
) -> Float32[Array, "B S P V"]:
    model: VLM = nnx.merge(definition, state)
    _, _, kept, _ = run_questions(model, jnp.stack(embeddings), words, tokens, lengths)
    if kept.halfway is None:
        raise ValueError("this model has no dense head: build it with a DenseConfig")
    values = model.mentions(kept.halfway.reshape(-1, *kept.halfway.shape[-2:]))
    return values.reshape(*tokens.shape, values.shape[-1])
