"""Which device holds what: a mesh of three axes, and a small table of rules.

Axes of the mesh: "data" repeats the parameters; "fsdp" splits them; "tensor" splits heads and
hidden units, and with them the work on one row. A batch is split over "data" and "fsdp".
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np
from jax.experimental import mesh_utils
from jax.sharding import AbstractMesh, Mesh, NamedSharding, PartitionSpec

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.experiment import MeshConfig
from spatialvlm_jax.models.low_bit import BLOCK
from spatialvlm_jax.models.quantize import BLOCKS

AXES = ("data", "fsdp", "tensor")
BATCH_AXES = ("data", "fsdp")
SMALLEST_SPLIT = 2**16  # smaller arrays are repeated: gathering them costs more than holding them

TABLE = "embedder/embedding"  # how the token table's name ends

Shape = tuple[int, ...]
AnyMesh = Mesh | AbstractMesh  # shapes and shardings need no devices


def device_mesh(config: MeshConfig, devices: list[Any] | None = None) -> Mesh:
    """The mesh over all devices (or those given), laid out so that neighbours are near.

    With `slices` above 1 the axis "data" runs over slices first: only gradients, once a step,
    cross the slow network between them.

    Raises:
      UserError: the axes do not multiply to the number of devices, or the slices do not fit.
    """
    devices = jax.devices() if devices is None else devices
    sizes = axis_sizes(config, len(devices))
    return Mesh(_arrange(sizes, config.slices, devices), AXES)


def axis_sizes(config: MeshConfig, devices: int) -> list[int]:
    """Sizes of `AXES` over so many devices, -1 filled in.

    Raises:
      UserError: they do not multiply to the number of devices.
    """
    sizes = [config.data, config.fsdp, config.tensor]
    if sizes.count(-1) == 1:
        known = math.prod(size for size in sizes if size != -1)
        sizes[sizes.index(-1)] = devices // max(known, 1)
    if min(sizes) < 1 or math.prod(sizes) != devices:
        raise UserError(
            f"mesh: data {config.data} x fsdp {config.fsdp} x tensor {config.tensor} does not make "
            f"{devices} devices; set one axis to -1 to take what is left"
        )
    return sizes


def _arrange(sizes: list[int], slices: int, devices: list[Any]) -> np.ndarray:
    if slices > 1:
        if sizes[0] % slices:
            raise UserError(f"mesh.slices {slices} must divide mesh.data, which is {sizes[0]}")
        within = (sizes[0] // slices, *sizes[1:])
        try:
            return mesh_utils.create_hybrid_device_mesh(
                within, (slices, 1, 1), devices, allow_split_physical_axes=True
            )
        except ValueError as error:
            raise UserError(f"mesh.slices {slices} does not fit these devices: {error}") from error
    if devices[0].platform == "cpu":
        return np.asarray(devices).reshape(sizes)
    # A torus of 16 x 16 may be 2 x 128: half of one of its axes, and the rest.
    return mesh_utils.create_device_mesh(sizes, devices, allow_split_physical_axes=True)


def check_batch_size(batch_size: int, mesh: AnyMesh, accumulate: int = 1) -> None:
    """Raises UserError unless a batch splits evenly over devices and the parts it is taken in."""
    parts = math.prod(mesh.shape[axis] for axis in BATCH_AXES) * accumulate
    if batch_size % parts:
        nearest = max(1, round(batch_size / parts)) * parts
        raise UserError(
            f"data.batch_size {batch_size} does not divide by the {parts} parts that mesh and "
            f"train.accumulate split it into; try --config.data.batch_size={nearest}"
        )


def batch_sharding(mesh: Mesh) -> NamedSharding:
    """Rows over "data" and "fsdp"."""
    return NamedSharding(mesh, PartitionSpec(BATCH_AXES))


def _last(shape: Shape) -> int:
    return len(shape) - 1


def _first_of_matrix(shape: Shape) -> int:
    return len(shape) - 2


# What "tensor" splits, by the end of a parameter's name: the heads or hidden units that a layer
# makes, and the same ones where the next layer takes them up, so that only sums are exchanged.
TENSOR_RULES: dict[str, Callable[[Shape], int]] = {
    "attention/query/kernel": _last,
    "attention/query/bias": _last,
    "attention/key/kernel": _last,
    "attention/key/bias": _last,
    "attention/value/kernel": _last,
    "attention/value/bias": _last,
    "attention/out/kernel": _first_of_matrix,
    "mlp/up/kernel": _last,
    "mlp/up/bias": _last,
    "mlp/gate/kernel": _last,
    "mlp/down/kernel": _first_of_matrix,
    TABLE: _first_of_matrix,
}


def parameter_spec(name: str, shape: Shape, sizes: Mapping[str, int]) -> PartitionSpec:
    """Where a parameter is split.

    "tensor" takes the axis of `TENSOR_RULES` if it divides; "fsdp" then takes the largest other
    axis that divides (the last of equals). Small arrays are repeated. The token table is split by
    its vocabulary over both if that divides: devices then score their own words for everyone's
    tokens, where a table split by its width is gathered for every chunk of logits. Scales of
    blocks are split as the codes they scale.

    Args:
      name: of the parameter, or of what its slot belongs to.
      shape: its shape.
      sizes: of the mesh's axes.

    Example: ("decoder/blocks/mlp/up/kernel", (4, 512, 2048)) on fsdp 8 and tensor 2 gives
    PartitionSpec(None, "fsdp", "tensor").
    """
    if name.endswith(f"/kernel{BLOCKS}"):
        *layers, blocks, outputs = shape
        codes = (*layers, blocks * BLOCK // 2, outputs)
        spec_of_codes = parameter_spec(name.removesuffix(BLOCKS), codes, sizes)
        split = zip(spec_of_codes, shape, strict=False)
        fits = all(not axis or size % sizes[axis] == 0 for axis, size in split)
        return spec_of_codes if fits else PartitionSpec()
    if math.prod(shape) < SMALLEST_SPLIT:
        return PartitionSpec()
    if name.endswith(TABLE) and shape[0] % (sizes["fsdp"] * sizes["tensor"]) == 0:
        axes = tuple(axis for axis in ("fsdp", "tensor") if sizes[axis] > 1)
        return PartitionSpec(axes) if axes else PartitionSpec()
    spec: list[str | None] = [None] * len(shape)
    for ending, axis_of in TENSOR_RULES.items():
        if name.endswith(ending) and sizes["tensor"] > 1:
            axis = axis_of(shape)
            if shape[axis] % sizes["tensor"] == 0:
                spec[axis] = "tensor"
    free = [i for i, size in enumerate(shape) if not spec[i] and size % sizes["fsdp"] == 0]
    if sizes["fsdp"] > 1 and free:
        spec[max(free, key=lambda i: (shape[i], i))] = "fsdp"
    return PartitionSpec(*spec) if any(spec) else PartitionSpec()


def spec_of(x: Any) -> PartitionSpec:
    """How an array or a shape that knows where it lives is split."""
    spec: PartitionSpec = x.sharding.spec
    return spec


def splits(axis: str, spec: PartitionSpec) -> list[int]:
    """The array axes that a mesh axis splits: one or none."""
    return [
        i for i, axes in enumerate(spec) if axis in (axes if isinstance(axes, tuple) else [axes])
    ]


def tree_shardings(tree: Any, mesh: AnyMesh, *, repeat_frozen: bool = False) -> Any:
    """Shardings of parameters or of a whole training state.

    Optimiser slots are split as their parameters, whose names and shapes they have.

    Args:
      tree: arrays or shapes.
      mesh: where they go.
      repeat_frozen: hold frozen parameters whole on every device: no gathering, more memory.
    """

    def place(path: tuple[Any, ...], x: Any) -> NamedSharding:
        names = [key.key for key in path if isinstance(key, jax.tree_util.DictKey)]
        frozen = any(getattr(key, "name", "") == "frozen" for key in path)
        if not names or (repeat_frozen and frozen):
            return NamedSharding(mesh, PartitionSpec())
        return NamedSharding(mesh, parameter_spec(str(names[-1]), x.shape, mesh.shape))

    return jax.tree_util.tree_map_with_path(place, tree)


def _shards(mesh: Mesh) -> tuple[int, list[int]]:
    """Into how many shards a batch is split, and which of them this process's devices hold."""
    count = math.prod(mesh.shape[axis] for axis in BATCH_AXES)
    places = batch_sharding(mesh).addressable_devices_indices_map((count,)).values()
    return count, sorted({index[0].start or 0 for index in places if index is not None})


def process_rows(batch_size: int, mesh: Mesh) -> list[int]:
    """The rows of a global batch that this process's devices hold, ascending.

    Processes among which "tensor" splits a row hold the same ones.
    """
    count, own = _shards(mesh)
    each = batch_size // count
    return [shard * each + row for shard in own for row in range(each)]


def fill_up(batch_size: int, mesh: Mesh) -> int:
    """The next batch size that splits evenly over a mesh."""
    count, _ = _shards(mesh)
    return -(-batch_size // count) * count


def to_devices(batch: Any, mesh: Mesh) -> Any:
    """This process's rows of a batch (numpy, `process_rows`) to a global batch on all devices."""
    sharding = batch_sharding(mesh)
    count, own = _shards(mesh)

    def place(rows: Any) -> jax.Array:
        rows = np.asarray(rows)
        each = len(rows) // len(own)

        def shard(index: tuple[slice, ...] | None) -> np.ndarray:
            assert index is not None
            start = own.index((index[0].start or 0) // each) * each
            return rows[start : start + each]

        return jax.make_array_from_callback((each * count, *rows.shape[1:]), sharding, shard)

    return jax.tree.map(place, batch)
