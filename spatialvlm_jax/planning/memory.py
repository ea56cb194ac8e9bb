"""What a step keeps in each device's memory, from shapes and shardings alone."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from spatialvlm_jax.batch import BatchSpec
from spatialvlm_jax.models.quantize import count_values
from spatialvlm_jax.planning.cost import RowCost
from spatialvlm_jax.planning.program import Program
from spatialvlm_jax.training.losses import CHUNK
from spatialvlm_jax.training.sharding import BATCH_AXES, TABLE, AnyMesh, spec_of, splits
from spatialvlm_jax.training.state import TrainState

# Of what a layer makes in JAX's terms, this much exists at once: compilers fuse the rest away.
FUSED_SHARE = 0.5


@dataclasses.dataclass(frozen=True)
class Memory:
    """Bytes on one device.

    parameters: all of them, frozen ones in their own dtype. slots: the optimiser's. averages:
    running averages. batch: the rows it was given. gradients: of its shards, twice while they are
    accumulated. activations: what the forward pass keeps for the backward pass. workspace: the
    widest moment of the backward pass, where one layer is computed again beside whole weights, or
    a chunk of logits.
    """

    parameters: int
    slots: int
    averages: int
    batch: int
    gradients: int
    activations: int
    workspace: int

    @property
    def state(self) -> int:
        """What stays from step to step, and the batch: the arguments of the compiled step."""
        return self.parameters + self.slots + self.averages + self.batch

    @property
    def total(self) -> int:
        """All of it at once."""
        return sum(dataclasses.asdict(self).values())


def bytes_of(x: Any) -> int:
    """Bytes of an array or a shape; of its shard on one device, if it has a sharding."""
    place = getattr(x, "sharding", None)
    shape = x.shape if place is None else place.shard_shape(x.shape)
    return math.prod(shape) * jnp.dtype(x.dtype).itemsize


def total_bytes(tree: Any) -> int:
    """Of all leaves of a tree."""
    return sum(bytes_of(x) for x in jax.tree.leaves(tree))


def local_rows(batch_size: int, sizes: Mapping[str, int], accumulate: int) -> int:
    """Rows that one device computes at once."""
    return batch_size // (math.prod(sizes[axis] for axis in BATCH_AXES) * accumulate)


def estimate_memory(program: Program, mesh: AnyMesh, row: RowCost) -> Memory:
    """The estimate for one device of a mesh; parameters, slots and batch are exact."""
    experiment, sizes = program.experiment, mesh.shape
    state = program.state(mesh)
    shards = math.prod(sizes[axis] for axis in BATCH_AXES)
    accumulate = experiment.train.accumulate
    rows = local_rows(experiment.data.batch_size, sizes, accumulate)
    gradients = total_bytes(state.trainable)
    return Memory(
        parameters=total_bytes(state.parameters),
        slots=total_bytes(state.opt_state) + bytes_of(state.step),
        averages=total_bytes(state.average),
        batch=total_bytes(
            BatchSpec.of(experiment, experiment.data.batch_size // shards).abstract()
        ),
        gradients=gradients * (2 if accumulate > 1 else 1),
        activations=round(
            rows * (row.stream + row.inner / sizes["tensor"])
            + row.weights / (sizes["fsdp"] * sizes["tensor"])
        ),
        workspace=_workspace(program, state, sizes, row.layer * rows, rows),
    )


def _workspace(
    program: Program, state: TrainState, sizes: Mapping[str, int], layer: float, rows: int
) -> int:
    """A layer's backward pass beside its weights, or a chunk's logits; and the token table."""
    experiment, tensor = program.experiment, sizes["tensor"]
    compute = jnp.dtype(experiment.model.compute_dtype).itemsize
    chunk = min(CHUNK, experiment.data.length)
    # float32 logits, and their gradient, which becomes the table's in compute dtype.
    logits = rows * chunk * experiment.model.decoder.vocab_size * (4 + 4 + compute)
    # Weights in use, the next layer's on their way, and a gradient not yet handed out.
    weights = largest_layer(state) * compute * (3 if sizes["fsdp"] > 1 else 1)
    widest = max(layer * FUSED_SHARE + weights, logits)
    return round(widest / tensor + table_values(state) * compute)


def is_table(name: str) -> bool:
    """Whether it is the token table, by its name."""
    return name.endswith(TABLE)


def table_values(state: TrainState) -> int:
    """Values of the token table in use on a device: its words, or all if it is split otherwise."""
    tables = [x for name, x in state.parameters.items() if is_table(name)]
    own = [splits("fsdp", spec_of(x)) == [0] for x in tables]
    return sum(
        math.prod(x.sharding.shard_shape(x.shape) if split else x.shape)
        for x, split in zip(tables, own, strict=True)
    )


def largest_layer(state: TrainState) -> int:
    """Values in the parameters of one layer of the larger tower."""
    sizes = [0, 0]
    for name, x in state.parameters.items():
        if "/blocks/" in name:
            sizes[name.startswith("decoder/")] += count_values(name, x) // x.shape[0]
    return max(sizes)
