"""What is told of the camera: nothing where nothing is known, else a difference.

Two images of 4 tokens each; rays for each token.
"""

import dataclasses
import zlib
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from spatialvlm_jax.batch import CameraInput
from spatialvlm_jax.experiment import AttentionRule, ModelConfig
from spatialvlm_jax.models.generate import generate
from spatialvlm_jax.models.score import grow_tree, read_questions, score_answers
from spatialvlm_jax.models.vlm import VLM
from spatialvlm_jax.scene.rays import RAY_FEATURES

pytestmark = pytest.mark.usefixtures("compile_quickly_rather_than_well")
RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (2, 16, 16, 3), np.uint8)
RAYS = RNG.normal(size=(2, 4, RAY_FEATURES)).astype(np.float32)


def lively(config: ModelConfig, *, maps: bool = True) -> VLM:
    """A model of large random weights, but for its camera maps, which are as they begin."""
    model = nnx.eval_shape(lambda: VLM(config, reads_rays=maps, rngs=nnx.Rngs(0)))
    definition, shapes = nnx.split(model)
    flat = []
    for path, leaf in nnx.to_flat_state(shapes):
        rng = np.random.default_rng(zlib.crc32(repr(path).encode()))
        size = 0.0 if path[0] == "camera" else 0.5
        flat.append(
            (path, leaf.replace(jnp.asarray(size * rng.normal(size=leaf.shape), leaf.dtype)))
        )
    return nnx.merge(definition, nnx.from_flat_state(flat))


def teach(model: VLM, *, patches: float = 1.0, tokens: float = 1.0) -> VLM:
    assert model.camera is not None
    rng = np.random.default_rng(1)
    for linear, size in ((model.camera.patches, patches), (model.camera.tokens, tokens)):
        linear.kernel[...] = jnp.asarray(size * rng.normal(size=linear.kernel.shape), jnp.float32)
    return model


def test_other_parameters_are_drawn_as_without_it(tiny: ModelConfig) -> None:
    def drawn(maps: bool) -> dict[Any, jax.Array]:
        key = jax.random.key(3, impl="unsafe_rbg")  # compiles faster than the default
        make = jax.jit(lambda: nnx.state(VLM(tiny, reads_rays=maps, rngs=nnx.Rngs(key))))
        return {path: leaf[...] for path, leaf in nnx.to_flat_state(make())}

    with_maps, without = drawn(True), drawn(False)
    added = set(with_maps) - set(without)
    assert added == {("camera", "patches", "kernel"), ("camera", "tokens", "kernel")}
    assert not any(with_maps[path].any() for path in added)
    assert all(np.array_equal(with_maps[path], without[path]) for path in without)


def test_it_begins_as_a_model_that_is_not_told(tiny: ModelConfig) -> None:
    told, plain = lively(tiny), lively(tiny, maps=False)
    for one, other in zip(told.encode_image(IMAGES, RAYS), plain.encode_image(IMAGES), strict=True):
        assert np.array_equal(one, other)


def test_nothing_known_adds_nothing(tiny: ModelConfig) -> None:
    model = teach(lively(tiny))
    unknown = model.encode_image(IMAGES, np.zeros_like(RAYS))
    for one, other in zip(unknown, model.encode_image(IMAGES), strict=True):
        assert np.array_equal(one, other)


def test_rays_are_added_to_patches_and_to_image_tokens(tiny: ModelConfig) -> None:
    within = teach(lively(tiny), tokens=0.0)
    behind = teach(lively(tiny), patches=0.0)
    plain, features = within.encode_image(IMAGES)
    assert abs(within.encode(IMAGES, RAYS) - features).max(-1).min() > 0.05
    assert np.array_equal(behind.encode(IMAGES, RAYS), features)
    added = behind.connect(features, RAYS) - plain
    assert behind.camera is not None
    np.testing.assert_allclose(added, RAYS @ behind.camera.tokens.kernel[...], atol=1e-4)


def test_bfloat16_features_stay_so(tiny: ModelConfig) -> None:
    model = teach(lively(dataclasses.replace(tiny, compute_dtype="bfloat16")))
    made = jax.eval_shape(model.encode_image, IMAGES, RAYS)
    assert {each.dtype for each in made} == {jnp.dtype("bfloat16")}


