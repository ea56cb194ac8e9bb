"""big_vision's `.npz`: a zip archive with one `.npy` a tensor; nothing pickled is ever loaded."""

import io
import json
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
from numpy.lib import format as npy

from spatialvlm_jax.weights.big_vision import by_parameter
from spatialvlm_jax.weights.paths import check_file
from spatialvlm_jax.weights.pieces import Shape, WeightsError

# More than any header of a plain array.
_HEADER_BYTES = 12_000
# An encrypted member or an unknown compression is a RuntimeError.
_DAMAGE = (OSError, EOFError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error)


class NpzFile:
    """A parameter is named by its path, without what comes before a parameter there."""

    kind = "big_vision"

    def __init__(self, path: Path) -> None:
        """Reads the list of tensors.

        Raises:
          WeightsError: it is no such archive, or two tensors have one name.
        """
        self.where = path
        check_file(path)
        try:
            self._archive = zipfile.ZipFile(path)
        except _DAMAGE as error:
            raise WeightsError(f"cannot read the weight file {path}: {error}") from error
        members = [name for name in self._archive.namelist() if name.endswith(".npy")]
        stored = by_parameter([name.removesuffix(".npy") for name in members], path)
        self._members = {name: f"{own}.npy" for name, own in stored.items()}
        self._kept: tuple[str, np.ndarray] | None = None

    @property
    def metadata(self) -> dict[str, str]:
        """What `save_big_vision` left in the archive's comment, which other readers pass over."""
        try:
            said = json.loads(self._archive.comment or b"{}")
        except (ValueError, RecursionError):
            return {}
        return {str(k): str(v) for k, v in said.items()} if isinstance(said, dict) else {}

    def names(self) -> Iterable[str]:
        return self._members

    def shape(self, name: str) -> Shape:
        return self._header(name)[0]

    def dtype(self, name: str) -> str:
        dtype = self._header(name)[1]
        if dtype.hasobject:
            raise WeightsError(
                f"{self.where}: {name} holds pickled Python objects, which can run code and are "
                "never loaded; save plain arrays in the program that wrote it"
            )
        # NumPy has no bfloat16 of its own and stores it as two opaque bytes.
        return "bfloat16" if dtype == np.dtype("V2") else dtype.name

    def read(self, name: str, index: Sequence[Any]) -> np.ndarray:
        """The tensor at `index`; the last one is kept, because its slices follow one another."""
        if self._kept is None or self._kept[0] != name:
            self._kept = None
            self._kept = name, self._tensor(name)
        return self._kept[1][tuple(index)]

    def _header(self, name: str) -> tuple[Shape, np.dtype[Any]]:
        try:
            with self._archive.open(self._members[name]) as file:
                start = io.BytesIO(file.read(_HEADER_BYTES))
            version = npy.read_magic(start)
            read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
            shape, _, dtype = read(start)
        except _DAMAGE as error:
            raise WeightsError(f"cannot read {name} in {self.where}: {error}") from error
        return tuple(shape), dtype

    def _tensor(self, name: str) -> np.ndarray:
        try:
            with self._archive.open(self._members[name]) as file:
                tensor = npy.read_array(file, allow_pickle=False)
        except _DAMAGE as error:
            raise WeightsError(f"cannot read {name} in {self.where}: {error}") from error
        return tensor.view(jnp.bfloat16) if tensor.dtype == np.dtype("V2") else tensor
