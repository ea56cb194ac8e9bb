"""How likely given answers are: any set of them for every question, behind one image, in one pass.

Answers to a question mostly begin alike ("2.1 m", "2.2 m"), so they are held as a tree whose nodes
are run once each:

    answers     2 . 1 m EOS     2 . 2 m EOS     5 m EOS
    nodes       2 -> . -> 1 -> m        "m" and EOS behind "1" are others than those behind "2"
                       -> 2 -> m
                5 -> m
    EOS is read off the last node of each answer and is none itself.

A node sees image, question and the nodes above it, which is what a token of an answer sees when it
stands alone.

Axes: B images, S questions on each, P prefix tokens, K nodes, A answers; R rows of M that are
chosen among them.
"""

import dataclasses
import functools
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Bool, Float, Float32, Int32, UInt8

from spatialvlm_jax.batch import NOT_TOLD, AnyArray, Array, CameraInput
from spatialvlm_jax.models.generate import ReadQuestions, read_behind, read_prefix
from spatialvlm_jax.models.kept_programs import KeptProgram
from spatialvlm_jax.models.vlm import VLM, SplitModel

ROOT = -1  # the parent of an answer's first token: the question itself
_LOGITS_AT_ONCE = 512  # nodes whose scores of the whole vocabulary exist at a time


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class AnswerTrees:
    """The answers to be scored, as a tree for each question; built by `grow_tree`.

    tokens: of the nodes; 0 where there is none.
    parents: the node that each one follows, `ROOT` for the question itself.
    depths: how many nodes of its answer stand before it.
    sees: which nodes (last axis) each one sees: itself and those above.
    ends: the last node of each answer, `ROOT` where it is a single token.
    last: the token behind it, which is the answer's last; 0 where there is no answer.
    """

    tokens: Int32[AnyArray, "*questions K"]
    parents: Int32[AnyArray, "*questions K"]
    depths: Int32[AnyArray, "*questions K"]
    sees: Bool[AnyArray, "*questions K K"]
    ends: Int32[AnyArray, "*questions A"]
    last: Int32[AnyArray, "*questions A"]


def grow_tree(answers: Sequence[Sequence[int]]) -> AnswerTrees:
    """The tree of one question.

    Args:
      answers: the tokens of each, with what ends it.

    Raises:
      ValueError: an answer has no token.
    """
    places: dict[tuple[int, ...], int] = {}
    ends, last = [], []
    for answer in map(tuple, answers):
        if not answer:
            raise ValueError("an answer needs at least one token")
        for length in range(1, len(answer)):
            places.setdefault(answer[:length], len(places))
        ends.append(places.get(answer[:-1], ROOT))
        last.append(answer[-1])
    parents = np.array([places.get(path[:-1], ROOT) for path in places], np.int32)
    sees = np.eye(len(places), dtype=bool)
    for node, parent in enumerate(parents):
        if parent != ROOT:
            sees[node] |= sees[parent]
    return AnswerTrees(
        tokens=np.array([path[-1] for path in places], np.int32),
        parents=parents,
        depths=np.array([len(path) - 1 for path in places], np.int32),
        sees=sees,
        ends=np.array(ends, np.int32),
        last=np.array(last, np.int32),
    )


def pad_tree(tree: AnswerTrees, nodes: int, answers: int) -> AnswerTrees:
    """The same tree with room for `nodes` and `answers`, so that trees can be stacked.

    Raises:
      ValueError: it has more of them.
    """
    more, others = nodes - tree.tokens.shape[-1], answers - tree.last.shape[-1]
    if more < 0 or others < 0:
        raise ValueError(f"a tree of {tree.tokens.shape[-1]} nodes does not fit into {nodes}")
    sees = np.eye(nodes, dtype=bool)
    sees[: nodes - more, : nodes - more] = tree.sees
    return AnswerTrees(
        tokens=np.pad(tree.tokens, (0, more)),
        parents=np.pad(tree.parents, (0, more), constant_values=ROOT),
        depths=np.pad(tree.depths, (0, more)),
        sees=sees,
        ends=np.pad(tree.ends, (0, others), constant_values=ROOT),
        last=np.pad(tree.last, (0, others)),
    )


