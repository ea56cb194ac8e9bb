"""Adapters: nothing at first, nothing but themselves in training, and merged without a trace."""

import dataclasses
import functools
import zlib
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.experiment import AdapterConfig, ModelConfig
from spatialvlm_jax.models import adapters
from spatialvlm_jax.models.layers import Linear
from spatialvlm_jax.models.vlm import VLM
from spatialvlm_jax.training.state import ModelTemplate

LORA = AdapterConfig(rank=3, alpha=6.0, targets=("decoder/*", "encoder/*/query", "connector"))


@functools.cache
def template(config: ModelConfig) -> ModelTemplate[VLM]:
    return ModelTemplate.of(lambda: VLM(config, rngs=nnx.Rngs(0)))


def draw(config: ModelConfig) -> dict[str, np.ndarray]:
    """Lively parameters; the same for the same name."""
    arrays = {}
    for name, x in template(config).shapes.items():
        rng = np.random.default_rng(zlib.crc32(name.encode()))
        arrays[name] = 0.3 * rng.normal(size=x.shape).astype(np.float32)
    return arrays


@functools.cache
def forward(config: ModelConfig) -> Any:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (2, 16, 16, 3), np.uint8)
    tokens = rng.integers(0, 40, (2, 8), np.int32)
    ones, places = np.ones((2, 8), np.int32), np.tile(np.arange(8, dtype=np.int32), (2, 1))

    def logits(parameters: dict[str, Any]) -> jax.Array:
        model = template(config).model(parameters)
        embeddings, _ = model.encode_image(images)
        hidden, _ = model.text_states(embeddings, tokens, ones, places, places >= 4)
        return model.logits(hidden)

    return jax.jit(logits)


@pytest.fixture(scope="module")
def base(tiny: ModelConfig) -> ModelConfig:
    return dataclasses.replace(tiny, scan_layers=True)


@pytest.fixture(scope="module")
def adapted(base: ModelConfig) -> ModelConfig:
    return dataclasses.replace(base, adapters=LORA)


def test_what_an_adapter_adds_is_the_low_rank_product() -> None:
    linear = Linear(3, 2, bias=False, rngs=nnx.Rngs(0))
    linear.adapter = adapters.Adapter(linear, 1, 4.0, rngs=nnx.Rngs(0))
    linear.kernel[...] = jnp.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    linear.adapter.a[...] = jnp.array([[1.0], [0.0], [-1.0]])
    linear.adapter.b[...] = jnp.array([[0.5, 0.25]])
    # (1, 2, 5): base (32, 40), times a -4, times b (-2, -1), times alpha / rank (-8, -4).
    np.testing.assert_allclose(linear(jnp.array([1.0, 2.0, 5.0])), [24.0, 36.0])


def test_a_model_begins_as_the_one_it_adapts(base: ModelConfig, adapted: ModelConfig) -> None:
    plain, parameters = draw(base), draw(adapted)
    names = {name for name in parameters if adapters.is_adapter(name)}
    assert parameters.keys() - names == plain.keys()
    assert parameters["decoder/blocks/mlp/up/adapter/a"].shape == (2, 16, 3)
    assert "encoder/blocks/attention/query/adapter/b" in names
    assert "encoder/blocks/attention/key/adapter/a" not in names
    parameters |= {name: np.zeros_like(parameters[name]) for name in names if name[-1] == "b"}
    np.testing.assert_array_equal(forward(adapted)(parameters), forward(base)(plain))


def test_layers_begin_with_different_noise_of_the_stated_spread() -> None:
    linear = Linear(400, 2, bias=False, rngs=nnx.Rngs(0))
    linear.kernel = nnx.Param(jnp.zeros((5, 400, 2)))
    adapter = adapters.Adapter(linear, 30, 1.0, rngs=nnx.Rngs(0))
    assert not np.any(adapter.b[...])
    a = np.asarray(adapter.a[...])
    assert a.shape == (5, 400, 30)
    assert a.std() == pytest.approx(1 / 20, rel=0.02)
    assert not np.array_equal(a[0], a[1])


def test_merged_and_unmerged_models_agree(base: ModelConfig, adapted: ModelConfig) -> None:
    parameters = draw(adapted)
    merged = adapters.merge(parameters, LORA)
    assert merged.keys() == template(base).shapes.keys()
    expected = forward(adapted)(parameters)
    assert np.abs(expected - forward(base)(draw(base))).max() > 0.1
    np.testing.assert_allclose(forward(base)(merged), expected, atol=1e-3)


def test_mistakes_are_told(tiny: ModelConfig) -> None:
    wrong = dataclasses.replace(LORA, targets=("decoder/*", "decoder/*/q_proj"))
    with pytest.raises(UserError, match=r'"decoder/\*/q_proj" names .*attention/query'):
        template(dataclasses.replace(tiny, adapters=wrong))
