"""Attention over keys that come in parts, so that no square over image and text is ever built.

Axes: B rows, S texts on one image (1 in packed training), Q queries, K keys, N query heads,
G = N / heads of keys (grouped queries), H head size.
"""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx

from spatialvlm_jax.models.layers import Linear

# Finite, so that a row with no visible key stays finite; far enough that exp() gives exactly zero
# beside any visible key, which is what makes segments independent to the bit.
HIDDEN = -1e30


class Keys(NamedTuple):
    """Keys and values that queries may attend to.

    key, value: float[..., K, heads, H]; leading axes of size 1 are shared.
    mask: bool[..., Q or 1, K], True where visible; None where all are.
    """

    key: jax.Array
    value: jax.Array
    mask: jax.Array | None = None


def attend(query: jax.Array, parts: Sequence[Keys]) -> jax.Array:
    """Softmax attention over the union of `parts`; queries are scaled by H^-0.5.

    Every attention of the models goes through here, so another backend has one place to be.

    Args:
      query: float[..., Q, N, H].
      parts: at least one; together they hold all the keys.

    Returns:
      float[..., Q, N, H].
    """
    heads, size = parts[0].key.shape[-2:]
    grouped = query.reshape(*query.shape[:-2], heads, -1, size) * size**-0.5

    def scores(part: Keys) -> jax.Array:
        score = jnp.einsum(
            "...qngh,...knh->...ngqk", grouped, part.key, preferred_element_type=jnp.float32
        )
        if part.mask is None:
            return score
        return jnp.where(part.mask[..., None, None, :, :], score, HIDDEN)

    score = [scores(part) for part in parts]
    peaks = [jax.lax.stop_gradient(s).max(-1, keepdims=True) for s in score]
    peak = peaks[0]
    for other in peaks[1:]:
        peak = jnp.maximum(peak, other)
    weights = [jnp.exp(s - peak) for s in score]
    total = sum(w.sum(-1) for w in weights)
    mixed = sum(
        jnp.einsum("...ngqk,...knh->...qngh", w.astype(query.dtype), part.value)
        for w, part in zip(weights, parts, strict=True)
    )
    scale = jnp.moveaxis(1.0 / total, -1, -3)[..., None]
    return (mixed * scale.astype(query.dtype)).reshape(query.shape)


class Attention(nnx.Module):
    """The four projections of multi-head attention, with fewer key heads if asked."""

    def __init__(
        self,
        width: int,
        *,
        heads: int,
        kv_heads: int,
        head_size: int,
        bias: bool,
        gain: float,
        rngs: nnx.Rngs,
    ) -> None:
        """`gain` scales the initial output, which is added to the residual stream."""
        self.head_size = head_size
        self.query = Linear(width, heads * head_size, bias=bias, rngs=rngs)
        self.key = Linear(width, kv_heads * head_size, bias=bias, rngs=rngs)
        self.value = Linear(width, kv_heads * head_size, bias=bias, rngs=rngs)
        self.out = Linear(heads * head_size, width, bias=bias, rngs=rngs, gain=gain)

    def project(self, x: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        """float[..., L, width] -> query [..., L, N, H], key and value [..., L, heads, H]."""

        def split(y: jax.Array) -> jax.Array:
            return y.reshape(*y.shape[:-1], -1, self.head_size)

        return split(self.query(x)), split(self.key(x)), split(self.value(x))

    def output(self, mixed: jax.Array) -> jax.Array:
        """float[..., L, N, H] -> float[..., L, width]."""
        return self.out(mixed.reshape(*mixed.shape[:-2], -1))
