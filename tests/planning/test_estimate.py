"""The arithmetic plan against figures done by hand and against the compiler's own."""

import dataclasses
import math
from typing import Any

import jax
import pytest
from jax.sharding import AbstractMesh

from spatialvlm_jax.batch import BatchSpec
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.experiment import GROUPS, AdapterConfig, MeshConfig, OptimConfig
from spatialvlm_jax.planning.collectives import (
    Collectives,
    estimate_collectives,
    seconds_on_links,
)
from spatialvlm_jax.planning.cost import trace_row
from spatialvlm_jax.planning.estimate import estimate
from spatialvlm_jax.planning.memory import estimate_memory, largest_layer, total_bytes
from spatialvlm_jax.planning.program import Program
from spatialvlm_jax.planning.topology import parse_topology
from spatialvlm_jax.training import sharding
from spatialvlm_jax.training.step import compile_step
from tests.planning.conftest import EXPERIMENT, with_experiment

ONE, EIGHT = parse_topology("h100:1"), parse_topology("h100:8")


def with_mesh(program: Program, mesh: MeshConfig) -> Program:
    return with_experiment(program, dataclasses.replace(program.experiment, mesh=mesh))


@pytest.mark.slow
def test_the_estimate_agrees_with_the_compiler(program, row):
    """State and batch to the byte, operations to 5 %, the rest within a factor of 2.5."""
    mesh = sharding.device_mesh(MeshConfig(), jax.devices()[:1])
    state = program.state(mesh)
    step: Any = compile_step(program.config, state, mesh)
    done = step.lower(state, BatchSpec.of(EXPERIMENT, 8).abstract()).compile()
    memory, stats = estimate_memory(program, mesh, row), done.memory_analysis()
    assert memory.state == stats.argument_size_in_bytes
    rest = memory.total - memory.state
    assert 1 / 2.5 < rest / stats.temp_size_in_bytes < 2.5
    plan = estimate(program, row, ONE)
    flops = plan.model_flops + sum(each.recomputed for each in plan.flops.values())
    assert math.isclose(flops, done.cost_analysis()["flops"], rel_tol=0.05)


def test_operations_are_split_by_tower(row):
    encoder, decoder, logits = (row.flops[name] for name in ("encoder", "decoder", "logits"))
    assert row.flops["other"] == type(encoder)()
    patches, width = 64, 128
    stem = 2 * patches * (8 * 8 * 3) * width
    weights = 2 * patches * (4 * width * width + 2 * width * 256)
    scores = 2 * 2 * patches * patches * width
    assert encoder.forward == stem + 3 * (weights + scores)
    # No one asks for the pixels' gradient.
    assert encoder.backward == 2 * encoder.forward - stem
    assert 0 < encoder.recomputed < encoder.forward
    assert decoder.backward == 2 * decoder.forward
    assert logits.forward == logits.recomputed == 2 * 32 * 128 * 512


def test_a_frozen_tower_shows_its_saving(program, row):
    optim = OptimConfig(freeze=("encoder",))
    frozen = Program.of(dataclasses.replace(EXPERIMENT, optim=optim))
    cost = trace_row(frozen)
    assert cost.flops["encoder"].forward == row.flops["encoder"].forward
    assert cost.flops["encoder"].backward == cost.flops["encoder"].recomputed == 0
    assert cost.flops["decoder"] == row.flops["decoder"]
    less, more = estimate(frozen, cost, ONE), estimate(program, row, ONE)
    assert less.memory.slots < more.memory.slots
    assert less.memory.activations < more.memory.activations
    assert less.model_flops < more.model_flops


def test_an_encoder_whose_features_are_stored_costs_memory_alone():
    optim = OptimConfig(freeze=("encoder",))
    plans = {}
    for features in ("", "folder"):
        data = dataclasses.replace(EXPERIMENT.data, features=features)
        mesh = MeshConfig(data=2, fsdp=2, tensor=2)
        experiment = dataclasses.replace(EXPERIMENT, optim=optim, data=data, mesh=mesh)
        changed = Program.of(experiment)
        plans[features] = estimate(changed, trace_row(changed), EIGHT)
    plain, stored = plans[""], plans["folder"]
    assert stored.flops["encoder"] == type(stored.flops["encoder"])()
    assert stored.flops["decoder"] == plain.flops["decoder"]
    assert stored.memory.parameters == plain.memory.parameters
    assert stored.memory.batch - plain.memory.batch == 2 * (64 * 128 * 4 - 64 * 64 * 3)
    kernels = 4 * 3 * (4 * 128 * 128 + 2 * 128 * 256)
    assert 0 < plain.collectives.gather - stored.collectives.gather < kernels
    # Two rows a device, float32; two sums in each of three layers, sent twice by half.
    tensor = plain.collectives.tensor - stored.collectives.tensor
    assert tensor == 2 * 4 * (3 * 64 * 128) * 2 * 2 * 0.5
    data = dataclasses.replace(EXPERIMENT.data, features="folder")
    with pytest.raises(UserError, match="data.features: it needs an encoder that does not train"):
        Program.of(dataclasses.replace(EXPERIMENT, data=data))


