"""Our own weight files: safetensors, one tensor a parameter, named by its path.

"decoder/blocks/attention/query/kernel" holds all layers, stacked along the first axis. They are
written here, and read in `weights` with all the others.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from flax import nnx
from safetensors.numpy import save_file

from spatialvlm_jax.atomic_write import whole_file
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.models.quantize import stored_dtype

ASSETS = Path(__file__).parent.parent / "assets"


def shipped(name: str) -> Path:
    """The path of a weight file that comes with the package.

    Raises:
      UserError: no such file, naming those there are.
    """
    path = ASSETS / f"{name}.safetensors"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in ASSETS.glob("*.safetensors"))) or "none"
        raise UserError(f'no shipped checkpoint "{name}"; there are: {known}')
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
    with whole_file(Path(path), single_writer=True) as temporary:
        save_file(arrays, temporary, dict(metadata or {}))
