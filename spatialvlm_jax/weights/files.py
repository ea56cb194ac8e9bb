"""Published weight files, read tensor by tensor and slice by slice; nothing is held twice.

Reading is safe on any input: safetensors and `.npz` without pickled objects, names looked up only
in the file's own index, shards only beside it.
"""

import json
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

import jax.numpy as jnp
import numpy as np
from numpy.lib import format as npy
from safetensors import SafetensorError, safe_open

from spatialvlm_jax.weights.huggingface import canonical
from spatialvlm_jax.weights.layout import Shape, WeightsError

INDEX = "model.safetensors.index.json"


class TensorFiles(Protocol):
    """A set of named tensors on disk.

    kind: "huggingface", "big_vision" or "ours". where: for messages.
    """

    kind: str
    where: Path

    def names(self) -> Iterable[str]: ...

    def shape(self, name: str) -> Shape: ...

    def read(self, name: str, index: Sequence[Any]) -> np.ndarray:
        """The tensor at `index`: one slice or integer for each of its axes."""


class SafetensorFiles:
    """One safetensors file, or a folder of shards with its index."""

    def __init__(self, path: Path) -> None:
        """Reads headers only.

        Raises:
          WeightsError: there is no such file, or one is damaged or missing.
        """
        self.where = path
        files = [_open(file) for file in _shards(path)]
        self._file = {name: file for file in files for name in file.keys()}  # noqa: SIM118
        self.kind = "ours" if any("/" in name for name in self._file) else "huggingface"
        hugging = self.kind == "huggingface"
        self._own = {canonical(name) if hugging else name: name for name in self._file}

    def names(self) -> Iterable[str]:
        """Canonical names."""
        return self._own

    def shape(self, name: str) -> Shape:
        return tuple(self._slice(name).get_shape())

    def read(self, name: str, index: Sequence[Any]) -> np.ndarray:
        if not index:
            return np.asarray(self._file[self._own[name]].get_tensor(self._own[name]))
        return np.asarray(self._slice(name)[tuple(index)])

    def _slice(self, name: str) -> Any:
        return self._file[self._own[name]].get_slice(self._own[name])


def _open(path: Path) -> Any:
    try:
        return safe_open(path, framework="numpy")
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"cannot read the weight file {path}: {error}") from error


def _shards(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    index = path / INDEX
    if not index.is_file():
        found = sorted(path.glob("*.safetensors"))
        if not found:
            raise WeightsError(f"{path} holds no .safetensors; name a model's folder or its file")
        return found
    try:
        names = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
    except (ValueError, KeyError, AttributeError) as error:
        raise WeightsError(f"{index} is not an index of shards: {error}") from error
    missing = [name for name in names if Path(name).name != name or not (path / name).is_file()]
    if missing:
        raise WeightsError(f"{path} lacks the shard {missing[0]} that its index names")
    return [path / name for name in names]


class ArchiveFile:
    """A big_vision `.npz`: one `.npy` a tensor, names under `params/`."""

    kind = "big_vision"

    def __init__(self, path: Path) -> None:
        """Reads headers only.

        Raises:
          WeightsError: it is no such archive.
        """
        self.where = path
        try:
            self._archive = zipfile.ZipFile(path)
        except (OSError, zipfile.BadZipFile) as error:
            raise WeightsError(f"cannot read the weight file {path}: {error}") from error
        members = [name for name in self._archive.namelist() if name.endswith(".npy")]
        self._members = {
            name.removesuffix(".npy").removeprefix("params/"): name for name in members
        }
        self._kept: tuple[str, np.ndarray] | None = None

    def names(self) -> Iterable[str]:
        return self._members

    def shape(self, name: str) -> Shape:
        with self._archive.open(self._members[name]) as file:
            version = npy.read_magic(file)
            read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
            return tuple(read(file)[0])

    def read(self, name: str, index: Sequence[Any]) -> np.ndarray:
        return self._tensor(name)[tuple(index)]

    def _tensor(self, name: str) -> np.ndarray:
        """The whole tensor; the last one is kept, because its slices follow one another."""
        if self._kept is None or self._kept[0] != name:
            self._kept = None
            self._kept = name, self._read(name)
        return self._kept[1]

    def _read(self, name: str) -> np.ndarray:
        with self._archive.open(self._members[name]) as file:
            tensor = npy.read_array(file, allow_pickle=False)
        # NumPy has no bfloat16 of its own and stores it as two opaque bytes.
        return tensor.view(jnp.bfloat16) if tensor.dtype == np.dtype("V2") else tensor


def open_weights(path: Path) -> TensorFiles:
    """A folder or file of weights, by what it is.

    Raises:
      WeightsError: there is none, or it is of no known kind.
    """
    if not path.exists():
        raise WeightsError(f"there are no weights at {path}")
    if path.is_dir() or path.suffix == ".safetensors":
        return SafetensorFiles(path)
    if path.suffix == ".npz":
        return ArchiveFile(path)
    raise WeightsError(f"{path}: weights are a folder of .safetensors, a .safetensors or an .npz")
