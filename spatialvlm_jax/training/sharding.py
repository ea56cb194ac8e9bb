"""Which device holds what: a mesh of two axes and two small rules.

Axes of the mesh: "data" repeats the parameters; "fsdp" splits them. A batch is split over both.
"""

import math
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.experiment import MeshConfig

AXES = ("data", "fsdp")
SMALLEST_SPLIT = 2**16  # smaller arrays are repeated: gathering them costs more than holding them


def make_mesh(config: MeshConfig, devices: list[Any] | None = None) -> Mesh:
    """The mesh over all devices (or those given).

    Raises:
      UserError: the axes do not multiply to the number of devices.
    """
    devices = jax.devices() if devices is None else devices
    sizes = [config.data, config.fsdp]
    if sizes.count(-1) == 1:
        known = math.prod(size for size in sizes if size != -1)
        sizes[sizes.index(-1)] = len(devices) // max(known, 1)
    if min(sizes) < 1 or math.prod(sizes) != len(devices):
        raise UserError(
            f"mesh: data {config.data} x fsdp {config.fsdp} does not make {len(devices)} devices; "
            "set one axis to -1 to take what is left"
        )
    return Mesh(np.asarray(devices).reshape(sizes), AXES)


def check_batch_size(batch_size: int, mesh: Mesh) -> None:
    """Raises UserError unless a batch splits evenly over devices and processes."""
    parts = math.lcm(mesh.size, jax.process_count())
    if batch_size % parts:
        nearest = max(1, round(batch_size / parts)) * parts
        raise UserError(
            f"data.batch_size {batch_size} does not divide by the {mesh.size} devices of the mesh; "
            f"try --config.data.batch_size={nearest}"
        )


def batch_sharding(mesh: Mesh) -> NamedSharding:
    """Rows over all devices."""
    return NamedSharding(mesh, PartitionSpec(AXES))


def parameter_spec(shape: tuple[int, ...], fsdp: int) -> PartitionSpec:
    """The largest axis that divides by `fsdp` is split (the last of equals); small arrays are not.

    Example: shape (4, 512, 2048) on fsdp=8 gives PartitionSpec(None, None, "fsdp").
    """
    divisible = [i for i, size in enumerate(shape) if size % fsdp == 0]
    if fsdp == 1 or not divisible or math.prod(shape) < SMALLEST_SPLIT:
        return PartitionSpec()
    axis = max(divisible, key=lambda i: (shape[i], i))
    return PartitionSpec(*("fsdp" if i == axis else None for i in range(len(shape))))


def tree_shardings(tree: Any, mesh: Mesh) -> Any:
    """Shardings of parameters or a whole training state, by shape alone.

    Optimiser slots have the shape of their parameter, so they are split alike.
    """
    fsdp = mesh.shape["fsdp"]
    return jax.tree.map(lambda x: NamedSharding(mesh, parameter_spec(x.shape, fsdp)), tree)


def to_devices(batch: Any, mesh: Mesh) -> Any:
    """This process's rows of a batch (numpy) to a global batch split over all devices."""
    sharding = batch_sharding(mesh)
    return jax.tree.map(
        lambda x: jax.make_array_from_process_local_data(sharding, np.asarray(x)), batch
    )


def put(arrays: Mapping[str, Any], mesh: Mesh) -> dict[str, jax.Array]:
    """Named host arrays to devices under the parameter rule."""
    return jax.device_put(dict(arrays), tree_shardings(dict(arrays), mesh))
