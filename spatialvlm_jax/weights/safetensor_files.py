"""Safetensors, a Hugging Face folder's or our own: the one place that reads them."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open

from spatialvlm_jax.weights.huggingface import canonical
from spatialvlm_jax.weights.paths import check_file, check_inside, read_json
from spatialvlm_jax.weights.pieces import Shape, WeightsError

INDEX = "model.safetensors.index.json"
_FLOATS = {"F16": "float16", "F32": "float32", "F64": "float64", "BF16": "bfloat16"}
_DTYPES = {**_FLOATS, "I8": "int8", "U8": "uint8"}


class SafetensorFiles:
    """One safetensors file, or a folder of shards with its index; headers are read at once."""

    def __init__(self, path: Path) -> None:
        """Opens the files and maps them into memory.

        Raises:
          WeightsError: there is no such file, one is damaged or missing or elsewhere, there are no
            tensors, or two have one name.
        """
        self.where = path
        self._files = {file: _open(file) for file in _shards(path)}
        stored = [(name, path) for path, file in self._files.items() for name in file.keys()]  # noqa: SIM118
        if not stored:
            raise WeightsError(f"{path} holds no tensors")
        self.kind = "ours" if any("/" in name for name, _ in stored) else "huggingface"
        self._places: dict[str, tuple[Path, str]] = {}
        for name, file in stored:
            known = canonical(name) if self.kind == "huggingface" else name
            other, _ = self._places.setdefault(known, (file, name))
            if self._places[known] != (file, name):
                raise WeightsError(f"{path} has {known} twice, in {other.name} and in {file.name}")

    @property
    def metadata(self) -> dict[str, str]:
        """The free text in the headers."""
        return {k: v for file in self._files.values() for k, v in (file.metadata() or {}).items()}

    def names(self) -> Iterable[str]:
        """Canonical names."""
        return self._places

    def shape(self, name: str) -> Shape:
        return tuple(self._slice(name).get_shape())

    def dtype(self, name: str) -> str:
        stored = self._slice(name).get_dtype()
        return _DTYPES.get(stored, stored)

    def read(self, name: str, index: Sequence[Any]) -> np.ndarray:
        import jax.numpy  # noqa: F401  NumPy knows bfloat16 from then on

        file, own = self._places[name]
        try:
            if not index:
                return np.asarray(self._files[file].get_tensor(own))
            return np.asarray(self._slice(name)[tuple(index)])
        except (SafetensorError, TypeError) as error:
            raise WeightsError(f"cannot read {own} in {file}: {error}") from error

    def _slice(self, name: str) -> Any:
        file, own = self._places[name]
        return self._files[file].get_slice(own)


def read_safetensors(path: Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """All tensors of our own file, and its metadata.

    Raises:
      WeightsError: the file is missing or is not safetensors.
    """
    files = SafetensorFiles(path)
    return {name: files.read(name, ()) for name in files.names()}, files.metadata


def _open(path: Path) -> Any:
    check_file(path)
    try:
        return safe_open(path, framework="numpy")
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"cannot read the weight file {path}: {error}") from error


def _shards(path: Path) -> list[Path]:
    """The files of a folder: those of its index, or all there are."""
    if not path.is_dir():
        return [path]
    index = path / INDEX
    if index.exists():
        check_inside(index, path)
        found = [path / name for name in _listed(index)]
    else:
        found = sorted(path.glob("*.safetensors"))
    for file in found:
        check_inside(file, path)
    return found


def _listed(index: Path) -> list[str]:
    """File names in an index of shards, none of which leads elsewhere."""
    shards = read_json(index, "an index of shards").get("weight_map")
    if not isinstance(shards, dict) or not all(isinstance(x, str) for x in shards.values()):
        raise WeightsError(f"{index} is not an index of shards: it lacks a weight_map of names")
    names = sorted(set(shards.values()))
    for name in names:
        if name in ("", "..") or Path(name).name != name:
            raise WeightsError(f"{index} names the shard {name!r}, which is no file beside it")
        if not os.path.exists(index.with_name(name)):
            raise WeightsError(f"{index.parent} lacks the shard {name[:80]} that its index names")
    return names
