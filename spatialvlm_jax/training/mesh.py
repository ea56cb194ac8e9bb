"""Which mesh a run gets where its configuration leaves it open, and how parameters lie on it."""

import dataclasses
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import Mesh

from spatialvlm_jax.experiment import Experiment, MeshConfig
from spatialvlm_jax.training import sharding
from spatialvlm_jax.training.state import TrainState

MOST_TENSOR = 8  # chosen: beyond a host's devices activations travel too far
LARGE_BYTES = 100e6  # of a device's memory, held whole: worth a warning
NAMED = 6  # parameters in that warning


def choose_mesh(
    experiment: Experiment, shapes: Mapping[str, Any], devices: int, groups: int = 1
) -> MeshConfig:
    """Fills in what an experiment leaves open, but for a single -1, which takes what is left.

    Of several axes that are -1, "tensor" gets 1, or where a step has fewer rows than devices the
    smallest size that gives every device rows; "fsdp" gets the size by which each device holds
    least of the parameters, the smallest of equals, inside a group; "data" gets the rest. It is
    not always the largest size: a parameter is held whole unless one of its axes divides.

    Args:
      experiment: the run.
      shapes: of its parameters, by name.
      devices: how many there are.
      groups: into how many a slower network parts them; `mesh.slices` -1 stands for that, or for 1
        where the axes do not fit it.
    """
    mesh = experiment.mesh
    slices = groups if mesh.slices == -1 else mesh.slices
    near = devices // slices if devices % slices == 0 else devices
    if [mesh.data, mesh.fsdp, mesh.tensor].count(-1) > 1:
        if mesh.tensor == -1:
            rows = experiment.data.batch_size // experiment.train.accumulate
            mesh = dataclasses.replace(mesh, tensor=_smallest_tensor(rows, devices, near))
        if mesh.data == mesh.fsdp == -1:
            fsdp = _best_fsdp(shapes, mesh.tensor, near // mesh.tensor)
            mesh = dataclasses.replace(mesh, fsdp=fsdp)
    if mesh.slices == -1:
        fits = sharding.axis_sizes(mesh, devices)[0] % slices == 0
        mesh = dataclasses.replace(mesh, slices=slices if fits else 1)
    return mesh


def _smallest_tensor(rows: int, devices: int, near: int) -> int:
    """1 where nothing fits: the batch is then refused with the nearest size that does."""
    if rows >= devices:
        return 1
    sizes = (size for size in (1, 2, 4, MOST_TENSOR) if near % size == 0)
    return next((size for size in sizes if rows % (devices // size) == 0), 1)


def _best_fsdp(shapes: Mapping[str, Any], tensor: int, most: int) -> int:
    """The divisor of `most` by which a device holds the fewest values."""

    def held(fsdp: int) -> int:
        sizes = {"data": 1, "fsdp": fsdp, "tensor": tensor}
        return sum(_held(name, x.shape, sizes) for name, x in shapes.items())

    return min((size for size in range(1, most + 1) if most % size == 0), key=held)


def _held(name: str, shape: tuple[int, ...], sizes: Mapping[str, int]) -> int:
    """Values of a parameter on one device; all of a token table that is not split by its words.

    Such a table is gathered for every chunk of logits, which costs more than any other split saves.
    """
    spec = sharding.parameter_spec(name, shape, sizes)
    if name.endswith(sharding.TABLE) and sharding.splits("fsdp", spec) == [1]:
        return math.prod(shape)
    split = [axis for axis in ("fsdp", "tensor") if sharding.splits(axis, spec)]
    return math.prod(shape) // math.prod(sizes[axis] for axis in split)


def make_mesh(
    experiment: Experiment, shapes: Mapping[str, Any], devices: Sequence[Any] | None = None
) -> Mesh:
    """The mesh of `choose_mesh` over all devices (or those given).

    Raises:
      UserError: the axes do not multiply to the number of devices, or the slices do not fit.
    """
    devices = list(jax.devices() if devices is None else devices)
    config = choose_mesh(experiment, shapes, len(devices), groups_of(devices))
    return sharding.device_mesh(config, devices)


def groups_of(devices: Sequence[Any]) -> int:
    """Into how many groups of one size, linked inside, the devices say they fall.

    TPUs name their slice and GPUs their host; where nothing is named there is one group.
    """
    sizes = Counter(getattr(device, "slice_index", None) for device in devices)
    return len(sizes) if len(set(sizes.values())) == 1 else 1


def describe_mesh(state: TrainState, mesh: sharding.AnyMesh) -> str:
    """The mesh, how much of the parameters a device holds, and a warning if much lies there whole.

    Args:
      state: arrays or shapes that know where they live on `mesh`.
    """
    sizes = " x ".join(f"{axis} {size}" for axis, size in mesh.shape.items())
    values = sum(math.prod(x.shape) for x in state.parameters.values())
    held = sum(math.prod(x.sharding.shard_shape(x.shape)) for x in state.parameters.values())
    line = f"mesh: {sizes}; a device holds {100 * held / values:.3g} % of the parameters"
    return "\n".join([line, *_warn(state, mesh)])


def _warn(state: TrainState, mesh: sharding.AnyMesh) -> list[str]:
    fsdp, whole = mesh.shape["fsdp"], held_whole(state, mesh)
    total = sum(whole.values())
    if total < LARGE_BYTES:
        return []
    names = sorted(whole, key=lambda name: -whole[name])
    named = [f"{name} {list(state.parameters[name].shape)}" for name in names[:NAMED]]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    power = 2 ** (fsdp.bit_length() - 1)
    better = _best_fsdp(state.parameters, mesh.shape["tensor"], power)
    return [
        f"warning: mesh.fsdp {fsdp} divides no axis of {', '.join(named)}{more}: every device "
        f"holds them whole, {total / 1e9:.2f} GB with slots and gradients; "
        f"--config.mesh.fsdp={better} splits better"
    ]


def held_whole(state: TrainState, mesh: sharding.AnyMesh) -> dict[str, int]:
    """Bytes on a device of each parameter that "fsdp" would split and cannot, by name.

    Slots, averages and, of what trains, gradients count; what is small or repeated on purpose does
    not.
    """
    names = {
        name
        for name, x in state.parameters.items()
        if mesh.shape["fsdp"] > 1
        and math.prod(x.shape) >= sharding.SMALLEST_SPLIT
        and not sharding.splits("fsdp", sharding.spec_of(x))
        and sharding.parameter_spec(name, x.shape, mesh.shape) == sharding.spec_of(x)
    }
    sizes: Counter[str] = Counter()
    for path, x in jax.tree_util.tree_leaves_with_path((state, state.trainable)):
        name = getattr(path[-1], "key", None) if path else None
        if name in names:
            shape = x.sharding.shard_shape(x.shape)
            sizes[name] += math.prod(shape) * jnp.dtype(x.dtype).itemsize
    return dict(sizes)
