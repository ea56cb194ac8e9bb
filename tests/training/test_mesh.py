"""Meshes chosen for the published models at full size, on devices that need not be there."""

import dataclasses
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
from jax.sharding import AbstractMesh, PartitionSpec

import train
from spatialvlm_jax.config import load_experiment
from spatialvlm_jax.experiment import DataConfig, Experiment, MeshConfig
from spatialvlm_jax.models.variants import ENCODERS, PALIGEMMAS
from spatialvlm_jax.planning.program import Program
from spatialvlm_jax.training import sharding
from spatialvlm_jax.training.mesh import (
    choose_mesh,
    describe_mesh,
    groups_of,
    held_whole,
    make_mesh,
)

CONFIG = str(Path(train.__file__).parent / "configs" / "paligemma.py")


@pytest.fixture(scope="module", params=[*PALIGEMMAS, "g/14"])
def program(request) -> Program:
    if request.param in PALIGEMMAS:
        return Program.of(load_experiment(f"{CONFIG}:variant={request.param}"))
    experiment = load_experiment(CONFIG)
    model = dataclasses.replace(experiment.model, encoder=ENCODERS[request.param])
    return Program.of(dataclasses.replace(experiment, model=model))


def chosen(program: Program, devices: int, groups: int = 1) -> tuple[list[int], int]:
    shapes = program.config.template.shapes
    config = choose_mesh(program.experiment, shapes, devices, groups)
    return sharding.axis_sizes(config, devices), config.slices


@pytest.mark.parametrize(
    ("devices", "groups", "sizes"),
    [
        (1, 1, [1, 1, 1]),
        (4, 1, [1, 4, 1]),
        (8, 1, [1, 8, 1]),
        (16, 1, [1, 16, 1]),
        (64, 1, [1, 64, 1]),
        (64, 8, [8, 8, 1]),
        (256, 1, [2, 128, 1]),
        (512, 1, [4, 64, 2]),
        (512, 2, [4, 64, 2]),
    ],
)
def test_published_models_get_a_mesh_that_splits_them(program, devices, groups, sizes):
    assert chosen(program, devices, groups) == (sizes, groups)
    mesh = AbstractMesh(tuple(sizes), sharding.AXES)
    sharding.check_batch_size(program.experiment.data.batch_size, mesh)
    state = program.state(mesh)
    said = describe_mesh(state, mesh)
    assert "warning" not in said
    share = float(said.split("holds ")[1].split(" %")[0]) / 100
    assert share == pytest.approx(1 / (sizes[1] * sizes[2]), rel=0.06)
    table = state.parameters["decoder/embedder/embedding"].sharding
    assert not sharding.splits("fsdp", table.spec) or sharding.splits("fsdp", table.spec) == [0]


def test_what_is_held_whole_is_named_with_its_bytes(program):
    mesh = AbstractMesh((1, 256, 1), sharding.AXES)
    state = program.state(mesh)
    said = describe_mesh(state, mesh).splitlines()[1]
    assert "encoder/blocks/attention/query/kernel" in said
    assert "--config.mesh.fsdp=128 splits better" in said
    query = state.parameters["encoder/blocks/attention/query/kernel"]
    whole = held_whole(state, mesh)
    # The parameter, two moments of Adam, and the gradient.
    assert whole["encoder/blocks/attention/query/kernel"] == 4 * 4 * np.prod(query.shape)
    assert f"{sum(whole.values()) / 1e9:.2f} GB" in said


SHAPES: dict[str, Any] = {
    "a/kernel": jax.ShapeDtypeStruct((512, 768), np.float32),
    "b/kernel": jax.ShapeDtypeStruct((513, 384), np.float32),
}


def choose(mesh: MeshConfig, devices: int, rows: int = 64, groups: int = 1) -> MeshConfig:
    experiment = Experiment(mesh=mesh, data=DataConfig(batch_size=rows))
    return choose_mesh(experiment, SHAPES, devices, groups)


@pytest.mark.parametrize(
    ("config", "devices", "groups", "expected"),
    [
        # What is set stays; a single -1 is left to what remains.
        (MeshConfig(2, 4, 1), 8, 1, MeshConfig(2, 4, 1)),
        (MeshConfig(1, -1, 1), 512, 1, MeshConfig(1, -1, 1)),
        (MeshConfig(-1, -1, 2), 8, 1, MeshConfig(-1, 4, 2)),
        # 384 = 3 x 128: at 256 the second kernel would be whole.
        (MeshConfig(-1, -1, 1), 256, 1, MeshConfig(-1, 128, 1)),
        (MeshConfig(-1, -1, -1), 48, 1, MeshConfig(-1, 48, 1)),
        (MeshConfig(-1, 2, -1), 256, 1, MeshConfig(-1, 2, 4)),
        (MeshConfig(1, -1, -1), 256, 1, MeshConfig(1, -1, 4)),
        (MeshConfig(-1, 2, -1), 64, 1, MeshConfig(-1, 2, 1)),
        # Groups: "fsdp" stays inside, unless it is told not to.
        (MeshConfig(-1, -1, 1, slices=-1), 32, 4, MeshConfig(-1, 8, 1, slices=4)),
        (MeshConfig(-1, 16, 1, slices=-1), 32, 4, MeshConfig(-1, 16, 1, slices=1)),
        (MeshConfig(-1, -1, 1, slices=2), 32, 4, MeshConfig(-1, 16, 1, slices=2)),
    ],
)
def test_only_what_is_left_open_is_chosen(config, devices, groups, expected):
    assert choose(config, devices, groups=groups) == expected


def test_no_tensor_axis_helps_a_batch_that_does_not_divide():
    assert choose(MeshConfig(-1, -1, -1), 8, rows=9).tensor == 1
    assert choose(MeshConfig(-1, -1, -1), 64, rows=4).tensor == 1
    assert choose(MeshConfig(-1, -1, -1), 64, rows=8).tensor == 8


def test_groups_are_what_devices_say():
    @dataclasses.dataclass
    class Device:
        slice_index: int

    assert groups_of([Device(i // 4) for i in range(8)]) == 2
    assert groups_of([Device(i // 5) for i in range(8)]) == 1
    assert groups_of(jax.devices()) == 1


def test_a_mesh_of_one_device_needs_no_flags():
    mesh = make_mesh(Experiment(mesh=MeshConfig(-1, -1, -1, slices=-1)), SHAPES, jax.devices()[:1])
    assert mesh.devices.shape == (1, 1, 1)
    assert sharding.parameter_spec("a/kernel", (512, 768), mesh.shape) == PartitionSpec()


@dataclasses.dataclass(frozen=True)
class Chip:
    """A TPU as far as its place on the torus goes."""

    coords: tuple[int, int, int]
    slice_index: int
    platform: str = "tpu"
    device_kind: str = "TPU v5 lite"
    core_on_chip: int = 0


@pytest.mark.parametrize(("slices", "sizes"), [(1, [2, 128, 1]), (2, [4, 64, 2])])
def test_a_chosen_mesh_fits_the_torus(slices, sizes):
    chips = [Chip((x, y, 0), i) for i in range(slices) for y in range(16) for x in range(16)]
    data, fsdp, tensor = sizes
    config = MeshConfig(data, fsdp, tensor, slices)
    placed = sharding.device_mesh(config, chips).devices
    assert placed.shape == tuple(sizes)
    assert set(placed.flat) == set(chips)
    assert groups_of(chips) == slices
    # Rows of "fsdp" and "tensor" stay in one slice.
    assert all(len({chip.slice_index for chip in row.flat}) == 1 for row in placed)
