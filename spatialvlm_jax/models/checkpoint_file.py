"""Our own weight files: safetensors, one tensor a parameter, named by its path.

"decoder/blocks/attention/query/kernel" holds all layers, stacked along the first axis. Loading is
strict: a missing, unexpected or misshapen tensor is an error that names it.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import jax.numpy as jnp
import numpy as np
from flax import nnx
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.models.quantize import stored_dtype

ASSETS = Path(__file__).parent.parent / "assets"


class CheckpointFileError(UserError):
    """A weight file that cannot be read, or does not fit the model."""


def shipped(name: str) -> Path:
    """The path of a weight file that comes with the package.

    Raises:
      CheckpointFileError: no such file, naming those there are.
    """
    path = ASSETS / f"{name}.safetensors"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in ASSETS.glob("*.safetensors"))) or "none"
        raise CheckpointFileError(f'no shipped checkpoint "{name}"; there are: {known}')
    return path


def flat_params(model_or_params: Any) -> dict[str, Any]:
    """Path name -> array, of a model or of its split-off `nnx.State` of parameters."""
    is_model = isinstance(model_or_params, nnx.Module)
    params = nnx.state(model_or_params, nnx.Param) if is_model else model_or_params
    return {
        "/".join(map(str, path)): leaf.get_value() if isinstance(leaf, nnx.Variable) else leaf
        for path, leaf in nnx.to_flat_state(params)
    }


def save_safetensors(
    path: str | os.PathLike[str],
    model_or_params: Any,
    metadata: Mapping[str, str] | None = None,
    *,
    dtype: Literal["float32", "bfloat16", "float16"] = "float32",
) -> None:
    """Writes all parameters, atomically.

    Args:
      path: the file.
      model_or_params: a model, or its `nnx.State` of parameters.
      metadata: free text pairs kept in the file's header.
      dtype: how the values are stored, but for kernels in few bits.
    """
    arrays = {
        name: np.ascontiguousarray(np.asarray(array).astype(stored_dtype(name, array.dtype, dtype)))
        for name, array in flat_params(model_or_params).items()
    }
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(target.name + ".partial")
    save_file(arrays, partial, dict(metadata or {}))
    os.replace(partial, target)


def read_safetensors(path: str | os.PathLike[str]) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """All tensors and the metadata of a file.

    Raises:
      CheckpointFileError: the file is missing or is not safetensors.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            return arrays, dict(file.metadata() or {})
    except (OSError, SafetensorError) as error:
        raise CheckpointFileError(f"cannot read the weight file {path}: {error}") from error


def load_safetensors(
    path: str | os.PathLike[str], model: nnx.Module, *, optional: tuple[str, ...] = ()
) -> dict[str, str]:
    """Overwrites the parameters of `model`, each kept in its own dtype.

    Args:
      path: a file written by `save_safetensors`.
      model: receives the values.
      optional: top-level parts (say "dense_head") that the file may lack, or have too many.

    Returns:
      The file's metadata.

    Raises:
      CheckpointFileError: a tensor is missing, unexpected or misshapen; the model is unchanged.
    """
    arrays, metadata = read_safetensors(path)
    params = dict(nnx.to_flat_state(nnx.state(model, nnx.Param)))
    wanted = {"/".join(map(str, key)): key for key in params}

    def required(names: set[str]) -> list[str]:
        return sorted(name for name in names if name.split("/")[0] not in optional)

    for what, names in (
        ("lacks", required(wanted.keys() - arrays.keys())),
        ("has an unexpected", required(arrays.keys() - wanted.keys())),
    ):
        if names:
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            raise CheckpointFileError(f"{path} {what} {names[0]}{more}")
    present = {name: key for name, key in wanted.items() if name in arrays}
    for name, key in present.items():
        if arrays[name].shape != params[key].shape:
            raise CheckpointFileError(
                f"{path}: {name} is {arrays[name].shape}, the model wants {params[key].shape}"
            )
    for name, key in present.items():
        params[key].set_value(jnp.asarray(arrays[name], params[key].dtype))
    nnx.update(model, nnx.from_flat_state(params.items()))
    return metadata
