"""The whole model: what it promises about segments, rules, gradients and its first loss.

One image and three segments of lengths 5, 4 and 3, packed in a row of 16 tokens.
"""

import dataclasses
import functools
import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from spatialvlm_jax.experiment import ModelConfig, Remat
from spatialvlm_jax.models.checkpoint_file import flat_params
from spatialvlm_jax.models.variants import build_model_config, group_of
from spatialvlm_jax.models.vlm import VLM
from tests.models.conftest import DENSE

pytestmark = pytest.mark.usefixtures("compile_quickly_rather_than_well")
LENGTHS, PREFIXES, ROW = (5, 4, 3), (3, 2, 1), 16
RNG = np.random.default_rng(0)
IMAGE = RNG.integers(0, 256, (1, 16, 16, 3), np.uint8)
TOKENS = [RNG.integers(3, 40, length) for length in LENGTHS]

Text = dict[str, np.ndarray]


def row(segments: list[int]) -> Text:
    """The batch fields of one row that holds these segments of `TOKENS`, padded to `ROW`."""

    def padded(parts: list[np.ndarray]) -> np.ndarray:
        flat = np.concatenate(parts)
        return np.pad(flat, (0, ROW - len(flat)))[None]

    position = [np.arange(LENGTHS[i]) for i in segments]
    return {
        "tokens": padded([TOKENS[i] for i in segments]),
        "segment_ids": padded([np.full(LENGTHS[i], n) for n, i in enumerate(segments, start=1)]),
        "positions": padded(position),
        "suffix_mask": padded([p >= PREFIXES[i] for p, i in zip(position, segments, strict=True)]),
    }


@functools.partial(jax.jit, static_argnums=(0, 4))
def hidden(definition: Any, state: Any, images: Any, text: Text, block_length: int) -> jax.Array:
    model = nnx.merge(definition, state)
    image = model.encode_image(images)[0]
    return model.text_states(image, **text, block_length=block_length)[0]


def run(model: VLM, text: Text, images: np.ndarray = IMAGE, *, block_length: int = 0) -> np.ndarray:
    rows = len(text["tokens"])
    images = np.repeat(images, rows, 0)
    return np.asarray(hidden(*nnx.split(model), images, text, block_length))


def stacked(texts: list[Text]) -> Text:
    return {name: np.concatenate([text[name] for text in texts]) for name in texts[0]}


def test_packed_equals_unpacked_in_loss_and_gradients(lively: Callable[..., VLM]) -> None:
    definition, state = nnx.split(lively(scan_layers=True))

    @jax.jit
    def loss_and_gradients(state: Any, images: jax.Array, text: Text) -> Any:
        def loss(state: Any) -> tuple[jax.Array, jax.Array]:
            model = nnx.merge(definition, state)
            states, _ = model.text_states(model.encode_image(images)[0], **text)
            chosen = jnp.take_along_axis(
                jax.nn.log_softmax(model.logits(states)), text["tokens"][..., None], -1
            )[..., 0]
            return -jnp.sum(chosen * text["suffix_mask"]) / text["suffix_mask"].sum(), states

        return jax.value_and_grad(loss, has_aux=True)(state)

    empty = {name: np.zeros_like(array) for name, array in row([0]).items()}
    packed = stacked([row([0, 1, 2]), empty, empty])
    apart = stacked([row([i]) for i in range(3)])
    images = np.repeat(IMAGE, 3, 0)
    (loss, states), gradients = loss_and_gradients(state, images, packed)
    (loss_apart, states_apart), gradients_apart = loss_and_gradients(state, images, apart)
    ends = np.cumsum(LENGTHS)
    for i, (end, length) in enumerate(zip(ends, LENGTHS, strict=True)):
        np.testing.assert_allclose(
            states[0, end - length : end], states_apart[i, :length], rtol=1e-4, atol=1e-5
        )
    assert float(loss) == pytest.approx(float(loss_apart), rel=1e-5)
    for one, other in zip(*map(jax.tree.leaves, (gradients, gradients_apart)), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5 * float(abs(one).max()) + 1e-6)


