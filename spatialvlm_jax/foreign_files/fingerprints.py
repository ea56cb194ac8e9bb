"""What tells a file from what it may be changed into."""

import hashlib
from pathlib import Path


def fingerprint_file(path: Path, contents: bool) -> str:
    """A short text that differs when a file has changed; never an error.

    Args:
      contents: read it all: BLAKE2b of its bytes; else its size, and the time of its last change.
    """
    try:
        if contents:
            with path.open("rb") as file:
                return hashlib.file_digest(file, "blake2b").hexdigest()[:32]
        status = path.stat()
        return f"{status.st_size} bytes of {status.st_mtime_ns}"
    except OSError as error:
        return f"{error.strerror}"
    except ValueError:  # a zero in its name
        return "no name of a file"


def fingerprint_bytes(data: bytes) -> str:
    """The same by contents, of what stands in a file."""
    return hashlib.blake2b(data).hexdigest()[:32]
