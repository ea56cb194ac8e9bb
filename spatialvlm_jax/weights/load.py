"""Pretrained weights straight to the devices that hold them.

Each device's share of a parameter is read and cast by itself, so that the host never holds more
than one share and one published tensor.
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import jax
import numpy as np

from spatialvlm_jax.experiment import ModelConfig, TrainConfig
from spatialvlm_jax.models.adapters import is_adapter
from spatialvlm_jax.models.checkpoint_file import shipped
from spatialvlm_jax.models.quantize import SCALE, is_scale, quantize
from spatialvlm_jax.weights import big_vision, huggingface
from spatialvlm_jax.weights.files import TensorFiles, open_weights
from spatialvlm_jax.weights.layout import Piece, WeightsError

Part = Literal["model", "encoder", "decoder"]
OPTIONAL = ("dense_head",)  # what a file may lack, or have too much


@dataclasses.dataclass
class Manifest:
    """What became of every parameter and every published tensor.

    loaded: parameter -> where from. adapted: parameter -> what had to be changed.
    initialised: parameters that no file gave. ignored: published tensors not used.
    """

    loaded: dict[str, str] = dataclasses.field(default_factory=dict)
    adapted: dict[str, str] = dataclasses.field(default_factory=dict)
    initialised: list[str] = dataclasses.field(default_factory=list)
    ignored: list[str] = dataclasses.field(default_factory=list)

    def summary(self) -> str:
        """One line for people."""
        return (
            f"{len(self.loaded)} parameters loaded ({len(self.adapted)} adapted), "
            f"{len(self.initialised)} initialised, {len(self.ignored)} published tensors ignored"
        )


def load_weights(
    sources: Mapping[Part, Path],
    config: ModelConfig,
    parameters: Mapping[str, jax.ShapeDtypeStruct],
) -> tuple[dict[str, jax.Array], Manifest]:
    """Reads parameters from one or more places.

    Args:
      sources: "model" for all, or "encoder" and "decoder" from different places; later ones win.
      config: of the model.
      parameters: shape, dtype and sharding of every parameter of the model.

    Returns:
      The parameters that were found, and what became of everything.

    Raises:
      WeightsError: a tensor is missing, unexpected or misshapen, and its name.
    """
    manifest = Manifest()
    arrays: dict[str, jax.Array] = {}
    for part, path in sources.items():
        files = open_weights(path)
        pieces = _pieces(files, config, part, parameters)
        _check_names(files, pieces, part, manifest)
        for piece in pieces:
            loaded = _load_and_quantize(piece, files, parameters, manifest)
            arrays |= loaded
            manifest.loaded |= dict.fromkeys(loaded, str(path))
    manifest.initialised = sorted(parameters.keys() - arrays.keys())
    return arrays, manifest


def _load_and_quantize(
    piece: Piece,
    files: TensorFiles,
    parameters: Mapping[str, jax.ShapeDtypeStruct],
    manifest: Manifest,
) -> dict[str, jax.Array]:
    """One parameter; with its scale if it is kept in 8 bits and the files are not."""
    want, scale = parameters[piece.ours], piece.ours + SCALE
    if scale not in parameters or scale in files.names():
        return {piece.ours: _load(piece, files, want, manifest)}
    wide = jax.ShapeDtypeStruct(want.shape, np.float32, sharding=want.sharding)
    places = (want.sharding, parameters[scale].sharding)
    pair = jax.jit(quantize, out_shardings=places)(_load(piece, files, wide, manifest))
    manifest.adapted[piece.ours] = "rounded to 8 bits"
    return dict(zip((piece.ours, scale), pair, strict=True))


def _pieces(
    files: TensorFiles,
    config: ModelConfig,
    part: Part,
    parameters: Mapping[str, jax.ShapeDtypeStruct],
) -> list[Piece]:
    """The pieces of a part of the model in the files' format."""
    names = set(files.names())
    if files.kind == "ours":
        return [
            Piece(name, x.shape, (name,))
            for name, x in parameters.items()
            if part in ("model", name.split("/")[0])
            and (name in names or not (name.startswith(OPTIONAL) or _is_ours_alone(name)))
        ]
    pieces: list[Piece] = []
    for tower in ("encoder", "connector", "decoder"):
        if part in ("model", tower):
            pieces += _tower(files.kind, tower, config, names)
    return pieces


def _is_ours_alone(name: str) -> bool:
    """Whether a model may have a parameter that weights for it lack."""
    return is_adapter(name) or is_scale(name)