def read_questions(
    model: VLM | SplitModel,
    images: UInt8[Array, "B H W 3"],
    prefix_tokens: Int32[Array, "B S P"],
    prefix_lengths: Int32[Array, "B S"],
    camera: CameraInput = NOT_TOLD,
) -> ReadQuestions:
    """Runs images and questions once, under the model's attention rule.

    Args:
      model: the model.
      images: one for the questions of a row.
      prefix_tokens, prefix_lengths, camera: as `generate` takes them.
    """
    return _read(*SplitModel.of(model), images, camera, prefix_tokens, prefix_lengths)


@functools.partial(jax.jit, static_argnums=0)
def _read(
    definition: Any,
    state: Any,
    images: UInt8[Array, "B H W 3"],
    camera: CameraInput,
    tokens: Int32[Array, "B S P"],
    lengths: Int32[Array, "B S"],
) -> ReadQuestions:
    return read_prefix(nnx.merge(definition, state), images, camera, tokens, lengths)


def encode_images(
    model: VLM | SplitModel,
    images: UInt8[Array, "B H W 3"],
    rays: Float32[Array, "B N R"] | None = None,
) -> tuple[Float[Array, "N D"], ...]:
    """The embeddings of each of B images, for `read_behind_images`; `rays` as `VLM.encode`."""
    return _encode(*SplitModel.of(model), images, rays)


@KeptProgram
def _encode(
    definition: Any,
    state: Any,
    images: UInt8[Array, "B H W 3"],
    rays: Float32[Array, "B N R"] | None,
) -> tuple[Float[Array, "N D"], ...]:
    model: VLM = nnx.merge(definition, state)
    embeddings, _ = model.encode_image(images, rays)
    return tuple(embeddings)


def read_behind_images(
    model: VLM | SplitModel,
    embeddings: Sequence[Float[Array, "N D"]],
    prefix_tokens: Int32[Array, "B S P"],
    prefix_lengths: Int32[Array, "B S"],
    camera_words: Int32[Array, "B C"] | None = None,
) -> ReadQuestions:
    """As `read_questions`, of images that are encoded.

    Args:
      embeddings: of `encode_images`, one of each of the B images.
      prefix_tokens, prefix_lengths: as `generate` takes them.
      camera_words: as in `spatialvlm_jax.batch.CameraInput`.
    """
    asked = (camera_words, prefix_tokens, prefix_lengths)
    return _read_behind(*SplitModel.of(model), tuple(embeddings), *asked)


@KeptProgram
def _read_behind(
    definition: Any,
    state: Any,
    embeddings: tuple[Float[Array, "N D"], ...],
    words: Int32[Array, "B C"] | None,
    tokens: Int32[Array, "B S P"],
    lengths: Int32[Array, "B S"],
) -> ReadQuestions:
    model: VLM = nnx.merge(definition, state)
    return read_behind(model, jnp.stack(embeddings), words, tokens, lengths)


def score_answers(
    model: VLM | SplitModel,
    questions: ReadQuestions,
    trees: AnswerTrees,
    places: Int32[np.ndarray, "R M"] | None = None,
) -> Float32[Array, "B S A"]:
    """Log-likelihood of each answer to its question, in nats.

    Args:
      model: that has read the questions.
      questions: B images with S questions each.
      trees: of shape [B, S, ...], or that of `places` in place of B and S.
      places: which of each image's questions the trees are of. Where each question is an image
        of its own (S is 1), which of the images. None: all, in their order.

    Returns:
      The sum over an answer's tokens; -inf where there is no answer or no question.
    """
    # Arrays go in as they are, here and above: each `jnp.asarray` of another shape is a program.
    return _score(*SplitModel.of(model), questions, trees, places)


