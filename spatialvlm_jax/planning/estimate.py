"""The plan of a run: memory, operations, traffic, time and cost, by arithmetic alone.

The time is a roofline: a step takes as long as the slowest of computing, moving memory and sending
between devices, each at a share of its peak that good programs reach; they overlap. It is a bound
to compare plans by, not a measurement.
"""

import dataclasses
from typing import Any, Literal

import jax.numpy as jnp
from jax.sharding import AbstractMesh

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.models.flops import mfu
from spatialvlm_jax.models.quantize import count_values
from spatialvlm_jax.planning.collectives import (
    Collectives,
    estimate_collectives,
    needs_backward,
    seconds_on_links,
)
from spatialvlm_jax.planning.cost import Flops, RowCost
from spatialvlm_jax.planning.memory import Memory, estimate_memory, local_rows
from spatialvlm_jax.planning.program import Program
from spatialvlm_jax.planning.topology import Topology
from spatialvlm_jax.training import sharding
from spatialvlm_jax.training.mesh import choose_mesh, describe_mesh

# Shares of the data sheets' peaks that large matrix products, long reads and rings reach.
COMPUTE_SHARE, MEMORY_SHARE, LINK_SHARE = 0.7, 0.8, 0.8
USABLE_SHARE = 0.95  # of the memory: the runtime keeps some, and it fragments
SECONDS_A_DAY = 86_400


@dataclasses.dataclass(frozen=True)
class Plan:
    """A run on a topology; bytes and seconds are of one device and one step.

    method: "compiled" where the memory is the compiler's figure, "analytic" where it is estimated.
    why: what decided the method, if it was not asked for.
    layout: the mesh and how parameters lie on it, in words.
    hbm_bytes_per_device: the compiler's total, or the estimate's.
    memory: the estimate by kind, under either method.
    flops: of the whole batch, by tower.
    """

    topology: str
    mesh: dict[str, int]
    layout: str
    batch_size: int
    accumulate: int
    remat: str
    steps: int
    method: Literal["compiled", "analytic"]
    why: str
    devices: int
    hbm_bytes_per_device: int
    hbm_capacity_bytes: int
    memory: Memory
    flops: Flops
    collectives: Collectives
    compute_seconds: float
    memory_seconds: float
    collective_seconds: float
    peak_flops: float
    compiled: dict[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def fits(self) -> bool:
        """Whether a device's memory holds it: the compiler's word, or the estimate's."""
        if self.method == "compiled":
            return bool(self.compiled["fits"])
        return self.hbm_bytes_per_device <= USABLE_SHARE * self.hbm_capacity_bytes

    @property
    def step_seconds(self) -> float:
        """The roofline."""
        return max(self.compute_seconds, self.memory_seconds, self.collective_seconds)

    @property
    def model_flops(self) -> int:
        """Forward and backward, without what is computed again."""
        return sum(each.forward + each.backward for each in self.flops.values())

    @property
    def mfu(self) -> float:
        """The most that the roofline allows."""
        return mfu(self.model_flops, self.step_seconds, self.devices, self.peak_flops)

    @property
    def days(self) -> float:
        """Of the whole run."""
        return self.steps * self.step_seconds / SECONDS_A_DAY

    @property
    def device_hours(self) -> float:
        """Of the whole run, over all devices."""
        return self.days * 24 * self.devices


def abstract_mesh(program: Program, topology: Topology) -> AbstractMesh:
    """The mesh of a program's experiment on a topology's devices, without the devices.

    Raises:
      UserError: axes, slices or batch do not fit the devices.
    """
    experiment, devices = program.experiment, topology.devices
    shapes = program.config.template.shapes
    config = choose_mesh(experiment, shapes, devices, topology.groups)
    sizes = sharding.axis_sizes(config, devices)
    if topology.slices > 1 and config.slices != topology.slices:
        raise UserError(
            f"{topology.name} has {topology.slices} slices: set mesh.slices to that, and mesh.data "
            f"to a multiple of it (mesh.slices is {config.slices}, mesh.data {sizes[0]})"
        )
    if sizes[0] % config.slices or topology.groups % config.slices:
        raise UserError(
            f"mesh.slices {config.slices} must divide mesh.data, which is {sizes[0]}, and the "
            f"{topology.groups} groups of {topology.name}; two slices are --topology=2x..."
        )
    mesh = AbstractMesh(tuple(sizes), sharding.AXES)
    sharding.check_batch_size(experiment.data.batch_size, mesh, experiment.train.accumulate)
    return mesh


def estimate(program: Program, row: RowCost, topology: Topology, why: str = "") -> Plan:
    """The analytic plan of an experiment.

    Args:
      program: the experiment's.
      row: of `cost.trace_row`, of a program with the same model, data and freezing.
      topology: the devices.
      why: what decided the method.

    Raises:
      UserError: mesh or batch do not fit the devices.
    """
    experiment, chip = program.experiment, topology.chip
    mesh = abstract_mesh(program, topology)
    batch = experiment.data.batch_size
    flops = {
        tower: type(each)(*(batch * count for count in dataclasses.astuple(each)))
        for tower, each in row.flops.items()
    }
    done = sum(sum(dataclasses.astuple(each)) for each in flops.values())
    memory = estimate_memory(program, mesh, row)
    sent = estimate_collectives(program, mesh)
    return Plan(
        topology=topology.name,
        mesh=dict(mesh.shape),
        layout=describe_mesh(program.state(mesh), mesh),
        batch_size=batch,
        accumulate=experiment.train.accumulate,
        remat=experiment.model.remat,
        steps=experiment.train.steps,
        method="analytic",
        why=why,
        devices=topology.devices,
        hbm_bytes_per_device=memory.total,
        hbm_capacity_bytes=chip.hbm_bytes,
        memory=memory,
        flops=flops,
        collectives=sent,
        compute_seconds=done / topology.devices / (chip.peak_flops * COMPUTE_SHARE),
        memory_seconds=_traffic(program, row, mesh, memory) / (chip.hbm_bandwidth * MEMORY_SHARE),
        collective_seconds=seconds_on_links(sent, mesh.shape, topology) / LINK_SHARE,
        peak_flops=chip.peak_flops,
    )


def _traffic(program: Program, row: RowCost, mesh: AbstractMesh, memory: Memory) -> float:
    """Bytes to and from a device's memory: what layers make, weights in use, the update.

    Layers write what they make and read it again, forward and backward; weights are read in each
    pass and written where they were gathered; the update reads state and gradients, writes state.
    """
    experiment, sizes = program.experiment, mesh.shape
    parts, tensor = experiment.train.accumulate, sizes["tensor"]
    compute = jnp.dtype(experiment.model.compute_dtype).itemsize
    rows = local_rows(experiment.data.batch_size, sizes, parts)
    again = experiment.model.remat == "layers"
    made = (4 + 2 * again) * row.towers * rows * parts / tensor
    trainable = program.shapes.trainable
    weights = sum(
        2 * (1 + needs_backward(name, trainable)) * parts * count_values(name, x) * compute / tensor
        for name, x in program.shapes.parameters.items()
        if program.reads(name)
    )
    update = 2 * (memory.state - memory.batch) + 2 * memory.gradients
    return made + weights + update
