"""One writer a folder: a lock that the system releases even if its holder is killed."""

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

from spatialvlm_jax.errors import UserError

LOCK_FILE = ".lock"


class FolderInUseError(UserError):
    """Another process is writing to the folder."""


@contextlib.contextmanager
def only_writer(folder: Path, *, wait: bool = False) -> Iterator[None]:
    """Holds `folder`, which is made if missing, against all others that ask for it in this way.

    Args:
      folder: the file of the lock stays in it, and means nothing while no process holds it.
      wait: for the end of another writer, instead of raising.

    Raises:
      FolderInUseError: another process, or another part of this one, holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / LOCK_FILE, "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not wait:
                raise FolderInUseError(
                    f"another run is writing to {folder}: wait for its end, or name another folder"
                ) from None
            print(f"waiting for another run that fills {folder}", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