@KeptProgram
def _score(
    definition: Any,
    state: Any,
    questions: ReadQuestions,
    trees: AnswerTrees,
    places: Int32[Array, "R M"] | None,
) -> Float32[Array, "B S A"]:
    model: VLM = nnx.merge(definition, state)
    if places is not None:
        questions = _some(questions, places)
    shape, lengths = trees.last.shape, questions.lengths
    trees = jax.tree.map(lambda x: x.reshape(*lengths.shape, *x.shape[2:]), trees)
    place = jnp.arange(questions.keys[1].key.shape[-2])
    nodes, _ = model.decoder.extend(
        model.decoder.embedder.encode(trees.tokens, questions.state.dtype),
        lengths[..., None] + trees.depths,
        questions.keys,
        jnp.broadcast_to(place, (*lengths.shape, len(place))),
        [(place < lengths[..., None])[..., None, :]],
        sees=trees.sees,
    )
    states = jnp.concatenate([questions.state[..., None, :], nodes], axis=-2)
    there = (trees.last > 0) & (lengths[..., None] > 0)
    scores = jnp.where(there, _answer_scores(model, states, trees), -jnp.inf)
    return scores.reshape(shape)


def _some(questions: ReadQuestions, places: Int32[Array, "R M"]) -> ReadQuestions:
    """The questions at these places, with the keys of their images."""
    image, text = questions.keys
    if questions.lengths.shape[1] == 1:
        rows, axis = places[:, 0], image.key.ndim - 5
        keys = jax.tree.map(lambda x: jnp.take(x, rows, axis=axis), (image, text))
        return ReadQuestions(questions.lengths[rows], questions.state[rows], keys)
    texts = jnp.expand_dims(places[:, None, :, None, None], range(text.key.ndim - 5))
    keys = image, jax.tree.map(lambda x: jnp.take_along_axis(x, texts, axis=-3), text)
    state = jnp.take_along_axis(questions.state, places[..., None], axis=1)
    return ReadQuestions(jnp.take_along_axis(questions.lengths, places, axis=1), state, keys)


def _answer_scores(
    model: VLM, states: Float[Array, "B S M D"], trees: AnswerTrees
) -> Float32[Array, "B S A"]:
    """Sums along the paths of a tree.

    Args:
      states: hidden states of the question, then of the K nodes: M = K + 1.
      trees: of them.
    """
    totals = _log_totals(model, states)

    def behind(parents: Int32[Array, "B S X"], tokens: Int32[Array, "B S X"]) -> jax.Array:
        """Log-probability of a token behind the node that it follows."""
        at = parents + 1  # the question comes first
        hidden = jnp.take_along_axis(states, at[..., None], axis=-2)
        logits = model.decoder.embedder.decode_one(hidden, tokens)
        return logits - jnp.take_along_axis(totals, at, axis=-1)

    each = behind(trees.parents, trees.tokens)
    paths = jnp.einsum("bskj,bsj->bsk", trees.sees.astype(each.dtype), each)
    paths = jnp.concatenate([jnp.zeros_like(paths[..., :1]), paths], -1)
    return jnp.take_along_axis(paths, trees.ends + 1, axis=-1) + behind(trees.ends, trees.last)


def _log_totals(model: VLM, states: Float[Array, "B S M D"]) -> Float32[Array, "B S M"]:
    """Log of the sum of exponentials over the vocabulary, a few nodes at a time."""
    images, questions, nodes, width = states.shape
    chunk = min(nodes, max(1, _LOGITS_AT_ONCE // (images * questions)))
    steps = -(-nodes // chunk)
    padded = jnp.pad(states, [(0, 0), (0, 0), (0, steps * chunk - nodes), (0, 0)])
    chunks = jnp.moveaxis(padded.reshape(images, questions, steps, chunk, width), 2, 0)
    totals = jax.lax.map(lambda some: jax.nn.logsumexp(model.logits(some), axis=-1), chunks)
    return jnp.moveaxis(totals, 0, 2).reshape(images, questions, -1)[..., :nodes]
