"""Losses: cross-entropy over suffix tokens, and the auxiliary losses.

Axes: B rows, L text tokens, D model width, C chunk of tokens, N image tokens, K words, V values,
T blocks of a row, Q = L / T.
"""

from collections.abc import Callable, Mapping

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Bool, Float, Float32, Int32, Num

from spatialvlm_jax.batch import Array, Batch, DenseTargets
from spatialvlm_jax.models.attention import HIDDEN
from spatialvlm_jax.models.dense_head import PatchPredictions

# Errors of log lengths are tenths, so their squares are small beside a cross-entropy.
VALUE_WEIGHT = 4.0
UNKNOWN = -1  # a label without loss
CHUNK = 32  # tokens of each row whose logits exist at once


def token_losses(
    hidden: Float[Array, "B L D"],
    targets: Int32[Array, "B L"],
    loss_mask: Bool[Array, "B L"],
    logits_of: Callable[[Float[Array, "B C D"]], Float[Array, "B C vocabulary"]],
    chunk: int = CHUNK,
) -> tuple[Float32[Array, "B L"], Bool[Array, "B L"]]:
    """Cross-entropy of every token with loss; logits of all tokens never exist.

    Each row's tokens with loss are moved to its front, then scanned in chunks of `chunk` tokens;
    a chunk without loss in any row is skipped, so the cost follows the tokens that count. The
    backward pass computes a chunk's logits again.

    Args:
      hidden: what `logits_of` reads, to give scores of the vocabulary.
      targets, loss_mask: the right tokens, and which of them count.
      chunk: C.

    Returns:
      Losses in nats, and whether the target has the largest logit; both are 0 where `loss_mask` is
      False.
    """
    rows, length = targets.shape
    chunk = min(chunk, length)
    steps = -(-length // chunk)
    order = jnp.argsort(~loss_mask, axis=1, stable=True)
    inverse = jnp.argsort(order, axis=1)

    def compact(array: Num[Array, "B L *D"] | Bool[Array, "B L"]) -> jax.Array:
        index = order.reshape(rows, length, *(1,) * (array.ndim - 2))
        array = jnp.take_along_axis(array, index, axis=1)
        array = jnp.pad(array, [(0, 0), (0, steps * chunk - length)] + [(0, 0)] * (array.ndim - 2))
        return jnp.moveaxis(array.reshape(rows, steps, chunk, *array.shape[2:]), 1, 0)

    def some(
        hidden: Float[Array, "B C D"], targets: Int32[Array, "B C"], mask: Bool[Array, "B C"]
    ) -> tuple[Float32[Array, "B C"], Bool[Array, "B C"]]:
        logits = logits_of(hidden).astype(jnp.float32)
        losses = optax.softmax_cross_entropy_with_integer_labels(logits, targets)
        # Not argmax: with the vocabulary split over devices its indices are sent all to all.
        own = jnp.take_along_axis(logits, targets[..., None], axis=-1)[..., 0]
        return losses * mask, (own == jnp.max(logits, axis=-1)) & mask

    def none(
        hidden: Float[Array, "B C D"], targets: Int32[Array, "B C"], mask: Bool[Array, "B C"]
    ) -> tuple[Float32[Array, "B C"], Bool[Array, "B C"]]:
        return jnp.zeros(targets.shape, jnp.float32), jnp.zeros(targets.shape, bool)

    @jax.checkpoint
    def body(carry: None, xs: tuple[jax.Array, ...]) -> tuple[None, tuple[jax.Array, jax.Array]]:
        return carry, jax.lax.cond(jnp.any(xs[2]), some, none, *xs)

    _, outputs = jax.lax.scan(body, None, (compact(hidden), compact(targets), compact(loss_mask)))

    def restore(array: jax.Array) -> jax.Array:
        array = jnp.moveaxis(array, 0, 1).reshape(rows, steps * chunk)[:, :length]
        return jnp.take_along_axis(array, inverse, axis=1)

    return restore(outputs[0]), restore(outputs[1])


def masked_mean(
    values: Float[Array, "*shape"] | Bool[Array, "*shape"],
    mask: Bool[Array, "*shape"],
    total: Int32[Array, ""] | None = None,
) -> Float32[Array, ""]:
    """Mean of `values` where `mask` holds; 0 where it holds nowhere.

    Args:
      values: what the mean is of.
      mask: which of them count.
      total: how many `mask` holds in all, where `values` are only a part of them: what the parts
        give then sums to the mean over all.
    """
    total = jnp.sum(mask) if total is None else total
    return jnp.sum(values * mask, dtype=jnp.float32) / jnp.maximum(total, 1)


def by_dataset(
    values: Float32[Array, "B L"],
    mask: Bool[Array, "B L"],
    dataset_ids: Int32[Array, "B L"],
    count: int,
) -> tuple[Float32[Array, " {count}"], Int32[Array, " {count}"]]:
    """Sums and tokens of each data set of the mixture.

    Args:
      values: such as token losses.
      mask: tokens that count.
      dataset_ids: where each token comes from.
      count: how many data sets there are.

    Returns:
      The sum of `values` over each data set's tokens, and their number.
    """
    one_hot = (dataset_ids[..., None] == jnp.arange(count)) & mask[..., None]
    sums = jnp.sum(values[..., None] * one_hot, axis=(0, 1), dtype=jnp.float32)
    return sums, jnp.sum(one_hot, axis=(0, 1))


def means_and_shares(
    sums: Float32[Array, " count"], tokens: Int32[Array, " count"]
) -> tuple[Float32[Array, " count"], Float32[Array, " count"]]:
    """Of `by_dataset`: each data set's mean, NaN without tokens, and its share of all tokens."""
    means = jnp.where(tokens > 0, sums / jnp.maximum(tokens, 1), jnp.nan)
    return means, tokens / jnp.maximum(jnp.sum(tokens), 1)


def totals_of(batch: Batch) -> dict[str, Int32[Array, ""]]:
    """How many tokens, names and values of a batch each loss is a mean over."""
    totals, dense = {"text": jnp.sum(batch.loss_mask)}, batch.dense
    if dense is None:
        return totals
    totals |= {
        "labels": jnp.sum(dense.labels != UNKNOWN),
        "colors": jnp.sum(dense.labels > 0),
        "words": jnp.sum(dense.words > 0),
        "values": jnp.sum(dense.value_mask),
        "mentions": jnp.sum(dense.mention_mask),
    }
    if dense.camera_mask is not None:
        totals["camera"] = jnp.sum(dense.camera_mask) * dense.labels.shape[1]
    if dense.owners is not None:
        totals["pointers"] = jnp.sum(jnp.any(pointed_at(dense), axis=-1))
    if dense.mentioned is not None:
        totals["copies"] = jnp.sum(jnp.any(copied_from(batch, dense.mentioned), axis=-1))
    return totals


def dense_loss(
    predicted: PatchPredictions,
    word_logits: Float[Array, "B N vocabulary"],
    targets: DenseTargets,
    totals: Mapping[str, Int32[Array, ""]],
    value_weight: float = 1.0,
) -> Float32[Array, ""]:
    """The auxiliary loss of image tokens: what each shows, its name, size and place.

    Args:
      predicted: by the dense head.
      word_logits: scores of text tokens.
      targets: what is right.
      totals: of `totals_of`, over all of the batch that this may be a part of.
      value_weight: factor of `value_loss`.

    Returns:
      Mean cross-entropy of the known labels and of the known words, plus `value_loss` of what is
      seen and, where it is predicted, of the camera. Where colours are told apart, mean
      cross-entropy of the known categories and of objects' colours stand for that of labels.
    """
    known, label = targets.labels != UNKNOWN, jnp.maximum(targets.labels, 0)
    scores = jax.nn.log_softmax(word_logits.astype(jnp.float32))
    words = -jnp.take_along_axis(scores, targets.words, axis=-1)
    colors = predicted.colors
    if colors is not None:
        # A label is 1 + category * colours + colour.
        category, color = jnp.divmod(label - 1, colors.shape[-1])
        label = jnp.where(label > 0, 1 + category, 0)
    loss = (
        masked_mean(_cross_entropy(predicted.labels, label), known, totals["labels"])
        + masked_mean(words, targets.words > 0, totals["words"])
        + value_weight
        * value_loss(predicted.values, targets.values, targets.value_mask, totals["values"])
    )
    if colors is not None:
        each = _cross_entropy(colors, color)
        loss += masked_mean(each, targets.labels > 0, totals["colors"])
    if predicted.camera is not None:
        right, mask = (
            jnp.broadcast_to(array[:, None], predicted.camera.shape)
            for array in (targets.camera, targets.camera_mask)
        )
        loss += value_weight * value_loss(predicted.camera, right, mask, totals["camera"])
    return loss


def _cross_entropy(
    logits: Float[Array, "B N classes"], labels: Int32[Array, "B N"]
) -> Float32[Array, "B N"]:
    return optax.softmax_cross_entropy_with_integer_labels(logits.astype(jnp.float32), labels)


def value_loss(
    values: Float[Array, "*shape"],
    targets: Float[Array, "*shape"],
    mask: Bool[Array, "*shape"],
    total: Int32[Array, ""],
) -> Float32[Array, ""]:
    """`VALUE_WEIGHT` times the mean Huber loss (delta 1) of known values.

    Args: `mask` and `total` as in `masked_mean`.
    """
    errors = optax.huber_loss(values.astype(jnp.float32), targets)
    return VALUE_WEIGHT * masked_mean(errors, mask, total)


def pointed_at(targets: DenseTargets) -> Bool[Array, "B L N"]:
    """Of the last token of each name in a question: which image tokens its object fills."""
    mentioned = targets.mentioned
    following = jnp.pad(mentioned[:, 1:], ((0, 0), (0, 1)))
    named = jnp.where(mentioned != following, mentioned, 0)[..., None]
    return (named > 0) & (named == targets.owners[:, None])


def copied_from(
    batch: Batch, mentioned: Int32[Array, "B L"], blocks: int = 1
) -> Bool[Array, "B T Q Q"]:
    """Of each token with loss: which tokens of names in its question its target repeats.

    Args:
      batch: its text.
      mentioned: of its dense targets.
      blocks: T; no segment crosses them.
    """

    def split(array: Array) -> Array:
        return array.reshape(array.shape[0], blocks, -1)

    segments, tokens, targets = (
        split(array) for array in (batch.segment_ids, batch.tokens, batch.targets)
    )
    named = split(mentioned) > 0
    same = (targets[..., None] == tokens[..., None, :]) & named[..., None, :]
    return (
        same & (segments[..., None] == segments[..., None, :]) & split(batch.loss_mask)[..., None]
    )


def look_loss(
    scores: Float32[Array, "*rows Q K"],
    right: Bool[Array, "*rows Q K"],
    total: Int32[Array, ""],
) -> tuple[Float32[Array, ""], Float32[Array, ""]]:
    """How well a head of attention looks where it should.

    Args:
      scores: before the softmax; `HIDDEN` where masked.
      right: the keys that each query should look at; a query without any has no loss.
      total: how many queries have some, as in `masked_mean`.

    Returns:
      The mean of -log of the attention that falls on right keys, nats; and the share of queries
      whose largest is a right one.
    """
    some = jnp.any(right, axis=-1)
    # All keys of a query without loss are taken for right, so that its gradient is finite.
    kept = jnp.where(right | ~some[..., None], scores, HIDDEN)
    losses = jax.nn.logsumexp(scores, axis=-1) - jax.nn.logsumexp(kept, axis=-1)
    largest = jnp.argmax(scores, axis=-1, keepdims=True)
    hits = jnp.take_along_axis(right, largest, axis=-1)[..., 0]
    return masked_mean(losses, some, total), masked_mean(hits, some, total)
