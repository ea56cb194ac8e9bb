"""What tells one trial from another: configuration, data, weights to begin with, and code.

Two sweeps that have an arm of the same identity share its runs; a change of any of these makes
another arm.
"""

import dataclasses
import functools
import hashlib
import json
from pathlib import Path
from typing import Any

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.experiment import DatasetConfig, Experiment
from spatialvlm_jax.storage.checksums import CHECKSUMS, describe_file
from spatialvlm_jax.weights.checkpoint_folders import MANIFEST
from spatialvlm_jax.weights.load import sources_of
from spatialvlm_jax.weights.run_checkpoint import is_checkpoint

# Of a stored set: what was made, and the digests of the shards.
_SET_FILES = ("dataset_info.json", "features.json", CHECKSUMS)
_CODE_SUFFIXES = (".py", ".model")
_PACKAGES, _SCRIPTS = ("spatialvlm_jax", "data_loaders"), ("train.py", "eval.py")


def seeded(experiment: Experiment, seed: int) -> Experiment:
    """The experiment with order, first weights and answer noise drawn by `seed`.

    What is held out, and how its questions are asked, stays as it is.
    """
    data = experiment.data
    datasets = tuple(dataclasses.replace(each, noise_seed=seed) for each in data.datasets)
    return dataclasses.replace(
        experiment,
        train=dataclasses.replace(experiment.train, seed=seed),
        data=dataclasses.replace(data, seed=seed, datasets=datasets),
    )


def identify(experiment: Experiment, code: str) -> str:
    """SHA-256, hexadecimal, of what an arm is made of, whatever its seed and its name.

    Args:
      code: as `digest_code` gives it.

    Raises:
      UserError: weights or data that it names cannot be found.
    """
    data, held_out = experiment.data, experiment.eval
    content = {
        "config": dataclasses.asdict(dataclasses.replace(seeded(experiment, 0), name="arm")),
        "data": {each.path: _digest_set(each) for each in (*data.datasets, *held_out.datasets)},
        "weights": {
            part: digest_place(path) for part, path in sources_of(experiment.train).items()
        },
        "tokenizer": digest_place(Path(data.tokenizer)) if Path(data.tokenizer).is_file() else "",
        "code": code,
    }
    return _digest(content)


def digest_code(checkout: Path) -> str:
    """SHA-256, hexadecimal, of all code that a trial may run; this part, which runs none, is not.

    Raises:
      OSError: there is no checkout.
    """
    files = [checkout / name for name in _SCRIPTS]
    for package in _PACKAGES:
        found = sorted((checkout / package).rglob("*"))
        files += [path for path in found if path.suffix in _CODE_SUFFIXES]
    ours = Path(_PACKAGES[0], "sweeps")
    names = [path.relative_to(checkout) for path in files]
    return _digest(
        [
            [name.as_posix(), describe_file(checkout / name)["sha256"]]
            for name in names
            if not name.is_relative_to(ours)
        ]
    )


def check_code(checkout: Path, code: str) -> None:
    """Refuses to go on with other code than the trials are told by.

    Raises:
      UserError: it is not what `digest_code` said.
    """
    if digest_code(checkout) != code:
        raise UserError(
            "the code of this checkout changed while the sweep ran: start it again, and what is "
            "finished is kept for the code it was run with; or run it in a checkout of its own"
        )


def digest_place(path: Path) -> str:
    """SHA-256, hexadecimal, of a file; of a folder, of the names of its files and what they hold.

    Of a checkpoint of a run it is that of its manifest, which has the digests of its files.

    Raises:
      OSError: it is not there.
    """
    if is_checkpoint(path):
        path = path / MANIFEST
    if not path.is_dir():
        return _file_digest(path)
    files = sorted(each for each in path.rglob("*") if each.is_file())
    return _digest([[each.relative_to(path).as_posix(), _file_digest(each)] for each in files])


def _digest_set(dataset: DatasetConfig) -> str:
    """Of the data itself, or "" where the configuration says how it is rendered.

    Rendered data that is there is checked against its recipe by who reads it. A set without digests
    of its shards is read as a whole.
    """
    path = Path(dataset.path)
    if dataset.worlds is not None:
        return ""
    if not path.is_dir():
        return digest_place(path)
    if not (path / CHECKSUMS).is_file():
        return _digest(digest_place(path))
    return _digest(
        {name: digest_place(path / name) for name in _SET_FILES if (path / name).is_file()}
    )


def _file_digest(path: Path) -> str:
    found = path.stat()
    return _digest_file(path, found.st_mtime_ns, found.st_size)


@functools.lru_cache(maxsize=2**16)  # a folder of weights or records may have thousands
def _digest_file(path: Path, changed: int, size: int) -> str:
    """A file that several arms name is read again only when it changed."""
    del changed, size
    return str(describe_file(path)["sha256"])


def _digest(content: Any) -> str:
    text = json.dumps(content, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
