"""Kernels in 8 bits, for weights that are frozen: int8 values with one scale an output channel.

Symmetric and to the nearest (as in LLM.int8(), arXiv 2208.07339, section 2.1, channel by channel),
so no value is off by more than half its channel's scale. `Linear` multiplies by the int8 values and
scales the product, one layer at a time: a float copy of a whole stack never exists.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from spatialvlm_jax.models.layers import find_linears

LARGEST = 127
SCALE = "_scale"


def quantize(kernel: jax.Array) -> tuple[jax.Array, jax.Array]:
    """A kernel in 8 bits.

    Args:
      kernel: float[..., inputs, outputs].

    Returns:
      int8[..., inputs, outputs] and its scale float32[..., outputs]; kernel = values * scale.
    """
    wide = kernel.astype(jnp.float32)
    peak = jnp.abs(wide).max(-2)
    scale = jnp.where(peak > 0, peak, 1.0) / LARGEST
    return jnp.round(wide / scale[..., None, :]).astype(jnp.int8), scale


def quantize_linears(model: nnx.Module, patterns: Sequence[str]) -> None:
    """Replaces the kernels of the linear maps that `patterns` name.

    Raises:
      UserError: a pattern names no linear map.
    """
    for _, linear in find_linears(model, patterns, "model.int8"):
        values, scale = quantize(linear.kernel[...])
        linear.kernel, linear.kernel_scale = nnx.Param(values), nnx.Param(scale)


def is_scale(name: str) -> bool:
    """Whether a parameter is the scale of a kernel in 8 bits, by its name."""
    return name.endswith(f"/kernel{SCALE}")


def stored_dtype(name: str, dtype: Any, compute_dtype: Any) -> jnp.dtype:
    """How a frozen parameter is kept: in the compute dtype, but 8 bits and their scales as made."""
    exact = is_scale(name) or not jnp.issubdtype(dtype, jnp.floating)
    return jnp.dtype(dtype if exact else compute_dtype)


def dequantize(parameters: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Parameters of the same model without kernels in 8 bits, on the host: those are float32."""
    plain = {name: x for name, x in parameters.items() if not is_scale(name)}
    for name in filter(is_scale, parameters):
        kernel = name.removesuffix(SCALE)
        scale = np.asarray(parameters[name], np.float32)[..., None, :]
        plain[kernel] = np.asarray(parameters[kernel], np.float32) * scale
    return plain
