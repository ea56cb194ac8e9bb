"""One parameter from the published tensors that hold it, straight to the devices that keep it.

Each device's share is read and cast by itself, so that the host never holds more than one share and
one published tensor.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from spatialvlm_jax.models.low_bit import LowBit
from spatialvlm_jax.models.quantize import FORMATS, format_of, plain_shape
from spatialvlm_jax.weights.files import TensorFiles
from spatialvlm_jax.weights.pieces import Piece, Shape, WeightsError

_FLOATS = ("bfloat16", "float16", "float32", "float64")
_MAX_ROWS = 1 << 20  # of a table that is adapted: more is no vocabulary and no grid


def read_parameter(
    piece: Piece, files: TensorFiles, want: jax.ShapeDtypeStruct, adapted: dict[str, str]
) -> jax.Array:
    """One parameter, cast to the dtype that is wanted.

    Args:
      piece: the parameter in the files' terms. files: where its tensors are.
      want: its shape, dtype and sharding.
      adapted: is told under the parameter's name what had to be changed.

    Raises:
      WeightsError: a tensor does not fit, and its name.
    """
    _check_model(piece, files, tuple(want.shape))
    _check_dtypes(piece, files, want.dtype)
    whole = _adapt(piece, files) if _check_shapes(piece, files, adapted) else None

    def share(index: tuple[slice, ...]) -> np.ndarray:
        values = whole[index] if whole is not None else _read(piece, files, index)
        return values.astype(want.dtype)

    return _on_devices(piece.shape, _place(want), share)


def read_rounded(piece: Piece, files: TensorFiles, want: LowBit, adapted: dict[str, str]) -> LowBit:
    """A kernel that the model keeps in few bits, rounded by its devices one layer at a time.

    Args:
      piece, files, adapted: as `read_parameter` takes them.
      want: shapes, dtypes and shardings.

    Raises:
      WeightsError: a tensor does not fit, and its name.
    """
    form = format_of(want.values.dtype)
    _check_model(piece, files, plain_shape(piece.ours, want.values))
    _check_dtypes(piece, files, np.dtype(np.float32))
    _check_shapes(piece, files, adapted)
    adapted[piece.ours] = f"rounded to {form}"
    places = jax.tree.map(_place, want)
    *stacked, inputs, outputs = piece.shape
    matrix = _drop_axes(places.values, len(stacked))

    def read(layer: tuple[slice, ...]) -> jax.Array:
        def share(index: tuple[slice, ...]) -> np.ndarray:
            values = _read(piece, files, (*layer, *index))
            return values.reshape(values.shape[-2:]).astype(np.float32)

        return _on_devices((inputs, outputs), matrix, share)

    if not stacked:
        rounded: LowBit = jax.jit(FORMATS[form], out_shardings=places)(read(()))
        return rounded
    put = _putting(form, places)
    stack = jax.tree.map(lambda x, place: jnp.zeros(x.shape, x.dtype, device=place), want, places)
    for number in range(stacked[0]):
        # Waiting keeps a host that reads faster than it sends from holding several layers.
        stack = jax.block_until_ready(put(stack, read((slice(number, number + 1),)), number))
    return stack


@cache
def _putting(form: str, places: LowBit) -> Callable[[LowBit, jax.Array, int], LowBit]:
    """(stack, a layer as floats, its number) -> the stack with that layer, in place."""

    def put(stack: LowBit, layer: jax.Array, number: int) -> LowBit:
        return jax.tree.map(lambda x, y: x.at[number].set(y), stack, FORMATS[form](layer))

    return jax.jit(put, donate_argnums=0, out_shardings=places)


def _place(want: jax.ShapeDtypeStruct) -> jax.sharding.Sharding:
    return want.sharding or jax.sharding.SingleDeviceSharding(jax.devices()[0])


def _drop_axes(place: jax.sharding.Sharding, count: int) -> jax.sharding.Sharding:
    """Where one layer of a stack goes."""
    if isinstance(place, jax.sharding.NamedSharding):
        spec = jax.sharding.PartitionSpec(*place.spec[count:])
        return jax.sharding.NamedSharding(place.mesh, spec)
    return place


def _on_devices(
    shape: Shape, place: jax.sharding.Sharding, share: Callable[[tuple[slice, ...]], np.ndarray]
) -> jax.Array:
    def contiguous(index: tuple[slice, ...] | None) -> np.ndarray:
        assert index is not None
        return np.ascontiguousarray(share(index))

    return jax.make_array_from_callback(shape, place, contiguous)


def _check_model(piece: Piece, files: TensorFiles, wanted: Shape) -> None:
    """Raises WeightsError unless the files hold the parameter in the model's size."""
    if wanted != piece.shape:
        raise WeightsError(
            f"{files.where}: {piece.ours} would be {piece.shape}, the model has {wanted}"
        )


