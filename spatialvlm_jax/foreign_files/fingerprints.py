"""What tells a file from what it may be changed into."""

import functools
import hashlib
from pathlib import Path


def fingerprint_file(path: Path, contents: bool) -> str:
    """A short text that differs when a file has changed; never an error.

    Args:
      contents: read it all: BLAKE2b of its bytes; else its size, and the time of its last change.
    """
    try:
        status = path.stat()
        if contents:
            return _digest(path, status.st_mtime_ns, status.st_size)
        return f"{status.st_size} bytes of {status.st_mtime_ns}"
    except OSError as error:
        return f"{error.strerror}"
    except ValueError:  # a zero in its name
        return "no name of a file"


@functools.lru_cache(maxsize=256)  # more than the files of all models that look at a photo
def _digest(path: Path, changed: int, size: int) -> str:
    """One file may be part of many pictures: it is read again only when it changed."""
    del changed, size
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()[:32]


def fingerprint_bytes(data: bytes) -> str:
    """The same by contents, of what stands in a file."""
    return hashlib.blake2b(data).hexdigest()[:32]
