"""Layers against the formulas, written out in numpy."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from spatialvlm_jax.models import layers

RNG = np.random.default_rng(0)


def gelu(x: np.ndarray) -> np.ndarray:
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def test_linear_is_a_matrix_product() -> None:
    linear = layers.Linear(3, 2, bias=True, rngs=nnx.Rngs(0))
    assert linear.bias is not None
    linear.kernel[...] = jnp.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    linear.bias[...] = jnp.array([0.5, -0.5])
    out = linear(jnp.array([[[1.0, 0.0, 0.0]], [[1.0, 1.0, 1.0]]]))
    assert np.array_equal(out, [[[1.5, 1.5]], [[9.5, 11.5]]])


def test_linear_starts_with_the_stated_spread() -> None:
    kernel = layers.Linear(400, 300, bias=False, rngs=nnx.Rngs(0), gain=0.5).kernel[...]
    assert float(kernel.std()) == pytest.approx(0.5 / math.sqrt(400), rel=0.02)


def test_rms_norm_multiplies_by_one_plus_scale() -> None:
    norm = layers.RMSNorm(2)
    norm.scale[...] = jnp.array([0.0, 1.0])
    # Root mean square of (3, 4) is sqrt(12.5).
    expected = np.array([[3.0, 8.0]]) / math.sqrt(12.5)
    np.testing.assert_allclose(norm(jnp.array([[3.0, 4.0]])), expected, rtol=1e-6)


def test_layer_norm_standardises() -> None:
    norm = layers.LayerNorm(4)
    norm.bias[...] = jnp.array([0.0, 0.0, 0.0, 1.0])
    # Mean 2.5, variance 1.25.
    expected = (np.array([[1.0, 2.0, 3.0, 4.0]]) - 2.5) / math.sqrt(1.25 + 1e-6) + [0, 0, 0, 1]
    np.testing.assert_allclose(norm(jnp.array([[1.0, 2.0, 3.0, 4.0]])), expected, rtol=1e-5)


def test_norms_compute_in_float32_and_keep_the_dtype() -> None:
    x = jnp.full((1, 4), 300.0, jnp.float16)  # 300 squared overflows float16
    out = layers.RMSNorm(4)(x)
    assert out.dtype == jnp.float16
    assert np.array_equal(out, np.ones((1, 4)))


def test_mlps_are_gelu_and_geglu() -> None:
    x = RNG.normal(size=(2, 3)).astype(np.float32)
    mlp = layers.MLP(3, 5, gain=1.0, rngs=nnx.Rngs(0))
    assert mlp.up.bias is not None
    mlp.up.bias[...] = jnp.arange(5.0)
    up, down = np.asarray(mlp.up.kernel[...]), np.asarray(mlp.down.kernel[...])
    np.testing.assert_allclose(mlp(x), gelu(x @ up + np.arange(5)) @ down, atol=1e-5)
    gated = layers.GatedMLP(3, 5, gain=1.0, rngs=nnx.Rngs(0))
    gate, up, down = (np.asarray(part.kernel[...]) for part in (gated.gate, gated.up, gated.down))
    np.testing.assert_allclose(gated(x), (gelu(x @ gate) * (x @ up)) @ down, atol=1e-5)


def test_rotation_turns_pairs_of_the_two_halves() -> None:
    x = RNG.normal(size=(5, 1, 4)).astype(np.float32)
    out = layers.rotate(x, layers.rotary_table(jnp.arange(5), 4, 100.0))
    # As complex numbers: first half real, second half imaginary, turned by position * base^(-2i/H).
    turned = (x[..., :2] + 1j * x[..., 2:]) * np.exp(
        1j * np.arange(5)[:, None, None] * np.array([1.0, 0.1])
    )
    np.testing.assert_allclose(out, np.concatenate([turned.real, turned.imag], -1), atol=1e-5)


def test_rotated_products_depend_on_distance_alone() -> None:
    query, key = RNG.normal(size=(2, 1, 1, 8)).astype(np.float32)

    def product(query_at: int, key_at: int) -> float:
        at = [layers.rotary_table(jnp.array([p]), 8, 1e4) for p in (query_at, key_at)]
        return float((layers.rotate(query, at[0]) * layers.rotate(key, at[1])).sum())

    assert product(3, 1) == pytest.approx(product(47, 45), abs=1e-4)
    assert product(3, 1) != pytest.approx(product(3, 2), abs=1e-4)


@pytest.mark.parametrize("scan", [False, True])
def test_a_stack_runs_its_layers_in_order(scan: bool) -> None:
    stacked = layers.stack(lambda rngs: layers.Linear(2, 2, bias=False, rngs=rngs), 3, nnx.Rngs(0))
    kernels = np.asarray(stacked.kernel[...])
    assert kernels.shape == (3, 2, 2)
    assert not np.array_equal(kernels[0], kernels[1])

    def function(
        layer: layers.Linear, x: jax.Array, shift: jax.Array
    ) -> tuple[jax.Array, jax.Array]:
        y = layer(x) + shift
        return y, y.sum()

    x, shifts = np.ones((1, 2), np.float32), np.arange(3, dtype=np.float32)
    out, sums = layers.run_stack(stacked, function, x, shifts, scan=scan)
    expected, totals = x, []
    for kernel, shift in zip(kernels, shifts, strict=True):
        expected = expected @ kernel + shift
        totals.append(expected.sum())
    np.testing.assert_allclose(out, expected, rtol=1e-5)
    np.testing.assert_allclose(sums, totals, rtol=1e-5)


def test_unrolled_layers_compute_nothing_that_nobody_reads() -> None:
    """Each layer has an output of its own; of the carry behind the last one nothing is wanted."""
    width, depth = 64, 3
    stacked = layers.stack(
        lambda rngs: layers.Linear(width, width, bias=False, rngs=rngs), depth, nnx.Rngs(0)
    )
    definition, state = nnx.split(stacked)

    def loss(state: nnx.State, x: jax.Array) -> jax.Array:
        _, outputs = layers.run_stack(
            nnx.merge(definition, state), lambda layer, x, _: (layer(x), x.sum()), x, scan=False
        )
        return outputs.sum()

    x = np.ones((width, width), np.float32)
    compiled = jax.jit(jax.grad(loss)).lower(state, x).compile()
    costs, product = compiled.cost_analysis(), 2 * width**3
    assert costs is not None
    # Two layers are read: the first's output, the gradients of both kernels and of that output.
    assert 4 * product <= costs["flops"] < 4.5 * product
    (gradient,) = jax.tree.leaves(compiled(state, x))
    assert not np.any(gradient[-1])
    assert np.all(np.any(gradient[:-1], axis=(1, 2)))
