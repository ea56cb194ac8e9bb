"""Decoding with stored keys: an image is encoded once, all its questions are answered together.

Axes: B images, S questions on each, P prefix tokens, T answer tokens, C = P + T - 1 stored keys,
N image tokens, R features of a ray.
"""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Bool, Float, Float32, Int32, Key, UInt8

from spatialvlm_jax.batch import Array
from spatialvlm_jax.models import masks
from spatialvlm_jax.models.attention import Keys
from spatialvlm_jax.models.vlm import VLM


class _Loop(NamedTuple):
    """What a decoding step reads and writes."""

    step: Int32[Array, ""]  # answer tokens so far
    token: Int32[Array, "B S"]  # the last of them
    done: Bool[Array, "B S"]
    answer: Int32[Array, "B S T"]
    keys: Keys  # of prefix and answer
    random: Key[Array, ""]


def generate(
    model: VLM,
    images: UInt8[Array, "B H W 3"],
    prefix_tokens: Int32[Array, "B S P"],
    prefix_lengths: Int32[Array, "B S"],
    *,
    max_tokens: int,
    eos_id: int,
    temperature: float = 0.0,
    seed: int = 0,
    rays: Float32[Array, "B N R"] | None = None,
) -> Int32[Array, "B S {max_tokens}"]:
    """Answers S questions on each of B images, under the model's attention rule.

    Args:
      model: the model.
      images: one for the questions of a row.
      prefix_tokens: right-padded.
      prefix_lengths: 0 where there is no question.
      max_tokens: T.
      eos_id: ends an answer.
      temperature: 0 takes the likeliest token, otherwise tokens are drawn.
      seed: of the draws.
      rays: what is known of the cameras, for a model that reads it; None: nothing.

    Returns:
      Answers up to and with `eos_id`, then 0; all 0 where there is no question.
    """
    definition, state = nnx.split(model)
    return _generate(
        definition,
        state,
        jnp.asarray(images),
        None if rays is None else jnp.asarray(rays),
        jnp.asarray(prefix_tokens),
        jnp.asarray(prefix_lengths),
        jax.random.key(seed),
        jnp.int32(eos_id),
        jnp.float32(temperature),
        max_tokens=max_tokens,
        greedy=temperature == 0.0,
    )


@functools.partial(jax.jit, static_argnums=0, static_argnames=("max_tokens", "greedy"))
def _generate(
    definition: Any,
    state: Any,
    images: UInt8[Array, "B H W 3"],
    rays: Float32[Array, "B N R"] | None,
    prefix_tokens: Int32[Array, "B S P"],
    prefix_lengths: Int32[Array, "B S"],
    random: Key[Array, ""],
    eos_id: Int32[Array, ""],
    temperature: Float32[Array, ""],
    *,
    max_tokens: int,
    greedy: bool,
) -> Int32[Array, "B S {max_tokens}"]:
    model: VLM = nnx.merge(definition, state)
    decoder = model.decoder
    (embeddings, _), shape = model.encode_image(images, rays), prefix_lengths.shape
    if model.config.attention == "prefix":
        # The image sees the question, so each question needs its own copy of the image.
        embeddings = jnp.repeat(embeddings, shape[1], axis=0)
        prefix_tokens = prefix_tokens.reshape(-1, 1, prefix_tokens.shape[-1])
        prefix_lengths = prefix_lengths.reshape(-1, 1)
    longest = prefix_tokens.shape[-1]
    hidden, image_keys, text_keys = read_prefix(model, embeddings, prefix_tokens, prefix_lengths)

    def choose(hidden: Float[Array, "B S D"], random: Key[Array, ""]) -> Int32[Array, "B S"]:
        logits = model.logits(hidden)
        if greedy:
            return jnp.argmax(logits, -1).astype(jnp.int32)
        return jax.random.categorical(random, logits / temperature).astype(jnp.int32)

    def body(loop: _Loop) -> _Loop:
        slot = jnp.arange(longest + max_tokens - 1)
        answered = (slot >= longest) & (slot < longest + loop.step - 1)
        visible = (slot < prefix_lengths[..., None]) | answered
        behind = prefix_lengths[..., None] - longest
        hidden, new = decoder.extend(
            decoder.embedder.encode(loop.token[..., None], embeddings.dtype),
            (prefix_lengths + loop.step - 1)[..., None],
            image_keys,
            loop.keys,
            jnp.where(slot < longest, slot, slot + behind),
            visible[..., None, :],
        )
        random, draw = jax.random.split(loop.random)
        loop = loop._replace(keys=_store(loop.keys, new, longest + loop.step - 1), random=random)
        return _record(loop, choose(hidden[..., 0, :], draw), eos_id)

    random, draw = jax.random.split(random)
    start = _Loop(
        step=jnp.int32(0),
        token=jnp.zeros(prefix_lengths.shape, jnp.int32),
        done=prefix_lengths == 0,
        answer=jnp.zeros((*prefix_lengths.shape, max_tokens), jnp.int32),
        keys=_grow(text_keys, max_tokens - 1),
        random=random,
    )
    start = _record(start, choose(hidden, draw), eos_id)
    end = jax.lax.while_loop(lambda loop: (loop.step < max_tokens) & ~loop.done.all(), body, start)
    return end.answer.reshape(*shape, max_tokens)


def _record(loop: _Loop, token: Int32[Array, "B S"], eos_id: Int32[Array, ""]) -> _Loop:
    """Writes each text's next token, padding once it has ended."""
    token = jnp.where(loop.done, 0, token)
    return loop._replace(
        step=loop.step + 1,
        token=token,
        done=loop.done | (token == eos_id),
        answer=loop.answer.at[..., loop.step].set(token),
    )


def read_prefix(
    model: VLM,
    embeddings: Float[Array, "B N D"],
    tokens: Int32[Array, "B S P"],
    lengths: Int32[Array, "B S"],
) -> tuple[Float[Array, "B S D"], Keys, Keys]:
    """The last prefix token's hidden state, and the keys of image and prefix."""
    position = jnp.arange(tokens.shape[-1])
    segments = (position < lengths[..., None]).astype(jnp.int32)
    suffix = jnp.zeros(tokens.shape, bool)
    hidden, _, (image_keys, text_keys) = model.decoder(
        embeddings[:, None],
        model.decoder.embedder.encode(tokens, embeddings.dtype),
        jnp.broadcast_to(position, tokens.shape),
        suffix,
        masks.text_mask(segments, suffix),
        masks.image_text_mask(model.config.attention, segments, suffix),
    )
    last = jnp.maximum(lengths - 1, 0)[..., None, None]
    return jnp.take_along_axis(hidden, last, axis=-2)[..., 0, :], image_keys, text_keys


def _grow(keys: Keys, slots: int) -> Keys:
    """Appends empty slots for the answer's keys."""
    pad = [(0, 0)] * (keys.key.ndim - 2) + [(0, slots), (0, 0)]
    return Keys(jnp.pad(keys.key, pad), jnp.pad(keys.value, pad))


def _store(keys: Keys, new: Keys, at: Int32[Array, ""]) -> Keys:
    """Writes one token's keys into slot `at`."""
    axis = keys.key.ndim - 2
    return Keys(
        jax.lax.dynamic_update_slice_in_dim(keys.key, new.key, at, axis),
        jax.lax.dynamic_update_slice_in_dim(keys.value, new.value, at, axis),
    )
