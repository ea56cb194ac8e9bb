"""The folders of a run's checkpoints on disk: WORKDIR/checkpoints/STEP, each with its manifest.

`training.checkpoints` writes them. A manifest has the digest of every file of a checkpoint, and is
there once all of them are; a folder whose manifest does not agree is not read.
"""

import json
from pathlib import Path

from spatialvlm_jax.atomic_write import write_json
from spatialvlm_jax.flags import is_whole_number
from spatialvlm_jax.storage.checksums import describe_file
from spatialvlm_jax.weights.pieces import WeightsError

MANIFEST = "manifest.json"
CHECKPOINTS = "checkpoints"
# What reading other JSON raises; of 1e999 bytes, and of thousands of brackets, the last two.
_NO_MANIFEST = ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError


def checkpoint_steps(folder: Path) -> list[int]:
    """The steps that a folder has checkpoints of, ascending, whole or not.

    A step is written without zeros in front: "045" is somebody's own folder.
    """
    names = (path.name for path in folder.iterdir())
    return sorted(int(name) for name in names if is_whole_number(name) and name == str(int(name)))


def find_step(text: str) -> Path | None:
    """The folder of the checkpoint that "WORKDIR@STEP" names; None for a text of another form.

    Raises:
      WeightsError: the working directory has no checkpoint of that step.
    """
    workdir, separator, step = text.rpartition("@")
    if not separator or not workdir or not is_whole_number(step) or Path(text).exists():
        return None
    folder = Path(workdir) / CHECKPOINTS
    if not folder.is_dir():
        raise WeightsError(f"{text}: {folder} does not exist; name the working directory of a run")
    there = [each for each in checkpoint_steps(folder) if (folder / f"{each}/{MANIFEST}").is_file()]
    if int(step) not in there:
        listed = ", ".join(map(str, there)) or "none"
        raise WeightsError(
            f"{text}: {folder} has no whole checkpoint of step {step}; there are: {listed}"
        )
    return folder / str(int(step))


def write_manifest(folder: Path) -> None:
    """Hashes every file of a committed checkpoint into its manifest, which appears at once."""
    files = {str(path.relative_to(folder)): describe_file(path) for path in _files(folder)}
    write_json(folder / MANIFEST, {"files": files}, indent=1)


def checkpoint_damage(folder: Path) -> str | None:
    """What is wrong with a checkpoint, or None if every file is as it was written."""
    try:
        expected = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"]
        sizes = {name: (int(said["bytes"]), said) for name, said in expected.items()}
    except FileNotFoundError:
        return "it was never finished"
    except (OSError, *_NO_MANIFEST):
        return f"{MANIFEST} is unreadable"
    for name, (size, description) in sizes.items():
        path = folder / name
        try:
            if not path.is_file():
                return f"{name} is missing"
            if path.stat().st_size != size:
                return f"{name} has {path.stat().st_size} bytes, not {size}"
            changed = describe_file(path) != description
        except OSError as error:
            return f"{name[:200]} cannot be read: {error.strerror}"
        if changed:
            return f"{name} has changed since it was written"
    return None


def _files(folder: Path) -> list[Path]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path for path in files if not path.name.startswith(MANIFEST))
