"""Counts of programs whose cost is known."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from spatialvlm_jax.experiment import ModelConfig
from spatialvlm_jax.models.flops import count_flops
from spatialvlm_jax.models.vlm import VLM

A, B = jnp.zeros((3, 5)), jnp.zeros((5, 7))
MATMUL = 2 * 3 * 5 * 7
SQUARE = jnp.zeros((4, 4))


def test_products_count_two_operations_a_multiply_add() -> None:
    assert count_flops(jnp.matmul, A, B) == MATMUL
    batched = count_flops(lambda a, b: jnp.einsum("bij,bkj->bik", a, b), A[None], A[None])
    assert batched == 2 * 3 * 3 * 5
    assert count_flops(lambda a: jnp.tanh(a) + a, A) == 0


def test_gradients_cost_two_more_products() -> None:
    def loss(a: jax.Array, b: jax.Array) -> jax.Array:
        return jnp.square(a @ b).sum()

    assert count_flops(jax.grad(loss, argnums=(0, 1)), A, B) == 3 * MATMUL
    assert count_flops(jax.grad(loss), A, B) == 2 * MATMUL


def test_convolution() -> None:
    images, kernel = jnp.zeros((2, 8, 8, 3)), jnp.zeros((3, 3, 3, 5))

    def convolve(images: jax.Array, kernel: jax.Array) -> jax.Array:
        return jax.lax.conv_general_dilated(
            images, kernel, (2, 2), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
        )

    assert count_flops(convolve, images, kernel) == 2 * (2 * 4 * 4 * 5) * (3 * 3 * 3)


def test_loops_branches_and_calls_are_entered() -> None:
    product = 2 * 4**3

    def scanned(x: jax.Array) -> jax.Array:
        return jax.lax.scan(lambda x, _: (x @ x, None), x, length=6)[0]

    def branched(x: jax.Array) -> jax.Array:
        return jax.lax.cond(x[0, 0] > 0, lambda x: x @ x @ x, lambda x: x @ x, x)

    def looped(x: jax.Array) -> jax.Array:
        return jax.lax.while_loop(lambda x: x[0, 0] > 0, lambda x: x @ x, x)

    assert count_flops(jax.jit(scanned), SQUARE) == 6 * product
    assert count_flops(branched, SQUARE) == 2 * product
    assert count_flops(looped, SQUARE) == product
    assert count_flops(jax.checkpoint(lambda x: x @ x), SQUARE) == product


def test_what_nothing_reads_does_not_count() -> None:
    def half_read(x: jax.Array) -> jax.Array:
        first, _ = jax.jit(lambda x: (x @ x, x @ x @ x))(x)
        return first

    assert count_flops(half_read, SQUARE) == count_flops(lambda x: x @ x, SQUARE)


@pytest.mark.parametrize("scan", [False, True])
def test_a_frozen_encoder_has_no_backward_pass(tiny: ModelConfig, scan: bool) -> None:
    config = dataclasses.replace(tiny, scan_layers=scan)
    definition, state = nnx.split(nnx.eval_shape(lambda: VLM(config, rngs=nnx.Rngs(0))))
    images = jax.ShapeDtypeStruct((2, 16, 16, 3), np.uint8)
    ints = jax.ShapeDtypeStruct((2, 8), np.int32)

    def loss(trained: Any, frozen: Any, images: jax.Array, ints: jax.Array) -> jax.Array:
        model = nnx.merge(definition, trained, frozen)
        image, _ = model.encode_image(images)
        return model.text_states(image, ints, ints, ints, ints > 4)[0].sum()

    def encode(state: Any, images: jax.Array) -> jax.Array:
        return nnx.merge(definition, state).encoder(images.astype(jnp.float32))

    def is_encoder(path: tuple[Any, ...], _: Any) -> bool:
        return path[0] == "encoder"

    encoder, rest = nnx.split_state(state, is_encoder, ...)
    full = count_flops(jax.grad(loss), state, nnx.State({}), images, ints)
    frozen = count_flops(jax.grad(loss), rest, encoder, images, ints)
    forward = count_flops(encode, state, images)
    patches, pixels, width = 2 * 4, 8 * 8 * 3, 16
    # The backward pass costs twice the forward one, but no one asks for the pixels' gradient; and
    # the connector passes one back to the encoder.
    stem, connector = 2 * patches * pixels * width, 2 * patches * width * width
    assert full - frozen == 2 * forward - stem + connector