def test_a_model_without_maps_says_so(tiny: ModelConfig) -> None:
    with pytest.raises(ValueError, match="no camera maps"):
        nnx.eval_shape(lambda: lively(tiny, maps=False).encode(IMAGES, RAYS))


@pytest.mark.parametrize("rule", ["prefix", "image_prefix"])
def test_every_question_is_answered_by_the_rays_of_its_picture(
    tiny: ModelConfig, rule: AttentionRule
) -> None:
    model = teach(lively(dataclasses.replace(tiny, attention=rule)))
    one, other = RNG.integers(3, 40, (2, 3), np.int32)
    answers = generate(
        model,
        np.repeat(IMAGES[:1], 3, 0),
        np.stack([[one, other], [other, one], [one, other]]),
        np.full((3, 2), 3, np.int32),
        camera=CameraInput(rays=np.stack([RAYS[0], RAYS[0], 0 * RAYS[0]])),
        max_tokens=3,
        eos_id=-1,
    )
    assert np.array_equal(answers[0], answers[1][::-1])
    assert not np.array_equal(answers[0], answers[2])


WORDS = np.pad(RNG.integers(3, 40, (1, 5), np.int32), ((0, 0), (0, 3)))


@jax.jit
def states(model: VLM, tokens: jax.Array, segments: jax.Array, words: jax.Array) -> jax.Array:
    """Of the text of rows that show one picture each; a segment is a question of 4 tokens."""
    image, _ = model.encode_image(IMAGES[:1].repeat(len(tokens), 0))
    positions = jnp.arange(tokens.shape[1]) % 4
    positions, suffix = (jnp.broadcast_to(x, tokens.shape) for x in (positions, positions > 2))
    return model.text_states(image, tokens, segments, positions, suffix, camera_words=words)[0]


def test_every_question_sees_the_words_and_none_their_padding(tiny: ModelConfig) -> None:
    model = lively(tiny, maps=False)
    tokens = RNG.integers(3, 40, (1, 8), np.int32)
    packed, ids = tokens.repeat(3, 0), np.array([[1] * 4 + [2] * 4] * 3, np.int32)
    apart = np.stack([tokens[0, :4], tokens[0, 4:]])
    other = np.concatenate([WORDS[:, :4], WORDS[:, 5:], WORDS[:, 5:6]], 1)
    said, less, padded = states(model, packed, ids, np.concatenate([WORDS, other, WORDS]))
    assert abs(said - less).max(-1).min() > 1e-3
    np.testing.assert_array_equal(said, padded)
    alone = states(model, apart, np.ones((2, 4), np.int32), WORDS.repeat(2, 0))
    np.testing.assert_allclose(said.reshape(2, 4, -1), alone, rtol=1e-4, atol=1e-5)
    table = model.decoder.embedder.embedding
    table[...] = table[...].at[0].set(100.0)  # of padding
    changed = states(model, packed, ids, np.concatenate([WORDS, other, WORDS]))
    np.testing.assert_array_equal(changed[0], said)


def test_answers_are_generated_and_scored_behind_the_words(tiny: ModelConfig) -> None:
    model = lively(tiny, maps=False)
    prefixes, lengths = RNG.integers(3, 40, (2, 1, 3), np.int32), np.full((2, 1), 3, np.int32)
    told = CameraInput(words=np.concatenate([WORDS, 0 * WORDS]))
    same = IMAGES[:1].repeat(2, 0), prefixes[:1].repeat(2, 0), lengths
    answers = np.asarray(generate(model, *same, camera=told, max_tokens=3, eos_id=-1))
    assert not np.array_equal(answers[0], answers[1])
    tree = grow_tree(answers[:, 0].tolist())
    trees = jax.tree.map(lambda x: np.stack([x[None]] * 2), tree)
    scores = score_answers(model, read_questions(model, *same, told), trees)
    assert scores[0, 0, 0] > scores[0, 0, 1]
    assert scores[1, 0, 1] > scores[1, 0, 0]
