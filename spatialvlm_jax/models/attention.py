"""Attention over keys that come in parts, so that no square over image and text is ever built.

Axes: B rows, S texts on one image (1 in packed training), Q queries, K keys, N query heads,
G = N / heads of keys (grouped queries), H head size.
"""

import functools
from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
from absl import flags
from flax import nnx

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.experiment import AttentionBackend
from spatialvlm_jax.models.layers import Linear

# Finite, so that a row with no visible key stays finite; far enough that exp() gives exactly zero
# beside any visible key, which is what makes segments independent to the bit.
HIDDEN = -1e30


class Keys(NamedTuple):
    """Keys and values that queries may attend to; `lead_with_heads` makes them.

    key, value: float[B, heads, S, K, H], or float[B, heads, 1, K, H] where all texts share them.
    mask: bool[B, S, Q, K] (axes S and Q may be 1), True where visible; None where all are.
    """

    key: jax.Array
    value: jax.Array
    mask: jax.Array | None = None


def lead_with_heads(key: jax.Array, value: jax.Array) -> Keys:
    """Keys from projections float[B, S, K, heads, H], laid out once for many products."""
    return Keys(key.transpose(0, 3, 1, 2, 4), value.transpose(0, 3, 1, 2, 4))


def softcap(x: jax.Array, limit: float) -> jax.Array:
    """limit * tanh(x / limit), or x itself where the limit is 0."""
    return limit * jnp.tanh(x / limit) if limit else x


def attend(
    query: jax.Array,
    parts: Sequence[Keys],
    *,
    scale: float = 0.0,
    score_limit: float = 0.0,
    backend: AttentionBackend = "dense",
) -> jax.Array:
    """Softmax attention over the union of `parts`.

    Every attention of the models goes through here. A query alone (in decoding) is always computed
    densely: there is no square of scores to save, and shared keys need no copies.

    Args:
      query: float[B, S, Q, N, H].
      parts: at least one; together they hold all the keys.
      scale: of the queries; 0 takes H^-0.5.
      score_limit: softcap of the scores, applied before the mask; 0 for none.
      backend: what computes it; all give the same to rounding.

    Returns:
      float[B, S, Q, N, H].

    Raises:
      UserError: the backend cannot do this; what to use.
    """
    scale = scale or query.shape[-1] ** -0.5
    if backend == "dense" or query.shape[2] == 1:
        return _attend_densely(query, parts, scale, score_limit)
    return _attend_by_library(backend, query, parts, scale, score_limit)


def _attend_densely(
    query: jax.Array, parts: Sequence[Keys], scale: float, score_limit: float
) -> jax.Array:
    rows, texts, queries, _, size = query.shape
    heads = parts[0].key.shape[1]
    # Heads lead and the queries of a group lie in one axis: each product is a batch of plain
    # matrix products, twice as fast on CPU as leaving the layout to the compiler.
    grouped = (query * scale).reshape(rows, texts, queries, heads, -1, size)
    grouped = grouped.transpose(0, 3, 1, 4, 2, 5)
    scores = [_scores(grouped, part, score_limit) for part in parts]
    peaks = [jax.lax.stop_gradient(score).max(-1, keepdims=True) for score in scores]
    peak = functools.reduce(jnp.maximum, peaks)
    weights = [jnp.exp(score - peak) for score in scores]
    total = sum(weight.sum(-1, keepdims=True) for weight in weights)
    mixed = jax.tree.reduce(
        jnp.add,
        [
            _mix(weight.astype(query.dtype), part)
            for weight, part in zip(weights, parts, strict=True)
        ],
    )
    result = (mixed / total).astype(query.dtype)
    return result.transpose(0, 2, 4, 1, 3, 5).reshape(query.shape)


def _flat(grouped: jax.Array, texts: int) -> jax.Array:
    """[B, heads, S, G, Q, X] -> [B, heads, texts, -1, X]: shared keys meet all texts at once."""
    return grouped.reshape(*grouped.shape[:2], texts, -1, grouped.shape[-1])


