"""Decoding with stored keys: an image is encoded once, all its questions are answered together.

Axes: B images, S questions on each, P prefix tokens, T answer tokens, C = P + T - 1 stored keys.
"""

import dataclasses
import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import export
from jaxtyping import Bool, Float, Float32, Int32, UInt8, UInt32

from spatialvlm_jax.batch import NOT_TOLD, AnyArray, Array, CameraInput
from spatialvlm_jax.models import masks
from spatialvlm_jax.models.attention import Keys
from spatialvlm_jax.models.decoder import Kept
from spatialvlm_jax.models.kept_programs import KeptProgram
from spatialvlm_jax.models.layers import unstack, unstack_layers
from spatialvlm_jax.models.vlm import VLM, SplitModel


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class ReadQuestions:
    """Questions as the model has read them, for any answers; made by `read_prefix`.

    Under rule "prefix" each question is an image of its own: B S takes the place of B, 1 that of S.

    lengths: tokens of each, 0 where there is none.
    state: the hidden state of the last token.
    keys: of the image, and of the question, of all layers.
    """

    lengths: Int32[AnyArray, "B S"]
    state: Float[AnyArray, "B S D"]
    keys: tuple[Keys, Keys]


class _Loop(NamedTuple):
    """What a decoding step reads and writes."""

    step: Int32[Array, ""]  # answer tokens so far
    token: Int32[Array, "B S"]  # the last of them
    done: Bool[Array, "B S"]
    answer: Int32[Array, "B S T"]
    keys: Any  # of the answer's tokens; those of what was read stay as they are


class Draws(NamedTuple):
    """How answers are drawn.

    seeds: of each question in their order, so that what is drawn for one does not depend on the
      others.
    temperature: above 0, of the distribution of each token.
    """

    seeds: UInt32[AnyArray, "*questions"]
    temperature: Float32[AnyArray, ""]


# How programs that take or return them are kept: there is nothing in them beside arrays.
export.register_namedtuple_serialization(Keys, serialized_name="spatialvlm_jax.Keys")
export.register_namedtuple_serialization(Draws, serialized_name="spatialvlm_jax.Draws")
export.register_pytree_node_serialization(
    ReadQuestions,
    serialized_name="spatialvlm_jax.ReadQuestions",
    serialize_auxdata=lambda _: b"",
    deserialize_auxdata=lambda _: (),
)


def generate(
    model: VLM | SplitModel,
    images: UInt8[Array, "B H W 3"],
    prefix_tokens: Int32[Array, "B S P"],
    prefix_lengths: Int32[Array, "B S"],
    *,
    max_tokens: int,
    eos_id: int,
    draws: Draws | None = None,
    camera: CameraInput = NOT_TOLD,
) -> Int32[Array, "B S {max_tokens}"]:
    """Answers S questions on each of B images, under the model's attention rule.

    Args:
      model: the model.
      images: one for the questions of a row.
      prefix_tokens: right-padded.
      prefix_lengths: 0 where there is no question.
      max_tokens: T.
      eos_id: ends an answer.
      draws: of all B S questions; None takes the likeliest tokens.
      camera: what the model is told of the cameras.

    Returns:
      Answers up to and with `eos_id`, then 0; all 0 where there is no question.
    """
    return _generate(
        *SplitModel.of(model),
        jnp.asarray(images),
        jax.tree.map(jnp.asarray, camera),
        jnp.asarray(prefix_tokens),
        jnp.asarray(prefix_lengths),
        draws,
        jnp.int32(eos_id),
        max_tokens=max_tokens,
    )


@functools.partial(jax.jit, static_argnums=0, static_argnames="max_tokens")
def _generate(
    definition: Any,
    state: Any,
    images: UInt8[Array, "B H W 3"],
    camera: CameraInput,
    prefix_tokens: Int32[Array, "B S P"],
    prefix_lengths: Int32[Array, "B S"],
    draws: Draws | None,
    eos_id: Int32[Array, ""],
    *,
    max_tokens: int,
) -> Int32[Array, "B S {max_tokens}"]:
    model: VLM = nnx.merge(definition, state)
    read = read_prefix(model, images, camera, prefix_tokens, prefix_lengths)
    answer = _answer(model, read, draws, eos_id, max_tokens)
    return answer.reshape(*prefix_lengths.shape, max_tokens)


