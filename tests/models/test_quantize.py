"""Kernels in 8 bits: how far off, how used, and that no stack of them is ever widened."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.experiment import ModelConfig
from spatialvlm_jax.models import quantize
from spatialvlm_jax.models.layers import Linear, run_stack, stack
from spatialvlm_jax.models.vlm import VLM

RNG = np.random.default_rng(0)


def test_no_value_is_off_by_more_than_half_a_step() -> None:
    kernel = RNG.normal(size=(3, 50, 7)).astype(np.float32) * RNG.lognormal(size=7)
    kernel[1, :, 2] = 0.0
    values, scale = map(np.asarray, quantize.quantize(jnp.asarray(kernel)))
    assert values.dtype == np.int8
    assert scale.shape == (3, 7)
    np.testing.assert_allclose(scale[0], np.abs(kernel[0]).max(0) / 127, rtol=1e-6)
    error = np.abs(values * scale[:, None].astype(np.float64) - kernel).max(1)
    assert np.all(error <= scale / 2 * (1 + 1e-5))
    assert not values[1, :, 2].any()
    plain = quantize.dequantize({"a/kernel": values, "a/kernel_scale": scale, "b": scale})
    np.testing.assert_array_equal(plain["a/kernel"], values * scale[:, None])
    assert plain.keys() == {"a/kernel", "b"}


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
def test_products_and_their_gradients_are_those_of_the_widened_kernel(dtype: Any) -> None:
    narrow, wide = (Linear(16, 8, bias=True, rngs=nnx.Rngs(0)) for _ in range(2))
    narrow_model = nnx.List([narrow])
    quantize.quantize_linears(narrow_model, ["0"])
    assert narrow.kernel.dtype == jnp.int8
    wide.kernel[...] = narrow.kernel[...] * narrow.kernel_scale[...]
    x = jnp.asarray(RNG.normal(size=(2, 5, 16)), dtype)
    tolerance = 1e-5 if dtype == jnp.float32 else 2e-2

    def loss(linear: Linear, x: jax.Array) -> jax.Array:
        return jnp.sum(jnp.sin(linear(x).astype(jnp.float32)))

    for function in (lambda linear, x: linear(x), jax.grad(loss, argnums=1)):
        ours, expected = function(narrow, x), function(wide, x)
        assert ours.dtype == dtype
        np.testing.assert_allclose(
            ours.astype(jnp.float32), expected.astype(jnp.float32), atol=tolerance
        )


def shapes_within(jaxpr: Any) -> Iterator[tuple[Any, ...]]:
    for equation in jaxpr.eqns:
        yield from ((x.aval.dtype, x.aval.shape) for x in equation.outvars)
        for value in jax.tree.leaves(list(equation.params.values()), is_leaf=callable):
            inner = getattr(value, "jaxpr", value)
            if hasattr(inner, "eqns"):
                yield from shapes_within(inner)


@pytest.mark.parametrize("remat", ["none", "matmuls", "layers"])
def test_a_stack_is_never_widened_as_a_whole(remat: Any) -> None:
    layers = stack(lambda rngs: Linear(6, 6, bias=False, rngs=rngs), 5, nnx.Rngs(0))
    quantize.quantize_linears(nnx.List([layers]), ["*"])
    assert layers.kernel.shape == (5, 6, 6)

    def loss(x: jax.Array) -> jax.Array:
        def layer(linear: Linear, x: jax.Array, _: Any) -> tuple[jax.Array, None]:
            return jnp.sin(linear(x)), None

        return jnp.sum(run_stack(layers, layer, x, scan=True, remat=remat)[0])

    made = list(shapes_within(jax.make_jaxpr(jax.grad(loss))(jnp.ones((2, 6))).jaxpr))
    assert (jnp.dtype(jnp.float32), (6, 6)) in made
    assert (jnp.dtype(jnp.float32), (5, 6, 6)) not in made


def test_named_linear_maps_of_a_model_are_stored_so(tiny: ModelConfig) -> None:
    config = dataclasses.replace(tiny, int8=("decoder/*", "connector"))
    model = nnx.eval_shape(lambda: VLM(config, rngs=nnx.Rngs(0)))
    assert model.decoder.blocks.mlp.up.kernel.dtype == jnp.int8
    assert model.decoder.blocks.mlp.up.kernel_scale.shape == (2, 32)
    assert model.connector.kernel.dtype == jnp.int8
    assert model.encoder.blocks.mlp.up.kernel.dtype == jnp.float32
    with pytest.raises(UserError, match='model.int8: "all" names no linear map; there are conn'):
        VLM(dataclasses.replace(tiny, int8=("all",)), rngs=nnx.Rngs(0))


def test_frozen_parameters_keep_8_bits_and_their_scales_as_made() -> None:
    assert quantize.stored_dtype("a/kernel", jnp.int8, jnp.bfloat16) == jnp.int8
    assert quantize.stored_dtype("a/kernel_scale", jnp.float32, jnp.bfloat16) == jnp.float32
    assert quantize.stored_dtype("a/norm/scale", jnp.float32, jnp.bfloat16) == jnp.bfloat16