def test_changing_a_segment_leaves_the_others_bit_identical(lively: Callable[..., VLM]) -> None:
    before, after = row([0, 1, 2]), row([0, 1, 2])
    after["tokens"][0, 5:9] = 39 - after["tokens"][0, 5:9]
    one, other = run(lively(), before)[0], run(lively(), after)[0]
    assert not np.array_equal(one[5:9], other[5:9])
    assert np.array_equal(one[:5], other[:5])
    assert np.array_equal(one[9:], other[9:])


def test_suffix_is_causal_and_prefix_does_not_see_it(lively: Callable[..., VLM]) -> None:
    before, after = row([0]), row([0])
    after["tokens"][0, 4] = 39 - after["tokens"][0, 4]  # the last suffix token
    for rule in ("image_prefix", "prefix"):
        one, other = run(lively(rule), before)[0], run(lively(rule), after)[0]
        assert np.array_equal(one[:4], other[:4])
        assert not np.array_equal(one[4], other[4])


def test_under_prefix_alone_the_image_sees_the_prefix(lively: Callable[..., VLM]) -> None:
    # Two texts on one image, of which the second sees only itself and the image. Reading one layer
    # up from the image, it can tell another prefix in the first only if the image saw that.
    def answer(rule: str, first: int) -> np.ndarray:
        text = row([0, 1])
        text["tokens"][0, 0] = first
        return run(lively(rule), text)[0, 5:9]

    assert np.array_equal(answer("image_prefix", 7), answer("image_prefix", 30))
    assert abs(answer("prefix", 7) - answer("prefix", 30)).max() > 1e-3


def test_padding_is_finite_and_invisible(lively: Callable[..., VLM]) -> None:
    before, after = row([1]), row([1])
    after["tokens"][0, 4:] = 17
    one, other = run(lively("prefix"), before)[0], run(lively("prefix"), after)[0]
    assert np.isfinite(one).all()
    assert np.array_equal(one[:4], other[:4])


def test_text_depends_on_the_image(lively: Callable[..., VLM]) -> None:
    one, other = run(lively(), row([0])), run(lively(), row([0]), 255 - IMAGE)
    assert abs(one - other)[0, :5].max(-1).min() > 1e-3


def test_blocks_equal_one_long_row(lively: Callable[..., VLM]) -> None:
    halves = [row([0, 2]), row([1])]  # 8 and 4 tokens: no segment crosses 8
    halves[1]["segment_ids"] = 3 * halves[1]["segment_ids"]
    text = {name: np.concatenate([h[name][:, :8] for h in halves], 1) for name in halves[0]}
    whole, blocks = run(lively(), text), run(lively(), text, block_length=8)
    np.testing.assert_allclose(whole, blocks, rtol=1e-4, atol=1e-5)
    with pytest.raises(ValueError, match="block_length = 0"):
        run(lively("prefix"), text, block_length=8)


def test_scanned_layers_equal_unrolled_ones(lively: Callable[..., VLM]) -> None:
    text = row([0, 1, 2])
    one, other = run(lively(), text), run(lively(scan_layers=True), text)
    np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("remat", ["layers", "matmuls"])
def test_what_is_computed_again_is_the_same(lively: Callable[..., VLM], remat: Remat) -> None:
    text = row([0, 1, 2])

    def gradients(model: VLM) -> dict[str, jax.Array]:
        definition, state = nnx.split(model)

        def loss(state: Any) -> jax.Array:
            return jnp.square(hidden(definition, state, IMAGE, text, 0)).mean()

        return flat_params(jax.grad(loss, allow_int=True)(state))

    kept, again = (
        gradients(lively(scan_layers=True)),
        gradients(lively(scan_layers=True, remat=remat)),
    )
    for name, gradient in kept.items():
        np.testing.assert_allclose(again[name], gradient, rtol=1e-4, atol=1e-6, err_msg=name)


