"""What is trained, and what a device holds of it."""

import dataclasses

import jax
import numpy as np
import pytest

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.experiment import GROUPS, AdapterConfig, OptimConfig, TrainConfig
from spatialvlm_jax.models.adapters import is_adapter
from spatialvlm_jax.training import optim, sharding
from spatialvlm_jax.training.initialise import Initialiser
from spatialvlm_jax.training.parameter_report import (
    describe_parameters,
    report_flops,
    report_groups,
    report_memory,
)
from spatialvlm_jax.training.step import compile_step
from tests.training.conftest import MODEL, SPEC, step_config, tiny_experiment

ALL_FROZEN = OptimConfig(warmup_steps=2, peak_lr=1e-2, freeze=GROUPS)


def initialiser(model, optimizer=ALL_FROZEN, train=None):
    experiment = tiny_experiment(model=model, optim=optimizer, train=train or TrainConfig(steps=10))
    config = step_config(experiment)
    mesh = sharding.device_mesh(experiment.mesh, jax.devices()[:1])
    return Initialiser(config.template, config.optimizer, experiment, mesh), config


@pytest.mark.parametrize(("form", "dtype"), [("int8", "int8"), ("nf4", "uint8")])
def test_adapters_train_alone_in_frozen_groups(form, dtype, batch):
    adapters = AdapterConfig(rank=2, targets=("decoder/*",))
    model = dataclasses.replace(
        MODEL,
        adapters=adapters,
        compute_dtype="bfloat16",
        scan_layers=True,
        **{form: ("decoder/*/mlp/*",)},
    )
    start, config = initialiser(model)
    state = start.state()
    assert state.trainable
    assert all(is_adapter(name) for name in state.trainable)
    assert not any(is_adapter(name) for name in state.frozen)
    assert all(optim.is_decayed(name) for name in state.trainable)
    assert dtype in {x.dtype.name for x in state.frozen.values()}
    step = compile_step(config, start.abstract(), start.mesh)
    before = jax.device_get(state.parameters)
    losses = []
    for _ in range(3):
        state, metrics = step(state, sharding.to_devices(batch, start.mesh))
        losses.append(float(metrics["loss"]))
    assert losses[-1] < losses[0]
    moved = {n for n, x in state.parameters.items() if not np.array_equal(before[n], x)}
    assert moved == set(state.trainable)


@pytest.mark.parametrize(("form", "bits"), [("int8", 8), ("nf4", 4)])
def test_kernels_in_few_bits_count_whole_and_weigh_little(form, bits):
    model = dataclasses.replace(MODEL, compute_dtype="bfloat16", **{form: ("decoder/*",)})
    state = initialiser(model, OptimConfig(warmup_steps=2, freeze=("decoder",)))[0].abstract()
    row = next(row for row in report_groups(state) if row.group == "decoder")
    # One layer: query and out 16 x 16, key and value 16 x 8, three MLP matrices 16 x 32.
    kernels, outputs, norms = 2 * 256 + 2 * 128 + 3 * 512, 3 * 16 + 2 * 8 + 2 * 32, 3 * 16
    assert row.parameters == kernels + norms
    # In 4 bits each output has one block of 64 inputs or fewer, whose scale is a byte.
    blocks = outputs if form == "nf4" else 0
    assert row.parameter_bytes == kernels * bits // 8 + blocks + 4 * outputs + 2 * norms
    assert row.dtype == "bfloat16/float32/" + {"int8": "int8", "nf4": "uint8"}[form]
    message = rf"model\.{form} keeps .* few bits, which cannot train: .* optim\.freeze"
    anywhere = dataclasses.replace(model, **{form: ("*/blocks/*",)})
    with pytest.raises(UserError, match=message):
        initialiser(anywhere, OptimConfig(warmup_steps=2))[0].abstract()


def test_the_report_has_rows_for_adapters_and_bytes_of_everything():
    targets = ("decoder/*/query", "connector")
    model = dataclasses.replace(
        MODEL, adapters=AdapterConfig(rank=2, targets=targets), compute_dtype="bfloat16"
    )
    start, config = initialiser(model, train=TrainConfig(steps=10, average_decay=0.9))
    state = start.abstract()
    rows = {row.group: row for row in report_groups(state)}
    towers = [name for name in GROUPS if name != "camera"]
    assert list(rows) == [*towers, "connector adapters", "decoder adapters"]
    adapters = rows["decoder adapters"]
    # One layer of 16 -> 16: A is 16 x 2, B is 2 x 16; float32, and Adam's two slots of it.
    assert adapters.parameters == adapters.trainable == adapters.decayed == 64
    assert (adapters.parameter_bytes, adapters.slot_bytes) == (256, 512)
    assert rows["decoder"].trainable == rows["decoder"].slot_bytes == 0
    assert rows["decoder"].parameter_bytes == 2 * rows["decoder"].parameters
    memory = report_memory(state)
    assert memory.parameters == sum(row.parameter_bytes for row in rows.values())
    assert memory.averages == memory.gradients == 2 * 256
    text = describe_parameters(state, report_flops(state, SPEC.abstract(), config))
    assert "decoder adapters" in text
    assert "a device holds" in text
