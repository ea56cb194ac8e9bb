"""The head of the dense loss: what patches show and names mean, read linearly.

Axes: B rows, N image tokens, E encoder width, C classes of patches, K of colours, V dense values.
"""

from typing import NamedTuple

import jax.numpy as jnp
from flax import nnx
from jaxtyping import Float, Float32

from spatialvlm_jax.batch import CAMERA_VALUES, Array, Missing
from spatialvlm_jax.experiment import DenseConfig, ModelConfig
from spatialvlm_jax.models.layers import Linear, RMSNorm


class PatchPredictions(NamedTuple):
    """What the dense head says of each patch.

    labels: logits of its label; with `colors`, of its category. colors: logits of its colour.
    values: regression targets. camera: of `batch.DenseTargets.camera`. None where not asked.
    """

    labels: Float32[Array, "B N C"]
    values: Float32[Array, "B N V"]
    colors: Float32[Array, "B N K"] | Missing
    camera: Float32[Array, "B N 4"] | Missing


class DenseHead(nnx.Module):
    """What patches show and names mean, read linearly: auxiliary targets."""

    def __init__(self, config: ModelConfig, dense: DenseConfig, *, rngs: nnx.Rngs) -> None:
        """Classes and regression targets of a patch and of a name, as many as `dense` says.

        What a setting adds is drawn last, so that all else is drawn as without it.
        """

        def linear(inputs: int, outputs: int) -> Linear:
            return Linear(inputs, outputs, bias=True, rngs=rngs, gain=0.1)

        width, values = config.encoder.width, dense.values
        # Other names where a file of joint labels would not fit.
        labels = linear(width, dense.categories if dense.colors else dense.labels)
        if dense.colors:
            self.categories = labels
        else:
            self.labels = labels
        self.values = linear(width, values)
        self.mention_norm = RMSNorm(config.decoder.width)
        self.mentions = linear(config.decoder.width, values)
        self.colors = nnx.data(linear(width, dense.colors) if dense.colors else None)
        self.camera = nnx.data(linear(width, CAMERA_VALUES) if dense.camera else None)

    def __call__(self, features: Float[Array, "B N E"]) -> PatchPredictions:
        def read(linear: Linear | None) -> Float32[Array, "B N _"] | Missing:
            return None if linear is None else linear(features).astype(jnp.float32)

        labels = self.labels if self.colors is None else self.categories
        return PatchPredictions(
            *(read(linear) for linear in (labels, self.values, self.colors, self.camera))
        )
