"""A step on a tiny model: it learns, and what is frozen stays, without cost."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from spatialvlm_jax.experiment import OptimConfig, TrainConfig
from spatialvlm_jax.models.flops import count_flops
from spatialvlm_jax.training import sharding
from spatialvlm_jax.training.initialise import Initialiser
from spatialvlm_jax.training.parameter_report import (
    format_report,
    report_flops,
    report_groups,
    report_memory,
)
from spatialvlm_jax.training.step import compile_step
from tests.training.conftest import DENSE, SPEC, step_config, tiny_experiment


def start(experiment):
    config = step_config(experiment)
    mesh = sharding.device_mesh(experiment.mesh, jax.devices()[:1])
    initialiser = Initialiser(config.template, config.optimizer, experiment, mesh)
    step = compile_step(config, initialiser.abstract(), mesh)
    return initialiser.state(), lambda state, batch: step(state, sharding.to_devices(batch, mesh))


@pytest.fixture(scope="module")
def plain():
    """A step with no part left out, compiled once, and its first state."""
    return start(tiny_experiment())


def copied(state):
    """For a step, which takes the memory of the state that it is given."""
    return jax.tree.map(jnp.copy, state)


@pytest.fixture(scope="module")
def frozen_encoder():
    frozen = OptimConfig(warmup_steps=2, peak_lr=1e-2, freeze=("encoder",))
    return tiny_experiment(optim=frozen, dense=dataclasses.replace(DENSE, weight=0.0))


def test_a_frozen_encoder_stays_as_it_was_while_the_rest_learns(frozen_encoder, batch):
    state, step = start(frozen_encoder)
    before = jax.device_get(state.parameters)
    losses = []
    for _ in range(4):
        state, metrics = step(state, batch)
        losses.append(float(metrics["loss"]))
    after = jax.device_get(state.parameters)
    assert losses[-1] < losses[0]
    moved = {name for name in before if not np.array_equal(before[name], after[name])}
    assert moved == set(state.trainable)
    assert not any(name.startswith(("encoder/", "dense_head/")) for name in moved)
    assert int(state.step) == 4


def test_the_report_shows_what_freezing_saves(frozen_encoder):
    reports = {}
    for name, experiment in (("frozen", frozen_encoder), ("all", tiny_experiment())):
        experiment = dataclasses.replace(experiment, dense=dataclasses.replace(DENSE, weight=0.0))
        config = step_config(experiment)
        mesh = sharding.device_mesh(experiment.mesh, jax.devices()[:1])
        state = Initialiser(config.template, config.optimizer, experiment, mesh).abstract()
        rows = {row.group: row for row in report_groups(state)}
        reports[name] = rows, report_flops(state, SPEC.abstract(), config)
    images = np.zeros((SPEC.batch_size, 16, 16, 3), np.uint8)
    (rows, flops), (all_rows, all_flops) = reports["frozen"], reports["all"]
    encoder = rows["encoder"]
    assert (encoder.trainable, encoder.decayed, encoder.slot_bytes) == (0, 0, 0)
    assert encoder.parameters == all_rows["encoder"].parameters > 0
    # Adam keeps two float32 slots.
    assert rows["decoder"].slot_bytes == 8 * rows["decoder"].parameters
    assert all_rows["embeddings"].decayed == 0
    assert flops.forward == all_flops.forward
    encoder_forward = count_flops(lambda: config.template.build().encode_image(images)[1])
    assert all_flops.backward - flops.backward > encoder_forward > 0
    text = format_report(list(rows.values()), flops, report_memory(state))
    assert "encoder" in text
    assert "backward" in text


def test_dense_pretraining_runs_without_the_decoder(batch):
    experiment = tiny_experiment(
        optim=OptimConfig(warmup_steps=2, freeze=("connector", "decoder", "embeddings")),
        train=TrainConfig(steps=10, text_weight=0.0),
        dense=dataclasses.replace(DENSE, weight=1.0),
    )
    state, step = start(experiment)
    _, metrics = step(state, batch)
    assert "text_loss" not in metrics
    assert float(metrics["loss"]) == float(metrics["dense_loss"]) > 0


def test_without_geometry_names_in_questions_have_no_loss(batch):
    experiment = tiny_experiment(dense=dataclasses.replace(DENSE, value_weight=0.0))
    state, step = start(experiment)
    _, metrics = step(state, batch)
    metrics = {name: float(value) for name, value in metrics.items()}
    total = metrics["text_loss"] + 0.1 * metrics["dense_loss"]
    total += 0.2 * metrics["pointer_loss"] + 0.3 * metrics["copy_loss"]
    np.testing.assert_allclose(metrics["loss"], total, rtol=1e-6)
    assert metrics["mention_loss"] > 0


def test_metrics_are_split_by_data_set(plain, batch):
    second = np.arange(SPEC.batch_size)[:, None] >= 2
    ids = second * np.ones_like(batch.tokens)
    state, step = plain
    _, metrics = step(copied(state), dataclasses.replace(batch, dataset_ids=ids.astype(np.int32)))
    metrics = {name: float(value) for name, value in metrics.items()}
    np.testing.assert_allclose(metrics["share/a"], 0.25, rtol=1e-6)
    mixed = 0.25 * metrics["loss/a"] + 0.75 * metrics["loss/b"]
    np.testing.assert_allclose(metrics["text_loss"], mixed, rtol=1e-6)
    total = metrics["text_loss"] + 0.1 * (metrics["dense_loss"] + metrics["mention_loss"])
    total += 0.2 * metrics["pointer_loss"] + 0.3 * metrics["copy_loss"]
    assert min(metrics["pointer_loss"], metrics["copy_loss"]) > 0
    np.testing.assert_allclose(metrics["loss"], total, rtol=1e-6)


@pytest.mark.parametrize("parts", [2, 4])
def test_parts_of_a_batch_give_what_the_whole_gives(parts, plain, batch):
    ids = np.arange(SPEC.batch_size, dtype=np.int32)[:, None] % 2 * np.ones_like(batch.tokens)
    batch = dataclasses.replace(batch, dataset_ids=ids.astype(np.int32))
    # Rows of very different lengths: a mean of the parts' means would be something else.
    batch = dataclasses.replace(
        batch, loss_mask=batch.loss_mask & (np.arange(SPEC.batch_size)[:, None] != 1)
    )
    state, step = plain
    whole, expected = step(copied(state), batch)
    state, step = start(tiny_experiment(train=TrainConfig(steps=10, accumulate=parts)))
    pieces, found = step(state, batch)
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=2e-5, err_msg=name)
    # Adam's first moments are the gradients; its updates blow up where those are rounding alone.
    for value, other in zip(
        *map(jax.tree.leaves, (whole.opt_state, pieces.opt_state)), strict=True
    ):
        np.testing.assert_allclose(other, value, atol=1e-6)


def test_running_averages_follow_the_parameters(plain, batch):
    train = TrainConfig(steps=10, average_decay=0.75)
    state, step = start(tiny_experiment(train=train))
    before = jax.device_get(state.trainable)
    state, _ = step(state, batch)
    for name, value in state.averaged.items():
        expected = 0.75 * before[name] + 0.25 * np.asarray(state.trainable[name])
        np.testing.assert_allclose(value, expected, rtol=1e-5, atol=1e-7, err_msg=name)
    assert plain[0].average == {}
