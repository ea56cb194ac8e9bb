"""Decoding with stored keys against running the whole model anew for every token."""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from spatialvlm_jax.experiment import AttentionRule
from spatialvlm_jax.models.generate import Draws, answer_questions, generate
from spatialvlm_jax.models.score import read_questions
from spatialvlm_jax.models.vlm import VLM

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (2, 16, 16, 3), np.uint8)
PREFIXES = RNG.integers(3, 40, (2, 3, 4)).astype(np.int32)
LENGTHS = np.array([[4, 2, 0], [1, 3, 4]], np.int32)
TOKENS = 6


@functools.partial(jax.jit, static_argnums=0)
def following(
    definition: Any, state: Any, image: jax.Array, row: jax.Array, prefix: int, count: int
) -> jax.Array:
    """The likeliest token after the first `count` of `row`, of which `prefix` are the prefix."""
    model = nnx.merge(definition, state)
    position = jnp.arange(row.shape[1])[None]
    suffix = (position >= prefix) & (position < count)
    segments = (position < count).astype(jnp.int32)
    embeddings, _ = model.encode_image(image[None])
    hidden, _ = model.text_states(embeddings, row, segments, position, suffix)
    return model.logits(hidden[0, count - 1]).argmax()


def answer_naively(model: VLM, image: np.ndarray, prefix: np.ndarray, eos: int) -> list[int]:
    """Greedy decoding that keeps nothing between tokens."""
    row = np.zeros((1, 4 + TOKENS), np.int32)
    row[0, : len(prefix)] = prefix
    for count in range(len(prefix), len(prefix) + TOKENS):
        row[0, count] = following(*nnx.split(model), image, row, len(prefix), count)
        if row[0, count] == eos:
            break
    return row[0, len(prefix) : len(prefix) + TOKENS].tolist()


GEMMA2 = {"sliding_window": 5, "attention_softcap": 2.0, "final_softcap": 4.0, "query_scale": 0.5}


@pytest.mark.parametrize(
    ("rule", "decoder"),
    [("image_prefix", {}), ("prefix", {}), ("image_prefix", GEMMA2), ("prefix", GEMMA2)],
)
def test_greedy_answers_equal_naive_ones(
    lively: Callable[..., VLM], rule: AttentionRule, decoder: dict[str, float]
) -> None:
    model = lively(rule, **decoder)
    free = generate(model, IMAGES, PREFIXES, LENGTHS, max_tokens=TOKENS, eos_id=-1)
    assert free.shape == (2, 3, TOKENS)
    assert np.array_equal(free[0, 2], np.zeros(TOKENS))  # no question, no answer
    assert len(np.unique(free)) > 8  # the model is lively enough to tell answers apart
    eos = int(free[1, 1, 2])  # a token that does occur, so that answers end early
    ended = generate(model, IMAGES, PREFIXES, LENGTHS, max_tokens=TOKENS, eos_id=eos)
    for image, question in [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2)]:
        prefix = PREFIXES[image, question, : LENGTHS[image, question]]
        naive = answer_naively(model, IMAGES[image], prefix, eos)
        assert ended[image, question].tolist() == naive
    assert not ended[1, 1, 3:].any()
    read = read_questions(model, IMAGES, PREFIXES, LENGTHS)
    answered = answer_questions(model, read, max_tokens=TOKENS, eos_id=eos)
    assert np.array_equal(answered.reshape(ended.shape), ended)


def test_what_stands_behind_a_prefix_does_not_matter(lively: Callable[..., VLM]) -> None:
    behind = np.arange(4) >= LENGTHS[..., None]
    one, other = (
        generate(lively(), IMAGES, prefixes, LENGTHS, max_tokens=TOKENS, eos_id=1)
        for prefixes in (PREFIXES, np.where(behind, 9, PREFIXES))
    )
    assert np.array_equal(one, other)


def test_drawn_answers_follow_seed_and_temperature(lively: Callable[..., VLM]) -> None:
    def draw(seed: int, temperature: float) -> np.ndarray:
        draws = Draws(np.full(LENGTHS.shape, seed, np.uint32), np.array(temperature, np.float32))
        asked = IMAGES, PREFIXES, LENGTHS
        return np.asarray(generate(lively(), *asked, max_tokens=TOKENS, eos_id=1, draws=draws))

    assert np.array_equal(draw(0, 5.0), draw(0, 5.0))
    assert not np.array_equal(draw(0, 5.0), draw(1, 5.0))
    greedy = generate(lively(), IMAGES, PREFIXES, LENGTHS, max_tokens=TOKENS, eos_id=1)
    assert np.array_equal(draw(0, 1e-4), greedy)


@pytest.mark.parametrize("rule", ["image_prefix", "prefix"])
def test_what_is_drawn_for_a_question_does_not_depend_on_the_others(
    lively: Callable[..., VLM], rule: AttentionRule
) -> None:
    model, seeds = lively(rule), np.array([[7, 8, 0], [9, 2**32 - 1, 10]], np.uint32)

    def draw(images: slice, questions: slice, seeds: np.ndarray) -> np.ndarray:
        asked = IMAGES[images], PREFIXES[images, questions], LENGTHS[images, questions]
        read = read_questions(model, *asked)
        draws = Draws(seeds, np.array(5.0, np.float32))
        said = answer_questions(model, read, max_tokens=TOKENS, eos_id=-1, draws=draws)
        told = generate(model, *asked, max_tokens=TOKENS, eos_id=-1, draws=draws)
        assert np.array_equal(told, np.asarray(said).reshape(told.shape))
        return np.asarray(told)

    together = draw(slice(2), slice(3), seeds)
    for image, question in [(0, 1), (1, 0), (1, 2)]:
        one, asked = slice(image, image + 1), slice(question, question + 1)
        alone = draw(one, asked, seeds[one, asked])
        assert alone[0, 0].tolist() == together[image, question].tolist()
    assert not np.array_equal(draw(slice(2), slice(3), seeds + 1), together)