def _scores(grouped: jax.Array, part: Keys, limit: float) -> jax.Array:
    """Masked products of queries [B, heads, S, G, Q, H] and keys: float32[B, heads, S, G, Q, K]."""
    product = jnp.einsum(
        "bnsqh,bnskh->bnsqk",
        _flat(grouped, part.key.shape[2]),
        part.key,
        preferred_element_type=jnp.float32,
    )
    score = softcap(product, limit).reshape(*grouped.shape[:-1], part.key.shape[3])
    if part.mask is None:
        return score
    return jnp.where(part.mask[:, None, :, None], score, HIDDEN)


def _mix(weight: jax.Array, part: Keys) -> jax.Array:
    """Weighted sums of values: [B, heads, S, G, Q, K] -> float32[B, heads, S, G, Q, H]."""
    mixed = jnp.einsum(
        "bnsqk,bnskh->bnsqh",
        _flat(weight, part.value.shape[2]),
        part.value,
        preferred_element_type=jnp.float32,
    )
    return mixed.reshape(*weight.shape[:-1], part.value.shape[-1])


def _attend_by_library(
    backend: AttentionBackend,
    query: jax.Array,
    parts: Sequence[Keys],
    scale: float,
    score_limit: float,
) -> jax.Array:
    """As `attend`, by a library that wants all keys of a text in one array.

    Each text becomes a row of its own, with copies of the keys that it shares.
    """
    if score_limit and backend != "tokamax":
        raise UserError(
            f'model.attention_backend "{backend}" has no softcap on scores, which this decoder has '
            f'({score_limit:g}): use "tokamax" or "dense"'
        )
    rows, texts = query.shape[:2]

    def by_text(x: jax.Array) -> jax.Array:
        shared = jnp.broadcast_to(x, (*x.shape[:2], texts, *x.shape[3:]))
        return shared.transpose(0, 2, 3, 1, 4).reshape(rows * texts, x.shape[3], -1, x.shape[4])

    key = jnp.concatenate([by_text(part.key) for part in parts], axis=1)
    value = jnp.concatenate([by_text(part.value) for part in parts], axis=1)
    flat = query.reshape(rows * texts, *query.shape[2:])
    try:
        mixed = _call(backend, (flat, key, value), _one_mask(query, parts), scale, score_limit)
    except (RuntimeError, ValueError) as error:
        raise UserError(
            f'model.attention_backend "{backend}" cannot attend here: {error}; use "dense", or '
            '"tokamax", which picks what the device can do'
        ) from error
    return mixed.astype(query.dtype).reshape(query.shape)


def _one_mask(query: jax.Array, parts: Sequence[Keys]) -> jax.Array | None:
    """The masks of all parts, bool[B S, 1, Q, K], or None if everything is visible."""
    if all(part.mask is None for part in parts):
        return None
    rows, texts, queries = query.shape[:3]
    masks = []
    for part in parts:
        mask = jnp.ones((), bool) if part.mask is None else part.mask
        masks.append(jnp.broadcast_to(mask, (rows, texts, queries, part.key.shape[3])))
    return jnp.concatenate(masks, axis=-1).reshape(rows * texts, 1, queries, -1)


def _call(
    backend: AttentionBackend,
    arrays: tuple[jax.Array, jax.Array, jax.Array],
    mask: jax.Array | None,
    scale: float,
    score_limit: float,
) -> jax.Array:
    """Calls the library with query, key and value [rows, length, heads, H]."""
    if backend != "tokamax":
        return jax.nn.dot_product_attention(
            *arrays, mask=mask, scale=scale, implementation="xla" if backend == "xla" else "cudnn"
        )
    try:
        import tokamax
    except ImportError as error:
        raise UserError(
            'model.attention_backend "tokamax" needs a package that is not installed: '
            'run `make setup`, or use "dense"'
        ) from error
    if not flags.FLAGS.is_parsed():
        flags.FLAGS.mark_as_parsed()  # else tokamax takes our command line for its own
    return tokamax.dot_product_attention(
        *arrays, mask=mask, scale=scale, logits_soft_cap=score_limit or None
    )


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