def answer_questions(
    model: VLM | SplitModel,
    questions: ReadQuestions,
    *,
    max_tokens: int,
    eos_id: int,
    draws: Draws | None = None,
) -> Int32[Array, "B S {max_tokens}"]:
    """As `generate`, of questions that the model has read.

    Args:
      model: that has read them.
      questions: of B images, or of the B S that rule "prefix" makes of them.
      max_tokens, eos_id, draws: as in `generate`.
    """
    split = SplitModel.of(model)
    return _answer_read(*split, questions, draws, np.int32(eos_id), max_tokens=max_tokens)


@functools.partial(KeptProgram, static_argnames=("max_tokens",))
def _answer_read(
    definition: Any,
    state: Any,
    questions: ReadQuestions,
    draws: Draws | None,
    eos_id: Int32[Array, ""],
    *,
    max_tokens: int,
) -> Int32[Array, "B S {max_tokens}"]:
    return _answer(nnx.merge(definition, state), questions, draws, eos_id, max_tokens)


def _answer(
    model: VLM,
    read: ReadQuestions,
    draws: Draws | None,
    eos_id: Int32[Array, ""],
    max_tokens: int,
) -> Int32[Array, "B S {max_tokens}"]:
    """Decodes behind the keys of what was read."""
    decoder, prefix_lengths = model.decoder, read.lengths
    longest, slots = read.keys[1].key.shape[-2], max(1, max_tokens - 1)
    # Each turn would copy the layers, and what they have stored, out of their stacks: outside, they
    # are copied once. Models whose layers run as a loop are too large to be there twice.
    blocks = None if decoder.scan_layers else unstack_layers(decoder.blocks)
    read_keys: Any = read.keys if blocks is None else unstack(read.keys)

    def choose(hidden: Float[Array, "B S D"], step: Int32[Array, ""]) -> Int32[Array, "B S"]:
        logits = model.logits(hidden)
        if draws is None:
            return jnp.argmax(logits, -1).astype(jnp.int32)
        return _draw(draws, step, logits)

    def body(loop: _Loop) -> _Loop:
        slot, turn = jnp.arange(longest), jnp.arange(slots)
        lengths = prefix_lengths[..., None]
        places = [jnp.broadcast_to(slot, (*lengths.shape[:2], longest)), lengths + turn]
        answered = jnp.broadcast_to(turn < loop.step - 1, places[1].shape)
        keys: Any = (*read_keys, loop.keys)
        if blocks is not None:
            keys = [(*parts, own) for parts, own in zip(read_keys, loop.keys, strict=True)]
        hidden, new = decoder.extend(
            decoder.embedder.encode(loop.token[..., None], read.state.dtype),
            (prefix_lengths + loop.step - 1)[..., None],
            keys,
            jnp.concatenate(places, axis=-1),
            [(slot < lengths)[..., None, :], answered[..., None, :]],
            blocks=blocks,
        )
        stored = jax.tree.map(functools.partial(_store, at=loop.step - 1), loop.keys, new)
        loop = loop._replace(keys=stored)
        return _record(loop, choose(hidden[..., 0, :], loop.step), eos_id)

    empty = jax.tree.map(functools.partial(_slots, count=slots), read.keys[1])
    start = _Loop(
        step=jnp.int32(0),
        token=jnp.zeros(prefix_lengths.shape, jnp.int32),
        done=prefix_lengths == 0,
        answer=jnp.zeros((*prefix_lengths.shape, max_tokens), jnp.int32),
        keys=unstack(empty) if blocks else empty,
    )
    start = _record(start, choose(read.state, start.step), eos_id)
    end = jax.lax.while_loop(lambda loop: (loop.step < max_tokens) & ~loop.done.all(), body, start)
    return end.answer


