"""Kernels in few bits: how far off, how packed, how used, and that no stack is ever widened."""

import math
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from scipy import stats

from spatialvlm_jax.models import low_bit
from spatialvlm_jax.models.layers import Linear, run_stack, stack
from spatialvlm_jax.models.quantize import FORMATS

RNG = np.random.default_rng(0)
# As the bitsandbytes library prints them.
PUBLISHED = (
    *(-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453),
    *(-0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0),
    *(0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224),
    *(0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0),
)


def test_in_8_bits_no_value_is_off_by_more_than_half_a_step() -> None:
    kernel = RNG.normal(size=(3, 50, 7)).astype(np.float32) * RNG.lognormal(size=7)
    kernel[1, :, 2] = 0.0
    rounded = low_bit.to_int8(jnp.asarray(kernel))
    values, scale = np.asarray(rounded.values), np.asarray(rounded.scale)
    assert values.dtype == np.int8
    assert scale.shape == (3, 7)
    np.testing.assert_allclose(scale[0], np.abs(kernel[0]).max(0) / 127, rtol=1e-6)
    error = np.abs(values * scale[:, None].astype(np.float64) - kernel).max(1)
    assert np.all(error <= scale / 2 * (1 + 1e-5))
    assert not values[1, :, 2].any()
    np.testing.assert_array_equal(low_bit.widen(rounded), values * scale[:, None])


def test_the_16_values_are_the_published_ones() -> None:
    np.testing.assert_allclose(low_bit.NORMAL_FLOAT, PUBLISHED, atol=2e-7)
    assert low_bit.NORMAL_FLOAT[7] == 0


def test_two_inputs_share_a_byte_and_an_output_its_scale() -> None:
    first = np.tile(low_bit.NORMAL_FLOAT, 4)
    kernel = np.concatenate([3 * first, -0.75 * first[::-1]])[:, None]
    rounded = low_bit.to_nf4(jnp.asarray(kernel))
    ascending = [0x10, 0x32, 0x54, 0x76, 0x98, 0xBA, 0xDC, 0xFE]
    assert np.asarray(rounded.values)[:32, 0].tolist() == ascending * 4
    assert rounded.scale.tolist() == [3.0]
    # A quarter of the largest is the square of about 128 / 255.
    assert rounded.blocks.tolist() == [[255], [128]]
    np.testing.assert_allclose(low_bit.widen(rounded)[:64], kernel[:64], rtol=1e-6)


def expected_error() -> float:
    """Mean squared error of NF4 on blocks of 64 normal values, by quadrature.

    The largest of a block lies on a value; the other 63 are normal within plus and minus it.
    """
    peak = np.linspace(1e-3, 7, 1500)
    within = 2 * stats.norm.cdf(peak) - 1
    density = 64 * within**63 * 2 * stats.norm.pdf(peak)
    share = np.linspace(-1, 1, 4001)
    values = np.asarray(PUBLISHED)
    off = share - values[np.abs(share[:, None] - values).argmin(1)]
    x = peak[:, None] * share
    squares = (off * peak[:, None]) ** 2 * stats.norm.pdf(x) * peak[:, None]
    others = np.trapezoid(squares, share, axis=1) / within
    return float(np.trapezoid(density * others, peak) * 63 / 64)


def test_the_error_of_normal_weights_is_that_of_theory_and_less_than_int4s() -> None:
    kernel = RNG.normal(size=(4096, 256)).astype(np.float32)
    rounded = jax.jit(low_bit.to_nf4)(kernel)
    error = np.mean((low_bit.widen(rounded) - kernel) ** 2)
    assert math.isclose(error, expected_error(), rel_tol=0.01)
    blocks = kernel.reshape(64, 64, 256)
    step = np.abs(blocks).max(1, keepdims=True) / 7
    assert error < 0.75 * np.mean((np.round(blocks / step) * step - blocks) ** 2)
    bits = 8 * sum(x.nbytes for x in rounded) / kernel.size
    assert bits == 4 + 8 / 64 + 32 / 4096


def test_large_zero_and_partial_blocks_keep_their_bounds() -> None:
    kernel = RNG.normal(size=(2, 70 + 64, 5)).astype(np.float32)
    kernel[0, :64, 1] *= 1000
    kernel[1, :, 2] = 0
    kernel[0, 64:128, 3] = 0
    kernel[1, 128:] *= 1e-3
    rounded = low_bit.to_nf4(jnp.asarray(kernel))
    assert rounded.values.shape == (2, 67, 5)
    assert rounded.blocks.shape == (2, 3, 5)
    wide = low_bit.widen(rounded)
    assert not wide[1, :, 2].any()
    assert not wide[0, 64:128, 3].any()
    largest = np.abs(kernel).max(1)
    widest = (1 - 0.6961928) / 2
    for start in (0, 64, 128):
        part = slice(start, start + 64)
        peak = np.abs(kernel[:, part]).max(1)
        # Half a step of the square root of its share, and the widest gap between values.
        moved = largest * (np.sqrt(peak / np.maximum(largest, 1e-9)) / 255 + 1 / 4 / 255**2)
        error = np.abs(wide[:, part] - kernel[:, part]).max(1)
        assert np.all(error <= 1.0001 * (widest * (peak + moved) + moved))


