"""Linear maps by kernels in 8 or 4 bits, for weights that are frozen: functions on arrays.

int8: symmetric, to the nearest, one scale an output (LLM.int8(), arXiv 2208.07339, section 2.1).

nf4: 4-bit NormalFloat in blocks of 64 inputs (QLoRA, arXiv 2305.14314, section 3). A block's scale
is kept in 8 bits too, as a share of its output's largest: 4 + 8 / 64 + 32 / inputs bits a weight.
Shares are squares of n / 255, because outputs with one large block need small ones finely.
"""

from collections.abc import Callable
from statistics import NormalDist
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Float32, Int8, UInt8

from spatialvlm_jax.batch import AnyArray, Array, Missing

LARGEST = 127  # of int8, symmetric
LARGEST_SHARE = 255
BLOCK = 64


class LowBit(NamedTuple):
    """A kernel, or a stack of them, in few bits.

    values: int8, or for nf4 uint8, where the low half of a byte is the code of an even input and
      the high half that of the next.
    scale: of each output.
    blocks: None, or for nf4 square roots of shares, one for each 64 inputs or what is left of them.
    """

    values: Int8[AnyArray, "*layers inputs outputs"] | UInt8[AnyArray, "*layers pairs outputs"]
    scale: Float32[AnyArray, "*layers outputs"]
    blocks: UInt8[AnyArray, "*layers blocks outputs"] | Missing = None


def normal_float() -> Float32[np.ndarray, "16"]:
    """The 16 values of NF4, ascending (QLoRA, appendix E).

    Quantiles of the normal distribution, evenly spaced in probability on each side of an exact
    zero, over [-1, 1]; the positive side has one more.
    """
    tail = (1 / 32 + 1 / 30) / 2
    negative, positive = (
        [NormalDist().inv_cdf(p) for p in np.linspace(tail, 0.5, count + 1)[:-1]]
        for count in (7, 8)
    )
    values = [*negative, 0.0, *(-x for x in reversed(positive))]
    return np.asarray(values, np.float32) / np.float32(values[-1])


NORMAL_FLOAT = normal_float()


def to_int8(kernel: Float[Array, "*layers inputs outputs"]) -> LowBit:
    """A kernel in 8 bits: no value is off by more than half a scale."""
    wide = kernel.astype(jnp.float32)
    peak = jnp.abs(wide).max(-2)
    scale = jnp.where(peak > 0, peak, 1.0) / LARGEST
    return LowBit(jnp.round(wide / scale[..., None, :]).astype(jnp.int8), scale)


def to_nf4(kernel: Float[Array, "*layers inputs outputs"]) -> LowBit:
    """A kernel in 4 bits; `inputs` must be even.

    Codes are the nearest under the scales as they are kept.
    """
    *layers, inputs, outputs = kernel.shape
    missing = [(0, 0)] * len(layers) + [(0, -inputs % BLOCK), (0, 0)]
    wide = jnp.pad(kernel.astype(jnp.float32), missing)
    wide = wide.reshape(*layers, -1, BLOCK, outputs)
    peak = jnp.abs(wide).max(-2)
    largest = peak.max(-2)
    scale = jnp.where(largest > 0, largest, 1.0)
    share = jnp.sqrt(peak / scale[..., None, :])
    blocks = jnp.round(share * LARGEST_SHARE).astype(jnp.uint8)
    step = _shares(blocks) * scale[..., None, :]
    relative = wide / jnp.where(step > 0, step, 1.0)[..., None, :]
    middles = (NORMAL_FLOAT[1:] + NORMAL_FLOAT[:-1]) / 2
    codes = sum((relative > middle).astype(jnp.uint8) for middle in middles)
    codes = jnp.asarray(codes).reshape(*layers, -1, outputs)[..., :inputs, :]
    return LowBit(codes[..., ::2, :] | codes[..., 1::2, :] << 4, scale, blocks)


def _shares(blocks: UInt8[AnyArray, "*shape"]) -> Float32[AnyArray, "*shape"]:
    share = blocks.astype(np.float32) / LARGEST_SHARE
    return share * share


def _unscaled_nf4(
    kernel: LowBit, look_up: Callable[[Any], Any]
) -> Float32[AnyArray, "*layers inputs outputs"]:
    """To be multiplied by `scale`; of NumPy or JAX arrays."""
    *layers, pairs, outputs = kernel.values.shape
    halves = np.asarray([[0], [4]], np.uint8)
    codes = kernel.values[..., None, :] >> halves & 15
    codes = codes.reshape(*layers, 2 * pairs, outputs)
    shares = _shares(kernel.blocks).repeat(BLOCK, axis=-2)[..., : 2 * pairs, :]
    return look_up(codes) * shares


def _select(codes: UInt8[Array, "*shape"]) -> Float32[Array, "*shape"]:
    """`NORMAL_FLOAT[codes]` by comparisons, which every compiler fuses into what uses them."""
    # `jnp.where` is a function of its own to JAX, which would carry 16 full constants into a scan.
    values = [jnp.full_like(codes, value, np.float32) for value in NORMAL_FLOAT]
    for bit in range(4):
        high = codes >> bit & 1 == 1
        pairs = zip(values[::2], values[1::2], strict=True)
        values = [jax.lax.select(high, odd, even) for even, odd in pairs]
    return values[0]


def widen(kernel: LowBit) -> Float32[np.ndarray, "*layers inputs outputs"]:
    """The kernel as plain numbers, on the host."""
    host = LowBit(*(x if x is None else np.asarray(x) for x in kernel))
    if host.blocks is None:
        unscaled = host.values.astype(np.float32)
    else:
        unscaled = _unscaled_nf4(host, NORMAL_FLOAT.__getitem__)
    return unscaled * host.scale.astype(np.float32)[..., None, :]


def _matrix(kernel: LowBit, dtype: Any) -> Float[Array, "inputs outputs"]:
    """Without the scale."""
    if kernel.blocks is None:
        return kernel.values.astype(dtype)
    return _unscaled_nf4(kernel, _select).astype(dtype)


@jax.custom_vjp
def product(x: Float[Array, "T inputs"], kernel: LowBit) -> Float[Array, "T outputs"]:
    """x @ kernel for a kernel that does not train, widened for as long as the product takes.

    In the dtype of x, scaled and rounded once; `kernel` is no stack.
    """
    matrix = _matrix(kernel, x.dtype)
    unscaled = jnp.matmul(x, matrix, preferred_element_type=jnp.float32)
    return (unscaled * kernel.scale).astype(x.dtype)


def _product_forward(
    x: Float[Array, "T inputs"], kernel: LowBit
) -> tuple[Float[Array, "T outputs"], LowBit]:
    # Keeping the kernel as it is, not as a float copy of every layer, is what few bits are for.
    return product(x, kernel), kernel


def _product_backward(
    kernel: LowBit, gradient: Float[Array, "T outputs"]
) -> tuple[Float[Array, "T inputs"], None]:
    scaled = (gradient.astype(jnp.float32) * kernel.scale).astype(gradient.dtype)
    return scaled @ _matrix(kernel, gradient.dtype).T, None


product.defvjp(_product_forward, _product_backward)
