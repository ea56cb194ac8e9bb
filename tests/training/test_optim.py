"""Optimisers: which parameters they treat how, schedules, first updates worked out by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from spatialvlm_jax.experiment import OptimConfig
from spatialvlm_jax.training import optim

BLOCK_KERNELS = {
    *(f"encoder/blocks/attention/{part}/kernel" for part in ("query", "key", "value", "out")),
    *(f"decoder/blocks/attention/{part}/kernel" for part in ("query", "key", "value", "out")),
    *(f"encoder/blocks/mlp/{part}/kernel" for part in ("up", "down")),
    *(f"decoder/blocks/mlp/{part}/kernel" for part in ("gate", "up", "down")),
}
OTHER_KERNELS = {
    "encoder/stem/kernel",
    "connector/kernel",
    "dense_head/camera/kernel",
    "dense_head/categories/kernel",
    "dense_head/colors/kernel",
    "dense_head/mentions/kernel",
    "dense_head/values/kernel",
}


def test_decay_is_on_matrices_and_muon_on_those_of_blocks(template):
    decayed = {name for name in template.shapes if optim.is_decayed(name)}
    assert decayed == BLOCK_KERNELS | OTHER_KERNELS
    dimensions = {n: optim.muon_dimensions(n, len(x.shape)) for n, x in template.shapes.items()}
    assert {name for name, found in dimensions.items() if found} == BLOCK_KERNELS
    assert dimensions["decoder/blocks/mlp/up/kernel"] == (1, 2)


def test_every_parameter_has_a_group(template):
    groups = {name: optim.parameter_group(name) for name in template.shapes}
    assert groups["dense_head/colors/kernel"] == groups["encoder/stem/kernel"] == "encoder"
    assert groups["connector/kernel"] == "connector"
    assert groups["decoder/embedder/embedding"] == "embeddings"
    assert groups["decoder/final_norm/scale"] == "decoder"


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (OptimConfig(schedule="constant", peak_lr=1.0, warmup_steps=3),
         {0: 0.25, 1: 0.5, 2: 0.75, 3: 1.0, 9: 1.0}),
        (OptimConfig(schedule="cosine", peak_lr=1.0, end_lr=0.2, warmup_steps=0),
         {0: 1.0, 5: 0.6, 10: 0.2}),
        (OptimConfig(schedule="wsd", peak_lr=1.0, warmup_steps=1, decay_steps=4),
         {0: 0.5, 1: 1.0, 6: 1.0, 7: 0.75, 9: 0.25}),
    ],
)  # fmt: skip
def test_schedules(config, expected):
    schedule = optim.learning_rate(config, 10)
    for step, rate in expected.items():
        np.testing.assert_allclose(schedule(step), rate, rtol=1e-6)


def test_first_adamw_update_by_hand():
    """Adam's first direction is the gradient's sign; decay and group factors come on top."""
    config = OptimConfig(
        schedule="constant",
        peak_lr=0.1,
        warmup_steps=0,
        weight_decay=0.01,
        clip_norm=0.0,
        lr_multipliers={"decoder": 0.5},
    )
    values = {
        "connector/kernel": jnp.full((2, 2), 4.0),
        "connector/bias": jnp.full(2, 4.0),
        "decoder/final_norm/scale": jnp.full(2, 4.0),
    }
    updates = first_update(config, values, jax.tree.map(lambda x: 3.0 * jnp.ones_like(x), values))
    np.testing.assert_allclose(updates["connector/kernel"], -0.1 * (1 + 0.01 * 4), rtol=1e-5)
    np.testing.assert_allclose(updates["connector/bias"], -0.1, rtol=1e-5)
    np.testing.assert_allclose(updates["decoder/final_norm/scale"], -0.05, rtol=1e-5)


def test_first_muon_update_is_nearly_orthogonal_at_adams_size():
    config = OptimConfig(
        optimizer="muon", schedule="constant", peak_lr=1.0, warmup_steps=0, weight_decay=0.0
    )
    name = "decoder/blocks/mlp/up/kernel"
    gradient = jax.random.normal(jax.random.key(0), (3, 8, 32))
    updates = first_update(
        config,
        {name: jnp.zeros((3, 8, 32)), "connector/bias": jnp.zeros(4)},
        {name: gradient, "connector/bias": jnp.ones(4)},
    )
    for layer in np.asarray(updates[name]):
        singular = np.linalg.svd(layer / (0.2 * np.sqrt(32)), compute_uv=False)
        assert singular.min() > 0.6
        assert singular.max() < 1.3
    rms = float(jnp.sqrt(jnp.mean(jnp.square(updates[name]))))
    np.testing.assert_allclose(rms, 0.2, rtol=0.2)
    np.testing.assert_allclose(updates["connector/bias"], -1.0, rtol=1e-4)


def test_first_adafactor_update_by_hand():
    """Small arrays keep their squares whole; large ones divide by row and column means."""
    config = OptimConfig(
        optimizer="adafactor", schedule="constant", peak_lr=1.0, warmup_steps=0, weight_decay=0.0
    )
    rows, columns = np.linspace(1, 2, 128), np.linspace(3, 1, 130)
    gradients = {
        "connector/kernel": jnp.asarray(np.outer(rows, columns), jnp.float32),
        "connector/bias": jnp.asarray([-3.0, 0.5]),
    }
    updates = first_update(config, jax.tree.map(jnp.zeros_like, gradients), gradients)
    # The squares of an outer product are one too, so the factors give them exactly: its signs.
    np.testing.assert_allclose(updates["connector/kernel"], -1.0, rtol=1e-4)
    np.testing.assert_allclose(updates["connector/bias"], [1.0, -1.0], rtol=1e-4)


def slot_bytes(**settings):
    shapes = {
        "decoder/blocks/mlp/up/kernel": jax.ShapeDtypeStruct((18, 2048, 16384), jnp.float32),
        "decoder/final_norm/scale": jax.ShapeDtypeStruct((2048,), jnp.float32),
    }
    slots = jax.eval_shape(optim.make_optimizer(OptimConfig(**settings), 1000).init, shapes)
    bytes_ = sum(x.size * x.dtype.itemsize for x in jax.tree.leaves(slots))
    return bytes_ / sum(4 * x.size for x in shapes.values())


@pytest.mark.parametrize("optimizer", ["adamw", "muon", "adafactor"])
def test_first_moments_take_half_the_memory_in_bfloat16(optimizer):
    wide = slot_bytes(optimizer=optimizer)
    assert wide - slot_bytes(optimizer=optimizer, moment_dtype="bfloat16") == pytest.approx(0.5)


def test_adafactor_keeps_a_small_fraction_of_adams_slots():
    assert slot_bytes() == pytest.approx(2.0)
    assert slot_bytes(optimizer="adafactor", moment_dtype="bfloat16") == pytest.approx(
        0.5, abs=0.01
    )
    assert slot_bytes(optimizer="adafactor", b1=0.0) < 0.002


def test_gradients_are_clipped_by_their_common_norm():
    """Muon's momentum shows the clipped gradient: it is (1 - 0.95) times it."""
    config = OptimConfig(optimizer="muon", warmup_steps=0, clip_norm=1.0)
    name = "encoder/blocks/mlp/up/kernel"
    values = {name: jnp.zeros((1, 2, 2))}
    optimizer = optim.make_optimizer(config, 10)
    _, state = optimizer.update({name: jnp.full((1, 2, 2), 30.0)}, optimizer.init(values), values)
    momentum = [x for x in jax.tree.leaves(state) if jnp.shape(x) == (1, 2, 2)]
    np.testing.assert_allclose(momentum[0], 0.05 * 0.5, rtol=1e-5)


def first_update(config, values, gradients):
    optimizer = optim.make_optimizer(config, 10)
    updates, _ = jax.jit(optimizer.update)(gradients, optimizer.init(values), values)
    return updates
