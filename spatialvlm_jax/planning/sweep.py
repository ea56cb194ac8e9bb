"""Many plans of one run, to choose from: mesh shapes, batch sizes, what is computed again."""

import dataclasses
import itertools
from collections.abc import Iterator
from typing import get_args

from spatialvlm_jax import progress
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.experiment import Experiment, MeshConfig, Remat
from spatialvlm_jax.planning.cost import trace_row
from spatialvlm_jax.planning.estimate import Plan, estimate
from spatialvlm_jax.planning.program import Program
from spatialvlm_jax.planning.topology import Topology

BATCH_FACTORS = (0.5, 1, 2, 4)
MOST_TENSOR = 8


def sweep(experiment: Experiment, topology: Topology) -> list[tuple[Plan, Experiment]]:
    """The analytic plans of all choices whose mesh and batch are possible, best first.

    Those that fit come before those that do not, then those that learn from most rows a second,
    then those that need least memory.

    Raises:
      UserError: nothing is possible.
    """
    found = []
    meshes = list(mesh_shapes(topology.devices))
    batches = sorted({max(1, int(f * experiment.data.batch_size)) for f in BATCH_FACTORS})
    remats = get_args(Remat)
    total = len(meshes) * len(batches) * len(remats)
    with progress.bar(total=total, desc="planning", unit="plan") as bar:
        for remat in remats:
            model = dataclasses.replace(experiment.model, remat=remat)
            program = Program.of(dataclasses.replace(experiment, model=model))
            row = trace_row(program)
            for mesh, batch in itertools.product(meshes, batches):
                bar.update()
                try:
                    choice = _changed(program.experiment, mesh, batch)
                    plan = estimate(dataclasses.replace(program, experiment=choice), row, topology)
                except UserError:
                    continue
                found.append((plan, choice))
    if not found:
        raise UserError(
            f"no batch of {', '.join(map(str, batches))} rows splits over {topology.devices} "
            f"devices: set --config.data.batch_size to a multiple of them"
        )
    return sorted(found, key=lambda each: _rank(each[0]))


def _rank(plan: Plan) -> tuple[bool, float, int]:
    return not plan.fits, -round(rows_a_second(plan), 1), plan.hbm_bytes_per_device


def rows_a_second(plan: Plan) -> float:
    """Rows of all devices together."""
    return plan.batch_size / plan.step_seconds


def mesh_shapes(devices: int) -> Iterator[MeshConfig]:
    """All meshes of powers of two over "tensor" and "fsdp", the rest in "data"."""
    for tensor, fsdp in itertools.product(_powers(min(devices, MOST_TENSOR)), _powers(devices)):
        if devices % (tensor * fsdp) == 0:
            yield MeshConfig(data=devices // (tensor * fsdp), fsdp=fsdp, tensor=tensor)


def _powers(most: int) -> list[int]:
    return [2**i for i in range(most.bit_length()) if 2**i <= most]


def _changed(experiment: Experiment, mesh: MeshConfig, batch: int) -> Experiment:
    kept = experiment.mesh
    mesh = dataclasses.replace(mesh, slices=kept.slices, repeat_frozen=kept.repeat_frozen)
    data = dataclasses.replace(experiment.data, batch_size=batch)
    return dataclasses.replace(experiment, mesh=mesh, data=data)