def _draw(
    draws: Draws, step: Int32[Array, ""], logits: Float[Array, "B S V"]
) -> Int32[Array, "B S"]:
    """A token of each answer, by its own seed and the number of tokens before it."""

    def one(seed: UInt32[Array, ""], logits: Float[Array, " V"]) -> Int32[Array, ""]:
        key = jax.random.fold_in(jax.random.key(seed), step)
        return jax.random.categorical(key, logits / draws.temperature).astype(jnp.int32)

    seeds = jnp.asarray(draws.seeds).reshape(logits.shape[:2])
    return jax.vmap(jax.vmap(one))(seeds, logits)


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
    images: UInt8[Array, "B H W 3"],
    camera: CameraInput,
    tokens: Int32[Array, "B S P"],
    lengths: Int32[Array, "B S"],
) -> ReadQuestions:
    """Runs pictures and questions once, under the model's attention rule."""
    embeddings, _ = model.encode_image(images, camera.rays)
    return read_behind(model, embeddings, camera.words, tokens, lengths)


def read_behind(
    model: VLM,
    embeddings: Float[Array, "B N D"],
    words: Int32[Array, "B C"] | None,
    tokens: Int32[Array, "B S P"],
    lengths: Int32[Array, "B S"],
) -> ReadQuestions:
    """Runs questions once behind pictures that are encoded, with the words about their cameras."""
    lengths, hidden, _, keys = run_questions(model, embeddings, words, tokens, lengths)
    last = jnp.maximum(lengths - 1, 0)[..., None, None]
    state = jnp.take_along_axis(hidden, last, axis=-2)[..., 0, :]
    return ReadQuestions(lengths, state, keys)


def run_questions(
    model: VLM,
    embeddings: Float[Array, "B N D"],
    words: Int32[Array, "B C"] | None,
    tokens: Int32[Array, "B S P"],
    lengths: Int32[Array, "B S"],
) -> tuple[Int32[Array, "I Q"], Float[Array, "I Q P D"], Kept, tuple[Keys, Keys]]:
    """What the decoder makes of questions behind pictures, as `read_behind` takes them.

    Returns:
      Lengths, then what `Decoder` returns, of I images with Q questions each: B and S, or, where
      the image sees the question and each has its own, B * S and 1.
    """
    if model.config.attention == "prefix":
        # The image sees the question, so each question needs its own copy of the image.
        embeddings = jnp.repeat(embeddings, lengths.shape[1], axis=0)
        words = None if words is None else jnp.repeat(words, lengths.shape[1], axis=0)
        tokens, lengths = tokens.reshape(-1, 1, tokens.shape[-1]), lengths.reshape(-1, 1)
    position = jnp.arange(tokens.shape[-1])
    segments = (position < lengths[..., None]).astype(jnp.int32)
    suffix = jnp.zeros(tokens.shape, bool)
    image, image_mask = model.image_stream(embeddings, words)
    hidden, kept, keys = model.decoder(
        image,
        model.decoder.embedder.encode(tokens, embeddings.dtype),
        jnp.broadcast_to(position, tokens.shape),
        suffix,
        masks.text_mask(segments, suffix),
        masks.image_text_mask(model.config.attention, segments, suffix),
        image_mask,
    )
    return lengths, hidden, kept, keys


def _slots(keys: Float[Array, "*texts K H"], count: int) -> Float[Array, "*texts {count} H"]:
    """Empty ones, of the same texts."""
    return jnp.zeros((*keys.shape[:-2], count, keys.shape[-1]), keys.dtype)


def _store(
    keys: Float[Array, "*texts K H"], new: Float[Array, "*texts 1 H"], at: Int32[Array, ""]
) -> Float[Array, "*texts K H"]:
    """Writes one token's keys into slot `at`."""
    return jax.lax.dynamic_update_slice_in_dim(keys, new, at, keys.ndim - 2)