@pytest.mark.parametrize("form", list(FORMATS))
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
def test_products_and_their_gradients_are_those_of_the_widened_kernel(
    form: str, dtype: Any
) -> None:
    kernel = jnp.asarray(RNG.normal(size=(70, 8)), jnp.float32) / 8
    rounded = FORMATS[form](kernel)
    wide = jnp.asarray(low_bit.widen(rounded))
    x = jnp.asarray(RNG.normal(size=(5, 70)), dtype)
    tolerance = 1e-5 if dtype == jnp.float32 else 2e-2

    def loss(product: Any, x: jax.Array) -> jax.Array:
        return jnp.sum(jnp.sin(product(x).astype(jnp.float32)))

    ours: Any = lambda x: low_bit.product(x, rounded)  # noqa: E731
    theirs: Any = lambda x: x @ wide.astype(x.dtype)  # noqa: E731
    for have, want in (
        (ours(x), theirs(x)),
        (jax.grad(loss, 1)(ours, x), jax.grad(loss, 1)(theirs, x)),
    ):
        assert have.dtype == dtype
        np.testing.assert_allclose(
            have.astype(jnp.float32), want.astype(jnp.float32), atol=tolerance, rtol=tolerance
        )


def narrow_stack(form: str, depth: int, width: int) -> Linear:
    layers = stack(lambda rngs: Linear(width, width, bias=False, rngs=rngs), depth, nnx.Rngs(0))
    values, scale, blocks = FORMATS[form](layers.kernel[...])
    layers.kernel, layers.kernel_scale = nnx.Param(values), nnx.Param(scale)
    layers.kernel_blocks = nnx.data(None) if blocks is None else nnx.Param(blocks)
    return layers


def gradient(layers: Linear, remat: Any) -> tuple[Any, Any]:
    """The gradient of a loss through a stack, and the stack's arrays."""
    definition, arrays = nnx.split(layers)

    def loss(x: jax.Array, arrays: Any) -> jax.Array:
        def layer(linear: Linear, x: jax.Array, _: Any) -> tuple[jax.Array, None]:
            return jnp.sin(linear(x)), None

        stacked = nnx.merge(definition, arrays)
        return jnp.sum(run_stack(stacked, layer, x, scan=True, remat=remat)[0])

    return jax.grad(loss), arrays


def shapes_within(jaxpr: Any) -> Iterator[tuple[Any, ...]]:
    for equation in jaxpr.eqns:
        yield from ((x.aval.dtype, x.aval.shape) for x in equation.outvars)
        for value in jax.tree.leaves(list(equation.params.values()), is_leaf=callable):
            inner = getattr(value, "jaxpr", value)
            if hasattr(inner, "eqns"):
                yield from shapes_within(inner)


@pytest.mark.parametrize("form", list(FORMATS))
@pytest.mark.parametrize("remat", ["none", "matmuls", "layers"])
def test_a_stack_is_never_widened_as_a_whole(form: str, remat: Any) -> None:
    function, arrays = gradient(narrow_stack(form, 5, 6), remat)
    made = list(shapes_within(jax.make_jaxpr(function)(jnp.ones((2, 6)), arrays).jaxpr))
    assert (jnp.dtype(jnp.float32), (6, 6)) in made
    assert (jnp.dtype(jnp.float32), (5, 6, 6)) not in made


@pytest.mark.parametrize("form", list(FORMATS))
@pytest.mark.parametrize("remat", ["none", "layers"])
def test_compiled_it_holds_a_layer_or_two_and_no_second_copy_of_the_codes(
    form: str, remat: Any
) -> None:
    width, temporary = 256, {}
    for depth in (4, 16):
        function, arrays = gradient(narrow_stack(form, depth, width), remat)
        compiled = jax.jit(function).lower(jnp.ones((2, width)), arrays).compile()
        memory: Any = compiled.memory_analysis()
        temporary[depth] = memory.temp_size_in_bytes
    layer = 4 * width * width
    assert temporary[16] < 3 * layer
    # Twelve layers more: one activation each, and not a tenth of their codes in 4 bits.
    assert temporary[16] - temporary[4] < 12 * layer / 80
