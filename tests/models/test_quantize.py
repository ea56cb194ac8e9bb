"""Which kernels of a model are kept in few bits, and what their parameters are called."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.experiment import ModelConfig
from spatialvlm_jax.models import low_bit, quantize
from spatialvlm_jax.models.layers import Linear
from spatialvlm_jax.models.vlm import VLM


def test_named_linear_maps_of_a_model_are_stored_so(tiny: ModelConfig) -> None:
    config = dataclasses.replace(tiny, int8=("decoder/*/mlp/*",), nf4=("*/query", "connector"))
    model = nnx.eval_shape(lambda: VLM(config, rngs=nnx.Rngs(0)))
    up, query = model.decoder.blocks.mlp.up, model.decoder.blocks.attention.query
    assert up.kernel.dtype == jnp.int8
    assert up.kernel_scale.shape == (2, 32)
    assert up.kernel_blocks is None
    assert query.kernel.dtype == query.kernel_blocks.dtype == jnp.uint8
    assert (query.kernel.shape, query.kernel_blocks.shape) == ((2, 8, 32), (2, 1, 32))
    assert model.connector.kernel.dtype == jnp.uint8
    assert model.encoder.blocks.mlp.up.kernel.dtype == jnp.float32


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"int8": ("all",)}, 'model.int8: "all" names no linear map; there are conn'),
        ({"nf4": ("all",)}, 'model.nf4: "all" names no linear map; there are conn'),
        ({"int8": ("*",), "nf4": ("connector",)}, "model.int8 and model.nf4 both name connector"),
    ],
)
def test_patterns_that_name_nothing_or_twice_are_told(
    change: dict[str, tuple[str, ...]], message: str, tiny: ModelConfig
) -> None:
    with pytest.raises(UserError, match=message):
        nnx.eval_shape(lambda: VLM(dataclasses.replace(tiny, **change), rngs=nnx.Rngs(0)))


def test_an_odd_number_of_inputs_is_told() -> None:
    model = nnx.List([Linear(3, 4, bias=False, rngs=nnx.Rngs(0))])
    with pytest.raises(UserError, match=r"inputs in pairs, 0 has 3: name it in model\.int8"):
        quantize.quantize_linears(model, ModelConfig(nf4=("0",)))


@pytest.mark.parametrize("form", list(quantize.FORMATS))
def test_a_linear_map_computes_with_its_rounded_kernel(form: str) -> None:
    linear = Linear(16, 8, bias=True, rngs=nnx.Rngs(0))
    kernel = linear.kernel[...]
    x = jax.random.normal(jax.random.key(0), (2, 5, 16))
    plain = linear(x)
    quantize.quantize_linears(nnx.List([linear]), ModelConfig(**{form: ("0",)}))
    rounded = x @ low_bit.widen(quantize.FORMATS[form](kernel))
    np.testing.assert_allclose(linear(x), rounded, atol=1e-5)
    assert 0 < jnp.abs(rounded - plain).max() < 0.6


def test_parameters_are_widened_by_name() -> None:
    rounded = low_bit.to_nf4(jnp.asarray([[1.0], [-2.0]]))
    parameters = {"a/kernel": rounded.values, "a/kernel_scale": rounded.scale}
    parameters |= {"a/kernel_blocks": rounded.blocks, "b/scale": np.ones(2)}
    plain = quantize.dequantize({name: np.asarray(x) for name, x in parameters.items()})
    assert plain.keys() == {"a/kernel", "b/scale"}
    np.testing.assert_allclose(plain["a/kernel"], [[0.88141966], [-2.0]], rtol=1e-6)


def test_frozen_parameters_keep_few_bits_and_their_scales_as_made() -> None:
    for dtype in (jnp.int8, jnp.uint8):
        assert quantize.stored_dtype("a/kernel", dtype, jnp.bfloat16) == dtype
    assert quantize.stored_dtype("a/kernel_scale", jnp.float32, jnp.bfloat16) == jnp.float32
    assert quantize.stored_dtype("a/norm/scale", jnp.float32, jnp.bfloat16) == jnp.bfloat16


def test_codes_count_as_the_parameters_they_stand_for() -> None:
    packed = np.zeros((3, 8, 5), np.uint8)
    assert quantize.count_values("a/kernel", packed) == 3 * 16 * 5
    assert quantize.count_values("a/kernel_blocks", packed) == 0
    assert quantize.count_values("a/kernel", packed.astype(np.int8)) == 3 * 8 * 5
    assert quantize.plain_shape("a/kernel_blocks", packed) == (3, 8, 5)
