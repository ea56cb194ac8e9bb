"""Files that are whole or absent: written under another name beside, then renamed."""

import contextlib
import errno
import json
import os
import re
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path

from spatialvlm_jax.errors import system_error

_INCOMPLETE = "incomplete"


@contextlib.contextmanager
def whole_file(path: Path, *, single_writer: bool = False) -> Iterator[Path]:
    """A path to write to, which becomes `path` when the block ends, and is removed if it raises.

    The file is as readable to others as the umask says, whoever writes it.

    Args:
      path: what is there stays until then. Its folder is made if missing.
      single_writer: no other process writes it at the same time. What a kill leaves of a big file
        is written over by the next attempt then, where it would stay beside it otherwise.

    Raises:
      OSError: the system refuses it, such as for want of room, whatever a library in the block
        makes of that; or `path` is a folder or a device.
    """
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "is no plain file, and is not written over", str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    suffix = _INCOMPLETE if single_writer else f"{_INCOMPLETE}-{uuid.uuid4().hex}"
    temporary = path.with_name(f"{path.name}.{suffix}")
    try:
        temporary.touch()
        mode = temporary.stat().st_mode  # under the umask; some writers make files for one user
        yield temporary
        temporary.chmod(mode)
        os.replace(temporary, path)
    except Exception as error:
        refused = system_error(error)
        if refused is None or refused.errno is None:
            raise
        if refused.filename not in (None, str(temporary)):
            raise
        raise OSError(refused.errno, refused.strerror, str(path)) from error
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Writes UTF-8, however many processes write the file at once.

    Half a pair of surrogates, which a JSON text may hold and UTF-8 may not, becomes "?".
    """
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="replace")


def write_json_lines(path: Path, records: Iterable[object]) -> None:
    """Writes a line of JSON for each record."""
    write_text(path, "".join(f"{json.dumps(record)}\n" for record in records))


def write_json(
    path: Path, content: object, *, indent: int | None = 2, sort_keys: bool = False
) -> None:
    """Writes JSON and a line end.

    Raises:
      ValueError: there is a NaN or an infinity in it, which JSON does not have.
    """
    text = json.dumps(content, indent=indent, sort_keys=sort_keys, allow_nan=False)
    write_text(path, text + "\n")


def final_name(name: str) -> str:
    """What a file will be called that `whole_file` is writing; other names as they are."""
    return re.sub(rf"\.{_INCOMPLETE}(-[0-9a-f]+)?$", "", name)


def remove_leftovers(folder: Path) -> None:
    """Removes what killed writers left in `folder`; nobody may be writing there."""
    for leftover in folder.glob(f"*.{_INCOMPLETE}*"):
        leftover.unlink()
