"""Published weight files, read tensor by tensor and slice by slice; nothing is held twice.

Reading is safe on any input: no pickled objects, names looked up only in the files' own indexes,
plain files only, none outside the folder, memory for what the model asks for and no more.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from spatialvlm_jax.weights.array_folder import ArrayFolder, find_array_folder
from spatialvlm_jax.weights.npz_file import NpzFile
from spatialvlm_jax.weights.pieces import Shape, WeightsError
from spatialvlm_jax.weights.run_checkpoint import RunCheckpoint, is_checkpoint
from spatialvlm_jax.weights.safetensor_files import SafetensorFiles


class TensorFiles(Protocol):
    """A set of named tensors on disk; every method raises WeightsError on damage.

    kind: "huggingface", "big_vision" or "ours". where: for messages.
    """

    kind: str
    where: Path

    @property
    def metadata(self) -> Mapping[str, str]:
        """Free text beside the tensors, by name; what others published may have none."""

    def names(self) -> Iterable[str]: ...

    def shape(self, name: str) -> Shape: ...

    def dtype(self, name: str) -> str:
        """As NumPy and ml_dtypes call it; others as the file does."""

    def read(self, name: str, index: Sequence[Any]) -> np.ndarray:
        """The tensor at `index`: one slice or integer for each of its axes."""


def open_weights(path: Path) -> TensorFiles:
    """A folder or file of weights, by what it is.

    Raises:
      WeightsError: there is none, it is of no known kind, or it is damaged.
    """
    try:
        return _open(path)
    except OSError as error:
        raise WeightsError(f"cannot read the weights at {path}: {error}") from error


def _open(path: Path) -> TensorFiles:
    checkpoint = find_array_folder(path)
    if checkpoint is not None:
        return ArrayFolder(checkpoint)
    if is_checkpoint(path):
        return RunCheckpoint(path)
    if not path.exists():
        raise WeightsError(f"there are no weights at {path}")
    if path.suffix == ".safetensors" or (path.is_dir() and any(path.glob("*.safetensors*"))):
        return SafetensorFiles(path)
    if path.is_dir():
        raise WeightsError(
            f"{path} holds no .safetensors and no checkpoint of big_vision; name a model's folder "
            "or its file"
        )
    if path.suffix == ".npz":
        return NpzFile(path)
    raise WeightsError(
        f"{path}: weights are a folder of .safetensors, a .safetensors, an .npz or a checkpoint of "
        "big_vision"
    )
