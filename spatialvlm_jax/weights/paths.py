"""Where the bytes of weights may come from: plain files, inside the folder that the user named.

A folder of weights may have been downloaded or unpacked, so its symbolic links and its own lists of
files are not to be trusted: a link can lead to any file, and reading a pipe never ends.
"""

import json
import os
from pathlib import Path
from typing import Any

from spatialvlm_jax.weights.pieces import WeightsError

_MAX_JSON_BYTES = 1 << 26


def check_file(path: Path) -> None:
    """Raises WeightsError unless `path` is a plain file, or a link to one, that may be read."""
    try:
        if path.is_file():
            path.open("rb").close()  # readers of weights call any refusal a missing file
            return
        reason = "it is no plain file" if path.exists() else "there is no such file"
    except OSError as error:
        reason = str(error.strerror)
    raise WeightsError(f"cannot read the weight file {path}: {reason}")


def check_inside(path: Path, folder: Path) -> None:
    """Raises WeightsError if `path`, its links followed, is not in `folder`.

    Where the folder is a snapshot in Hugging Face's cache, so are the cache's own blobs.
    """
    home, real = Path(os.path.realpath(folder)), Path(os.path.realpath(path))
    homes = [home, home.parent.parent / "blobs"] if home.parent.name == "snapshots" else [home]
    if not any(real.is_relative_to(each) for each in homes):
        raise WeightsError(
            f"{path} is a link out of its folder, to {real}, and is not followed; if it is yours, "
            "name the file itself or copy it here"
        )


def read_json(path: Path, what: str) -> dict[str, Any]:
    """A JSON object from a file of bounded size.

    Raises:
      WeightsError: it is none; the message says that it is not `what`.
    """
    check_file(path)
    if path.stat().st_size > _MAX_JSON_BYTES:
        raise WeightsError(f"{path} is not {what}: it has more than {_MAX_JSON_BYTES} bytes")
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise WeightsError(f"{path} is not {what}: {error}") from error
    if not isinstance(content, dict):
        raise WeightsError(f"{path} is not {what}: it holds no JSON object")
    return content