def test_gradients_reach_every_parameter_and_the_first_loss_is_log_vocabulary() -> None:
    config = dataclasses.replace(build_model_config("debug"), scan_layers=True)
    definition = nnx.split(nnx.eval_shape(lambda: VLM(config, DENSE, rngs=nnx.Rngs(0))))[0]
    key = jax.random.key(0, impl="unsafe_rbg")  # compiles faster than the default
    state = jax.jit(lambda: nnx.split(VLM(config, DENSE, rngs=nnx.Rngs(key)))[1])()
    images = RNG.integers(0, 256, (2, 32, 32, 3), np.uint8)
    tokens = RNG.integers(3, config.decoder.vocab_size, (2, 12), np.int32)

    def losses(state: Any) -> tuple[jax.Array, jax.Array]:
        model = nnx.merge(definition, state)
        image, features = model.encode_image(images)
        labels, values, _, _ = model.dense(features)
        states, probes = model.text_states(
            image, tokens, jnp.ones_like(tokens), jnp.arange(12)[None].repeat(2, 0), tokens < 0
        )
        scores = jax.nn.log_softmax(model.logits(states))
        text = -jnp.take_along_axis(scores, jnp.roll(tokens, -1, 1)[..., None], -1).mean()
        dense = -jax.nn.log_softmax(labels)[..., 0].mean() + jnp.square(values - 1).mean()
        dense += jnp.square(model.mentions(probes.halfway) - 1).mean()
        return text + dense, text

    gradients, text = jax.jit(jax.grad(losses, has_aux=True))(state)
    assert float(text) == pytest.approx(math.log(config.decoder.vocab_size), abs=0.3)
    groups = set()
    for path, gradient in nnx.to_flat_state(gradients):
        groups.add(group_of(path))
        if path[-2:] != ("key", "bias"):  # softmax does not see a shift of all scores
            assert float(abs(gradient[...]).max()) > 1e-8, path
    assert groups == {"encoder", "connector", "decoder", "embeddings"}


def test_bfloat16_compute_stays_close_and_float32_parameters_stay(tiny: ModelConfig) -> None:
    def make(dtype: str) -> VLM:
        config = dataclasses.replace(tiny, compute_dtype=dtype)
        definition, shapes = nnx.split(nnx.eval_shape(lambda: VLM(config, DENSE, rngs=nnx.Rngs(0))))
        rng = np.random.default_rng(0)
        draw = lambda x: jnp.asarray(0.2 * rng.normal(size=x.shape), x.dtype)  # noqa: E731
        return nnx.merge(definition, jax.tree.map(draw, shapes))

    low, full = make("bfloat16"), make("float32")
    shapes = jax.eval_shape(low.encode_image, IMAGE)
    assert {shape.dtype for shape in shapes} == {jnp.dtype("bfloat16")}
    assert {leaf.dtype for leaf in jax.tree.leaves(nnx.state(low))} == {jnp.dtype("float32")}
    states, exact = run(low, row([0, 1, 2])), run(full, row([0, 1, 2]))
    assert states.dtype == jnp.bfloat16
    assert jax.eval_shape(low.logits, states).dtype == jnp.float32
    assert abs(states.astype(np.float32) - exact)[0, :12].max() < 0.05 * abs(exact).max()


def test_a_model_without_a_dense_head_says_so(tiny: ModelConfig) -> None:
    model = nnx.eval_shape(lambda: VLM(tiny, rngs=nnx.Rngs(0)))
    with pytest.raises(ValueError, match="no dense head"):
        model.dense(jnp.zeros((1, 4, 16)))


def test_image_tokens_are_scored_with_the_token_table(
    tiny: ModelConfig, lively: Callable[..., VLM]
) -> None:
    model = lively()
    image = RNG.normal(size=(1, 2, tiny.decoder.width)).astype(np.float32)
    read = model.decoder.embedder.encode(jnp.arange(tiny.decoder.vocab_size), jnp.float32)
    np.testing.assert_allclose(model.words(image), image @ np.asarray(read).T, rtol=1e-4, atol=1e-5)
