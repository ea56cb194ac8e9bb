"""The parameters of a run's checkpoint, WORKDIR/checkpoints/STEP, as files of weights.

Orbax keeps the arrays of a training state in one OCDBT database, a zarr array each, named by its
path with "." between: "trainable.decoder/embedder/embedding". TensorStore reads them slice by
slice, however many processes wrote them; optimizer and position in the data are not read.
"""

import functools
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from spatialvlm_jax.migration import migrate_description
from spatialvlm_jax.weights.checkpoint_folders import MANIFEST, checkpoint_damage
from spatialvlm_jax.weights.paths import read_json
from spatialvlm_jax.weights.pieces import Shape, WeightsError

# Of a training state, the parts that hold parameters; later ones win: running averages are what is
# evaluated and exported.
_PARTS = ("trainable", "frozen", "average")


def is_checkpoint(path: Path) -> bool:
    """Whether a folder is that of a checkpoint of a run."""
    return (path / MANIFEST).is_file() and (path / "state").is_dir()


class RunCheckpoint:
    """Weights of a checkpoint, by the names of the parameters; running averages where there are."""

    kind = "ours"

    def __init__(self, path: Path) -> None:
        """Lists the arrays.

        Raises:
          WeightsError: what describes them cannot be read.
        """
        self.where = path
        described = read_json(path / "state" / "_METADATA", "the description of a checkpoint")
        found: dict[str, dict[str, str]] = {part: {} for part in _PARTS}
        try:
            for entry in described["tree_metadata"].values():
                part, *name = [str(each["key"]) for each in entry["key_metadata"]]
                if part in found and len(name) == 1:
                    found[part][name[0]] = f"{part}.{name[0]}"
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise WeightsError(f"{path} describes its arrays in another form: {error}") from None
        self._keys = {name: key for part in _PARTS for name, key in found[part].items()}
        self._opened: tuple[str, Any] | None = None

    @functools.cached_property
    def metadata(self) -> dict[str, str]:
        """The step, and the settings and digests of what was read, which the run keeps by name."""
        path = self.where / "metadata" / "metadata"
        kept = read_json(path, "what a checkpoint says of its run")
        said = {name: str(value) for name, value in migrate_description(kept).items()}
        return {**said, "step": self.where.name}

    def names(self) -> Iterable[str]:
        return self._keys

    def shape(self, name: str) -> Shape:
        return tuple(self._array(name).shape)

    def dtype(self, name: str) -> str:
        return str(self._array(name).dtype.name)

    def read(self, name: str, index: Sequence[Any]) -> np.ndarray:
        """The tensor at `index`; that every file is as it was written is seen at the first one."""
        if self._damage is not None:
            raise WeightsError(f"checkpoint {self.where}: {self._damage}; name another step")
        try:
            return np.asarray(self._array(name)[tuple(index)].read().result())
        except ValueError as error:
            raise self._unreadable(name, error) from error

    @functools.cached_property
    def _damage(self) -> str | None:
        return checkpoint_damage(self.where)

    def _array(self, name: str) -> Any:
        if self._opened is None or self._opened[0] != name:
            self._opened = name, self._open(name)
        return self._opened[1]

    def _open(self, name: str) -> Any:
        import tensorstore

        folder = f"{(self.where / 'state').absolute()}/"
        spec = {
            "driver": "zarr",
            "kvstore": {
                "driver": "ocdbt",
                "base": {"driver": "file", "path": folder},
                "path": f"{self._keys[name]}/",
            },
            "recheck_cached_data": False,
        }
        try:
            return tensorstore.open(spec, open=True, read=True).result()
        except ValueError as error:
            raise self._unreadable(name, error) from error

    def _unreadable(self, name: str, error: ValueError) -> WeightsError:
        reason = str(error).partition(" [")[0].partition("\n")[0]
        return WeightsError(f"cannot read {name} in {self.where}: {reason}")
