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
from jaxtyping import Bool, Float, Float32

from spatialvlm_jax.batch import Array
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.experiment import AttentionBackend
from spatialvlm_jax.models.layers import Linear

# Finite, so that a row with no visible key stays finite; far enough that exp() gives exactly zero
# beside any visible key, which is what makes segments independent to the bit.
HIDDEN = -1e30


class Keys(NamedTuple):
    """Keys and values that queries may attend to; `lead_with_heads` makes them.

    key, value: S is 1 where all texts share them; those of a stack of layers lead with these.
    mask: True where visible, of texts and queries or of one for all; None where all are.
    """

    key: Float[Array, "*layers B heads S K H"]
    value: Float[Array, "*layers B heads S K H"]
    mask: Bool[Array, "*layers B texts Q K"] | None = None


def lead_with_heads(
    key: Float[Array, "B S K heads H"], value: Float[Array, "B S K heads H"]
) -> Keys:
    """Keys from projections, laid out once for many products."""
    return Keys(key.transpose(0, 3, 1, 2, 4), value.transpose(0, 3, 1, 2, 4))


def softcap(x: Float[Array, "*shape"], limit: float) -> Float[Array, "*shape"]:
    """limit * tanh(x / limit), or x itself where the limit is 0."""
    return limit * jnp.tanh(x / limit) if limit else x


def attend(
    query: Float[Array, "B S Q N H"],
    parts: Sequence[Keys],
    *,
    scale: float = 0.0,
    score_limit: float = 0.0,
    backend: AttentionBackend = "dense",
) -> Float[Array, "B S Q N H"]:
    """Softmax attention over the union of `parts`.

    Every attention of the models goes through here. A query alone (in decoding) is always computed
    densely: there is no square of scores to save, and shared keys need no copies.

    Args:
      query: what asks.
      parts: at least one; together they hold all the keys.
      scale: of the queries; 0 takes H^-0.5.
      score_limit: softcap of the scores, applied before the mask; 0 for none.
      backend: what computes it; all give the same to rounding.

    Raises:
      UserError: the backend cannot do this; what to use.
    """
    scale = scale or query.shape[-1] ** -0.5
    if backend == "dense" or query.shape[2] == 1:
        return _attend_densely(query, parts, scale, score_limit)
    return _attend_by_library(backend, query, parts, scale, score_limit)


def _attend_densely(
    query: Float[Array, "B S Q N H"], parts: Sequence[Keys], scale: float, score_limit: float
) -> Float[Array, "B S Q N H"]:
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


def _flat(
    grouped: Float[Array, "B heads S G Q X"], texts: int
) -> Float[Array, "B heads {texts} _ X"]:
    """Shared keys meet all texts at once."""
    return grouped.reshape(*grouped.shape[:2], texts, -1, grouped.shape[-1])


def _scores(
    grouped: Float[Array, "B heads S G Q H"], part: Keys, limit: float
) -> Float32[Array, "B heads S G Q K"]:
    """Masked products of queries and keys."""
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


def _mix(weight: Float[Array, "B heads S G Q K"], part: Keys) -> Float32[Array, "B heads S G Q H"]:
    """Weighted sums of values."""
    mixed = jnp.einsum(
        "bnsqk,bnskh->bnsqh",
        _flat(weight, part.value.shape[2]),
        part.value,
        preferred_element_type=jnp.float32,
    )
    return mixed.reshape(*weight.shape[:-1], part.value.shape[-1])


def head_scores(
    query: Float[Array, "B S Q N H"],
    part: Keys,
    head: int,
    *,
    scale: float = 0.0,
    score_limit: float = 0.0,
) -> Float32[Array, "B S Q K"]:
    """Of one query head: the scores that `attend` takes the softmax of, `HIDDEN` where masked."""
    heads = query.shape[-2]
    first = head % heads // (heads // part.key.shape[1])
    own = slice(first, first + 1)
    part = Keys(part.key[:, own], part.value[:, own], part.mask)
    grouped = query[..., head, :] * (scale or query.shape[-1] ** -0.5)
    return _scores(grouped[:, None, :, None], part, score_limit)[:, 0, :, 0]


def _attend_by_library(
    backend: AttentionBackend,
    query: Float[Array, "B S Q N H"],
    parts: Sequence[Keys],
    scale: float,
    score_limit: float,
) -> Float[Array, "B S Q N H"]:
    """As `attend`, by a library that wants all keys of a text in one array.

    Each text becomes a row of its own, with copies of the keys that it shares.
    """
    if score_limit and backend != "tokamax":
        raise UserError(
            f'model.attention_backend "{backend}" has no softcap on scores, which this decoder has '
            f'({score_limit:g}): use "tokamax" or "dense"'
        )
    rows, texts = query.shape[:2]

    def by_text(x: Float[Array, "B heads _ K H"]) -> Float[Array, "BS K heads H"]:
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


def _one_mask(
    query: Float[Array, "B S Q N H"], parts: Sequence[Keys]
) -> Bool[Array, "B*S 1 Q K"] | None:
    """The masks of all parts, or None if everything is visible."""
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
    arrays: tuple[
        Float[Array, "BS Q N H"], Float[Array, "BS K heads H"], Float[Array, "BS K heads H"]
    ],
    mask: Bool[Array, "BS 1 Q K"] | None,
    scale: float,
    score_limit: float,
) -> Float[Array, "BS Q N H"]:
    """Calls the library with query, key and value."""
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

    def project(
        self, x: Float[Array, "*texts L width"]
    ) -> tuple[
        Float[Array, "*texts L N H"],
        Float[Array, "*texts L heads H"],
        Float[Array, "*texts L heads H"],
    ]:
        """Query, key and value."""

        def split(y: Float[Array, "*texts L HN"]) -> Float[Array, "*texts L heads H"]:
            return y.reshape(*y.shape[:-1], -1, self.head_size)

        return split(self.query(x)), split(self.key(x)), split(self.value(x))

    def output(self, mixed: Float[Array, "*texts L N H"]) -> Float[Array, "*texts L width"]:
        return self.out(mixed.reshape(*mixed.shape[:-2], -1))
