"""big_vision's sharded checkpoints: a folder with one zarr array a tensor.

The form is that of `save_checkpoint_ts` and `tssave` in big_vision/utils.py of
https://github.com/google-research/big_vision, whose trainers write it since 2024:

    checkpoint.bv-LAST               the step of the newest whole one, "000012000" or
                                     "000012000-tmp" (to be deleted after the next)
    checkpoint.bv-000012000/
      params~img~embedding~kernel/   "/" in a name is "~" on disk
        .zarray                      zarr version 2: shape, dtype, chunks, compressor
        0.0.0.0                      a chunk, which was a device's shard
      opt~0~mu~...  chrono~...       the optimizer's state and the clock

TensorStore reads the chunks. What it is asked for is written here: nothing in a checkpoint can name
another driver, address or folder.
"""

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from spatialvlm_jax.weights.big_vision import by_parameter
from spatialvlm_jax.weights.paths import check_file, check_inside, read_json
from spatialvlm_jax.weights.pieces import Shape, WeightsError

POINTER = "-LAST"
METADATA = ".zarray"
_PREFIX = "checkpoint.bv"
_STEP = re.compile(r"\d{1,20}(-tmp)?")
_FIELDS = "zarr_format shape chunks dtype compressor fill_value filters order dimension_separator"
_DTYPES = {"<f2": "float16", "<f4": "float32", "<f8": "float64"}
_COMPRESSORS = ("zstd", "gzip", "zlib")  # older versions of JAX write gzip


def find_array_folder(path: Path) -> Path | None:
    """The folder of arrays that a path means, or None if it means no such checkpoint.

    Args:
      path: the folder itself, the path without a step as big_vision takes it
        (WORKDIR/checkpoint.bv), or a WORKDIR that has such.

    Raises:
      WeightsError: the pointer to the newest checkpoint leads nowhere, or elsewhere.
    """
    if path.is_dir() and any((entry / METADATA).exists() for entry in path.iterdir()):
        return path
    for prefix in (path, path / _PREFIX):
        pointer = Path(f"{prefix}{POINTER}")
        if pointer.exists():
            return _follow(pointer, prefix)
    return None


def _follow(pointer: Path, prefix: Path) -> Path:
    check_file(pointer)
    with pointer.open("rb") as file:
        step = file.read(100).decode("utf-8", "replace").strip()
    if not _STEP.fullmatch(step):
        raise WeightsError(f"{pointer} names no step of a checkpoint: {step!r}")
    folder = Path(f"{prefix}-{step}")
    if not folder.is_dir():
        raise WeightsError(f"{pointer} names {folder.name}, which is not there; copy it there too")
    check_inside(folder, folder.parent)
    return folder


class ArrayFolder:
    """A parameter is named by its path, without what comes before a parameter there."""

    kind = "big_vision"
    metadata: ClassVar[dict[str, str]] = {}

    def __init__(self, path: Path) -> None:
        """Lists the arrays.

        Raises:
          WeightsError: two of them have one name.
        """
        self.where = path
        stored = {entry.name.replace("~", "/"): entry for entry in path.iterdir() if entry.is_dir()}
        names = by_parameter(sorted(stored), path)
        self._folders = {name: stored[own] for name, own in names.items()}
        self._opened: tuple[str, Any] | None = None

    def names(self) -> Iterable[str]:
        return self._folders

    def shape(self, name: str) -> Shape:
        return tuple(self._metadata(name)["shape"])

    def dtype(self, name: str) -> str:
        stored = self._metadata(name)["dtype"]
        return _DTYPES.get(stored, stored)

    def read(self, name: str, index: Sequence[Any]) -> np.ndarray:
        """The tensor at `index`; chunks of the last tensor stay in memory for its other slices."""
        if self._opened is None or self._opened[0] != name:
            self._opened = None
            self._opened = name, self._open(name)
        try:
            return np.asarray(self._opened[1][tuple(index)].read().result())
        except ValueError as error:
            raise self._unreadable(name, error) from error

    def _open(self, name: str) -> Any:
        import tensorstore

        folder, metadata = self._folders[name], self._metadata(name)
        for entry in os.scandir(folder):
            if not entry.is_file(follow_symlinks=False):
                raise WeightsError(f"{entry.path} is no plain file, so {name} is not read")
        tensor_bytes = 8 * int(np.prod(metadata["shape"], dtype=object))
        spec = {
            "driver": "zarr",
            "kvstore": {"driver": "file", "path": str(folder.absolute())},
            # Without this a chunk that is lost reads as zeros.
            "fill_missing_data_reads": False,
            "recheck_cached_data": False,
            "context": {"cache_pool": {"total_bytes_limit": tensor_bytes}},
        }
        try:
            return tensorstore.open(spec, open=True, read=True).result()
        except ValueError as error:
            raise self._unreadable(name, error) from error

    def _unreadable(self, name: str, error: ValueError) -> WeightsError:
        reason = str(error).partition(" [tensorstore_spec=")[0].partition("\n")[0]
        return WeightsError(f"cannot read {name} in {self.where}: {reason}")

    def _metadata(self, name: str) -> dict[str, Any]:
        """What describes an array, if it is as big_vision writes it."""
        file = self._folders[name] / METADATA
        check_inside(file, self.where)
        metadata = read_json(file, "the description of an array")
        shape, chunks = metadata.get("shape"), metadata.get("chunks")
        compressor = metadata.get("compressor")
        name_of_compressor = compressor.get("id") if isinstance(compressor, dict) else compressor
        strange = sorted(metadata.keys() - set(_FIELDS.split()))
        for problem, found in (
            (f"it has the field {', '.join(strange)}", bool(strange)),
            ("its format is not 2", metadata.get("zarr_format") != 2),
            ("its shape is no list of sizes", not _sizes(shape)),
            ("its dtype is no name", not isinstance(metadata.get("dtype"), str)),
            ("its chunks do not fit its shape", not _chunks_fit(chunks, shape)),
            ("it has filters", bool(metadata.get("filters"))),
            ("its order is not C", metadata.get("order") != "C"),
            ("its chunks lie in folders", metadata.get("dimension_separator", ".") != "."),
            (
                f"its compressor is none of {', '.join(_COMPRESSORS)}",
                name_of_compressor is not None and name_of_compressor not in _COMPRESSORS,
            ),
        ):
            if found:
                raise WeightsError(f"{file} is not of a big_vision checkpoint: {problem}")
        return metadata


def _sizes(value: Any) -> bool:
    return isinstance(value, list) and all(type(size) is int and size >= 0 for size in value)


def _chunks_fit(chunks: Any, shape: Any) -> bool:
    """Whether chunks are shards of the array: a larger one only costs memory."""
    return (
        _sizes(shape)
        and _sizes(chunks)
        and len(chunks) == len(shape)
        and all(1 <= chunk <= max(1, size) for chunk, size in zip(chunks, shape, strict=True))
    )
