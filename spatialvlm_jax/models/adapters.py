"""Low-rank adapters (LoRA, Hu et al., arXiv 2106.09685): W becomes W + (alpha / rank) A B.

The sum is never formed while training: y = x W + (alpha / rank) (x A) B. B starts at zero, so that
an adapted model begins as the model it adapts.
"""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Float

from spatialvlm_jax.batch import Array
from spatialvlm_jax.experiment import AdapterConfig
from spatialvlm_jax.models.layers import Linear, draw_numbers, find_linears

_MARK = "/adapter/"


class Adapter(nnx.Module):
    """What is added to the result of one linear map, or of one in each layer of a stack."""

    def __init__(self, linear: Linear, rank: int, alpha: float, *, rngs: nnx.Rngs) -> None:
        """a: float32[..., inputs, rank], normal of variance 1 / inputs; b: zeros, to outputs."""
        *layers, inputs, outputs = linear.kernel.shape
        noise = draw_numbers(jax.random.normal, rngs, (*layers, inputs, rank))
        self.a = nnx.Param(noise * inputs**-0.5)
        self.b = nnx.Param(jnp.zeros((*layers, rank, outputs), jnp.float32))
        self.scale = alpha / rank

    def __call__(self, x: Float[Array, "T inputs"]) -> Float[Array, "T outputs"]:
        return (x @ self.a[...].astype(x.dtype)) @ self.b[...].astype(x.dtype) * self.scale


def attach(model: nnx.Module, config: AdapterConfig, *, rngs: nnx.Rngs) -> None:
    """Gives adapters to the linear maps that `config.targets` name, if its rank is not 0.

    Raises:
      UserError: a target names no linear map.
    """
    if config.rank:
        for _, linear in find_linears(model, config.targets, "model.adapters.targets"):
            linear.adapter = Adapter(linear, config.rank, config.alpha, rngs=rngs)


def is_adapter(name: str) -> bool:
    """Whether a parameter is of an adapter, by its name."""
    return _MARK in name


def merge(parameters: Mapping[str, np.ndarray], config: AdapterConfig) -> dict[str, np.ndarray]:
    """Parameters of the same model without adapters: the updates are added to the kernels.

    Args:
      parameters: on the host, by name.
      config: what they were trained with.
    """
    merged = {name: x for name, x in parameters.items() if not is_adapter(name)}
    for name in parameters:
        owner, mark, matrix = name.partition(_MARK)
        if mark and matrix == "a":
            a, b = (np.asarray(parameters[owner + mark + side], np.float32) for side in "ab")
            kernel = np.asarray(merged[f"{owner}/kernel"], np.float32)
            merged[f"{owner}/kernel"] = kernel + config.alpha / config.rank * (a @ b)
    return merged
