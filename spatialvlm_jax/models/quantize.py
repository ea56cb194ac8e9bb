"""Which kernels of a model are kept in few bits, and how their parameters are named and counted.

Beside "…/kernel" stand "…/kernel_scale" and, in 4 bits, "…/kernel_blocks": the fields of
`low_bit.LowBit`. `Linear` multiplies by them one layer at a time.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.experiment import ModelConfig
from spatialvlm_jax.models import low_bit
from spatialvlm_jax.models.layers import find_linears

SCALE, BLOCKS = "_scale", "_blocks"
FORMATS: dict[str, Callable[[jax.Array], low_bit.LowBit]] = {
    "int8": low_bit.to_int8,
    "nf4": low_bit.to_nf4,
}
_FORMAT_OF = {np.dtype(np.int8): "int8", np.dtype(np.uint8): "nf4"}


def quantize_linears(model: nnx.Module, config: ModelConfig) -> None:
    """Replaces the kernels of the linear maps that `config.int8` and `config.nf4` name.

    Raises:
      UserError: a pattern names no linear map, both name the same one, or an odd number of inputs
        would have to be kept in 4 bits, two a byte.
    """
    for form, patterns in (("int8", config.int8), ("nf4", config.nf4)):
        for name, linear in find_linears(model, patterns, f"model.{form}"):
            if linear.kernel_scale is not None:
                raise UserError(f"model.int8 and model.nf4 both name {name}: choose one")
            if form == "nf4" and linear.kernel.shape[-2] % 2:
                raise UserError(
                    f"model.nf4 keeps inputs in pairs, {name} has {linear.kernel.shape[-2]}: "
                    "name it in model.int8 instead"
                )
            values, scale, blocks = FORMATS[form](linear.kernel[...])
            linear.kernel, linear.kernel_scale = nnx.Param(values), nnx.Param(scale)
            linear.kernel_blocks = nnx.data(None) if blocks is None else nnx.Param(blocks)


def is_scale(name: str) -> bool:
    """Whether a parameter holds scales of a kernel in few bits, by its name."""
    return name.endswith((f"/kernel{SCALE}", f"/kernel{BLOCKS}"))


def format_of(dtype: Any) -> str:
    """In which of `FORMATS` a kernel is, by the dtype of its values; "" for a plain one."""
    return _FORMAT_OF.get(np.dtype(dtype), "")


def plain_shape(name: str, x: Any) -> tuple[int, ...]:
    """A parameter's shape if it were floats: 4 bits pack the inputs of a kernel in pairs.

    Args:
      name: of the parameter. x: an array or a `jax.ShapeDtypeStruct`.
    """
    if is_scale(name) or format_of(x.dtype) != "nf4":
        return tuple(x.shape)
    *layers, pairs, outputs = x.shape
    return (*layers, 2 * pairs, outputs)


def count_values(name: str, x: Any) -> int:
    """How many of the model's parameters an array holds: none if it is of scales.

    Args: as `plain_shape` takes them.
    """
    return 0 if is_scale(name) else math.prod(plain_shape(name, x))


def stored_dtype(name: str, dtype: Any, compute_dtype: Any) -> jnp.dtype:
    """How a frozen parameter is kept: in the compute dtype, but few bits and scales as made."""
    exact = is_scale(name) or not jnp.issubdtype(dtype, jnp.floating)
    return jnp.dtype(dtype if exact else compute_dtype)


def dequantize(parameters: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Parameters of the same model without kernels in few bits, on the host: those are float32."""
    plain = {name: x for name, x in parameters.items() if not is_scale(name)}
    for kernel in plain:
        if kernel + SCALE in parameters:
            parts = (parameters.get(kernel + part) for part in ("", SCALE, BLOCKS))
            plain[kernel] = low_bit.widen(low_bit.LowBit(*parts))
    return plain