def _tower(kind: str, tower: str, config: ModelConfig, names: set[str]) -> Iterator[Piece]:
    """One tower, or the connector, in a published format."""
    hugging, alone = kind == "huggingface", not any(name.startswith("llm/") for name in names)
    if tower == "connector":
        return (huggingface if hugging else big_vision).connector_pieces(config)
    if tower == "encoder":
        if hugging:
            return huggingface.encoder_pieces(config.encoder)
        return big_vision.encoder_pieces(config.encoder, "" if alone else big_vision.IMAGE)
    if hugging:
        return huggingface.decoder_pieces(config.decoder)
    return big_vision.decoder_pieces(config.decoder, "" if alone else big_vision.TEXT)


def _check_names(
    files: TensorFiles, pieces: Sequence[Piece], part: Part, manifest: Manifest
) -> None:
    """Refuses missing tensors, and unexpected ones in a file that is of the whole model."""
    there = set(files.names())
    wanted = {name for piece in pieces for name in piece.tensors}
    missing = sorted(wanted - there)
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise WeightsError(f"{files.where} lacks {missing[0]}{more}")
    surplus = sorted(there - wanted)
    manifest.ignored += surplus
    unused = {"huggingface": huggingface.UNUSED, "ours": OPTIONAL, "big_vision": ("opt/",)}
    strange = [name for name in surplus if not name.startswith(unused[files.kind])]
    if part == "model" and strange:
        more = f" and {len(strange) - 1} more" if len(strange) > 1 else ""
        remedy = "; `spatialvlm export` merges it" if _is_ours_alone(strange[0]) else ""
        raise WeightsError(f"{files.where} has an unexpected {strange[0]}{more}{remedy}")


def _load(
    piece: Piece, files: TensorFiles, want: jax.ShapeDtypeStruct, manifest: Manifest
) -> jax.Array:
    """One parameter, each device's share read by itself."""
    if tuple(want.shape) != piece.shape:
        raise WeightsError(
            f"{files.where}: {piece.ours} would be {piece.shape}, the model has {want.shape}"
        )
    adapted = _check_shapes(piece, files, manifest)
    whole = _adapt(piece, files) if adapted else None

    def share(index: tuple[slice, ...] | None) -> np.ndarray:
        assert index is not None
        values = whole[index] if whole is not None else _read(piece, files, index)
        return np.ascontiguousarray(values.astype(want.dtype))

    sharding = want.sharding or jax.sharding.SingleDeviceSharding(jax.devices()[0])
    return jax.make_array_from_callback(piece.shape, sharding, share)


def _check_shapes(piece: Piece, files: TensorFiles, manifest: Manifest) -> bool:
    """Whether rows must be adapted; refuses shapes that do not fit otherwise."""
    expected = piece.published_shape()
    adapted = False
    for name in piece.tensors:
        shape = files.shape(name)
        if piece.pick is not None:
            shape = shape[: piece.pick[0]] + shape[piece.pick[0] + 1 :]
        if shape == expected:
            continue
        if not piece.rows or shape[1:] != expected[1:]:
            raise WeightsError(f"{files.where}: {name} is {shape}, the model wants {expected}")
        adapted = piece.rows == "positions" or shape[0] < expected[0]
        manifest.adapted[piece.ours] = f"{piece.rows}: {shape[0]} rows to {expected[0]}"
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
    """The part `index` of what one published tensor holds; where nothing is folded, only that."""
    shape = piece.published_shape()
    # Rows beyond ours (a padded vocabulary) are never read.
    there: list[Any] = [slice(0, size) for size in shape]
    if piece.published is None:
        axes = piece.axes or tuple(range(len(shape)))
        for position, axis in enumerate(axes):
            there[axis] = slice(*index[position].indices(shape[axis]))
    if piece.pick is not None:
        there.insert(*piece.pick)
    tensor = files.read(name, there)
    if piece.published is None:
        return tensor if piece.axes is None else tensor.transpose(piece.axes)
    return piece.to_ours(tensor)[index]


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


def sources_of(train: TrainConfig) -> dict[Part, Path]:
    """The places that a configuration names, shipped checkpoints by their path.

    Raises:
      UserError: `init_from` is neither a path that there is nor a shipped checkpoint.
    """
    sources: dict[Part, Path] = {}
    if train.init_from:
        named = "/" not in train.init_from and "." not in train.init_from
        path = Path(train.init_from)
        sources["model"] = shipped(train.init_from) if named and not path.exists() else path
    if train.init_encoder_from:
        sources["encoder"] = Path(train.init_encoder_from)
    if train.init_decoder_from:
        sources["decoder"] = Path(train.init_decoder_from)
    return sources
