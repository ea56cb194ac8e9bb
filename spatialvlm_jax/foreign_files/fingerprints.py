"""What tells a file from what it may be changed into."""

import functools
import hashlib
from pathlib import Path

_PART_BYTES = 2**16


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


def fingerprint_recording(path: Path) -> str:
    """Likewise, of a file that may be too large to be read whole.

    A small one is told by its bytes, wherever and whenever it was copied; a larger one by its size,
    the time of its last change, and its beginning, middle and end.
    """
    try:
        status = path.stat()
        size = status.st_size
        with path.open("rb") as file:
            if size <= 4 * _PART_BYTES:
                return fingerprint_bytes(file.read())
            digest = hashlib.blake2b()
            for start in (0, (size - _PART_BYTES) // 2, size - _PART_BYTES):
                file.seek(start)
                digest.update(file.read(_PART_BYTES))
        return f"{size} bytes of {status.st_mtime_ns}: {digest.hexdigest()[:32]}"
    except OSError as error:
        return f"{error.strerror}"


@functools.lru_cache(maxsize=256)  # more than the files of all models that look at a photo
def _digest(path: Path, changed: int, size: int) -> str:
    """One file may be part of many pictures: it is read again only when it changed."""
    del changed, size
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()[:32]


def fingerprint_bytes(data: bytes) -> str:
    """The same by contents, of what stands in a file."""
    return hashlib.blake2b(data).hexdigest()[:32]