def _check_dtypes(piece: Piece, files: TensorFiles, wanted: np.dtype[Any]) -> None:
    """Refuses whole numbers for weights, and weights for whole numbers: a cast would not fail."""
    wide = jnp.issubdtype(wanted, jnp.floating)
    for name in piece.tensors:
        dtype = files.dtype(name)
        if dtype not in (_FLOATS if wide else (wanted.name,)):
            words = "floating-point values" if wide else wanted.name
            raise WeightsError(f"{files.where}: {name} holds {dtype}, the model wants {words}")


def _check_shapes(piece: Piece, files: TensorFiles, told: dict[str, str]) -> bool:
    """Whether rows must be adapted; refuses shapes that do not fit otherwise."""
    expected = piece.published_shape()
    adapted = False
    for name in piece.tensors:
        shape = files.shape(name)
        if piece.pick is not None:
            axis, index = piece.pick
            if len(shape) <= axis or shape[axis] <= index:
                raise WeightsError(f"{files.where}: {name} is {shape}, too small for {piece.ours}")
            shape = shape[:axis] + shape[axis + 1 :]
        if shape == expected:
            continue
        rows = shape[0] if piece.rows and shape[1:] == expected[1:] else 0
        if not 0 < rows <= _MAX_ROWS:
            raise WeightsError(f"{files.where}: {name} is {shape}, the model wants {expected}")
        adapted = piece.rows == "positions" or shape[0] < expected[0]
        told[piece.ours] = f"{piece.rows}: {shape[0]} rows to {expected[0]}"
    return adapted


def _read(piece: Piece, files: TensorFiles, index: tuple[slice, ...]) -> np.ndarray:
    """The part `index` of a parameter."""
    if not piece.stacked:
        return _read_layer(piece, files, piece.tensors[0], index)
    layers = range(*index[0].indices(len(piece.tensors)))
    return np.stack([_read_layer(piece, files, piece.tensors[i], index[1:]) for i in layers])


def _read_layer(
    piece: Piece, files: TensorFiles, name: str, index: tuple[slice, ...]
) -> np.ndarray:
    """The part `index` of what one published tensor holds; axes are read whole from a fold on."""
    shape, sizes, rest = piece.published_shape(), list(piece.layer_shape), list(index)
    axes = piece.axes or tuple(range(len(shape)))
    # Rows beyond ours (a padded vocabulary) are never read.
    there: list[Any] = [slice(0, size) for size in shape]
    for position, (axis, size) in enumerate(zip(axes, piece.layer_shape, strict=False)):
        if shape[axis] != size:
            break
        start, stop, _ = index[position].indices(size)
        there[axis], sizes[position], rest[position] = slice(start, stop), stop - start, slice(None)
    if piece.pick is not None:
        there.insert(*piece.pick)
    return files.read(name, there).transpose(axes).reshape(sizes)[tuple(rest)]


def _adapt(piece: Piece, files: TensorFiles) -> np.ndarray:
    """A table with another number of rows: positions are resized, a vocabulary is extended."""
    index: list[Any] = [slice(None)] * len(files.shape(piece.tensors[0]))
    if piece.pick is not None:
        index[piece.pick[0]] = piece.pick[1]
    table = files.read(piece.tensors[0], index).astype(np.float32)
    if piece.rows == "positions":
        return resize_positions(table, piece.shape[0])
    mean = table.mean(0, keepdims=True)
    return np.concatenate([table, np.repeat(mean, piece.shape[0] - len(table), axis=0)])


def resize_positions(table: np.ndarray, tokens: int) -> np.ndarray:
    """Position embeddings of a square grid, for another square grid (bilinear, as big_vision's).

    Args:
      table: float32[N, W]. tokens: wanted N.

    Raises:
      WeightsError: a grid is not square.
    """
    from scipy import ndimage

    sides = [round(count**0.5) for count in (len(table), tokens)]
    if sides[0] ** 2 != len(table) or sides[1] ** 2 != tokens:
        raise WeightsError(f"cannot resize {len(table)} positions to {tokens}: not square grids")
    zoom = sides[1] / sides[0]
    grid = table.reshape(sides[0], sides[0], -1)
    return ndimage.zoom(grid, (zoom, zoom, 1), order=1).reshape(tokens, -1)