def test_parameters_are_split_and_their_traffic_follows(program, row):
    whole = estimate(program, row, ONE)
    split = estimate(with_mesh(program, MeshConfig(data=1, fsdp=8)), row, EIGHT)
    copies = estimate(with_mesh(program, MeshConfig(data=8)), row, EIGHT)
    assert whole.collectives.total == 0
    assert copies.memory.parameters == whole.memory.parameters
    assert split.memory.parameters < whole.memory.parameters
    gradients = 4 * sum(math.prod(x.shape) for x in program.shapes.trainable.values())
    assert copies.collectives.reduce == pytest.approx(2 * gradients * 7 / 8)
    assert copies.collectives.gather == copies.collectives.scatter == 0
    # Tokens go to the table: embeddings, hidden states twice and their gradients in float32.
    tokens = 8 * 32 * 128 * (5 * 4 + 4) * 7 / 8
    assert split.collectives.gather == pytest.approx(2 * split.collectives.scatter + tokens)
    assert split.collectives.scatter < gradients * 7 / 8


def test_tensor_parallelism_sums_activations(program, row):
    plan = estimate(with_mesh(program, MeshConfig(data=4, tensor=2)), row, EIGHT)
    encoder = 3 * 64 * 128
    decoder = 2 * (64 + 32) * 128
    # Two rows a device, float32; two sums a layer in three passes, sent twice by half.
    assert plan.collectives.tensor == 2 * 4 * (encoder + decoder) * 2 * 3 * 2 * 0.5


def test_time_follows_from_the_slowest_part(program, row):
    plan = estimate(program, row, ONE)
    parts = (plan.compute_seconds, plan.memory_seconds, plan.collective_seconds)
    assert plan.step_seconds == max(parts) > 0
    assert plan.mfu == pytest.approx(plan.model_flops / (plan.step_seconds * 989e12))
    assert plan.days == pytest.approx(plan.step_seconds)
    assert plan.device_hours == pytest.approx(24 * plan.days)
    assert plan.fits


def test_gradients_are_held_twice_while_they_accumulate(program, row):
    train = dataclasses.replace(EXPERIMENT.train, accumulate=4)
    parts = with_experiment(program, dataclasses.replace(EXPERIMENT, train=train))
    one, four = estimate(program, row, ONE).memory, estimate(parts, row, ONE).memory
    assert four.gradients == 2 * one.gradients
    assert four.activations - row.weights == pytest.approx((one.activations - row.weights) / 4)


def test_between_groups_a_share_goes_over_the_network():
    slices = parse_topology("2xv5e:2x2")
    sizes = {"data": 4, "fsdp": 2, "tensor": 1}
    sent = Collectives(gather=200e9, scatter=0, reduce=3.125e9, tensor=0)
    # Of four copies two are in each slice: half of a third of what each sends crosses.
    far = (1 / 2 - 1 / 4) / (1 - 1 / 4)
    expected = 1 + 3.125e9 * (1 - far) / 200e9 + far
    assert seconds_on_links(sent, sizes, slices) == pytest.approx(expected)
    inside = parse_topology("v5e:2x4")
    assert seconds_on_links(sent, sizes, inside) == pytest.approx((200e9 + 3.125e9) / 200e9)


@pytest.mark.parametrize("slices", [-1, 2])
def test_two_slices_are_planned(program, row, slices):
    mesh = MeshConfig(data=-1, fsdp=4, slices=slices)
    plan = estimate(with_mesh(program, mesh), row, parse_topology("2xv5e:2x2"))
    near = with_mesh(program, MeshConfig(data=-1, fsdp=4))
    one = estimate(near, row, parse_topology("v5e:2x4"))
    assert plan.mesh == one.mesh == {"data": 2, "fsdp": 4, "tensor": 1}
    assert plan.memory == one.memory
    assert plan.collective_seconds > 2 * one.collective_seconds
    across = with_mesh(program, MeshConfig(data=1, fsdp=8))
    with pytest.raises(UserError, match="has 2 slices: set mesh.slices to that"):
        estimate(across, row, parse_topology("2xv5e:2x2"))


@pytest.mark.parametrize(
    ("mesh", "message"),
    [
        (MeshConfig(data=2), "does not make 8 devices"),
        (MeshConfig(slices=2), "must divide mesh.data, which is 8, and the 1 groups"),
    ],
)
def test_meshes_that_do_not_fit(program, row, mesh, message):
    with pytest.raises(UserError, match=message):
        estimate(with_mesh(program, mesh), row, EIGHT)


def test_kernels_in_4_bits_are_held_packed_and_used_whole(monkeypatch):
    monkeypatch.setattr(sharding, "SMALLEST_SPLIT", 1)
    model = dataclasses.replace(EXPERIMENT.model, compute_dtype="bfloat16")
    optim = OptimConfig(freeze=GROUPS)
    adapters = AdapterConfig(rank=2, targets=("decoder/*",))
    held, gathered, used = {}, {}, {}
    for form in ("bfloat16", "nf4"):
        nf4 = ("decoder/blocks/*",) if form == "nf4" else ()
        changed = dataclasses.replace(model, nf4=nf4, adapters=adapters)
        program = Program.of(dataclasses.replace(EXPERIMENT, model=changed, optim=optim))
        mesh = AbstractMesh((1, 8, 1), sharding.AXES)
        held[form] = total_bytes(program.shapes.frozen)
        used[form] = largest_layer(program.state(mesh))
        gathered[form] = estimate_collectives(program, mesh).gather
    # Two layers: query and out 128 x 128, key and value 128 x 64, three MLP matrices 128 x 256.
    values, outputs = 2 * (2 * 128 * 128 + 2 * 128 * 64 + 3 * 128 * 256), 2 * (2 * 128 + 128 + 640)
    blocks = values // 64
    assert held["bfloat16"] - held["nf4"] == 2 * values - values // 2 - blocks - 4 * outputs
    assert used["nf4"] == used["bfloat16"]
    assert gathered["nf4"] == gathered["bfloat16"]
