"""One writer a folder: a lock that the system releases even if its holder is killed."""

import contextlib
import fcntl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from spatialvlm_jax.errors import UserError

LOCK_FILE = ".lock"
SECONDS_BETWEEN_TRIES, SECONDS_BETWEEN_LINES = 0.2, 30.0


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
        if not _acquired(lock):
            if not wait:
                raise FolderInUseError(
                    f"another run is writing to {folder}: wait for its end, or name another folder"
                )
            _wait(lock, folder)
        yield


def _acquired(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _wait(lock: IO[str], folder: Path) -> None:
    """Returns once the lock is held; says now and then that it is not."""
    begin = said = time.monotonic()
    print(f"waiting for another run that fills {folder}", flush=True)
    while not _acquired(lock):
        time.sleep(SECONDS_BETWEEN_TRIES)
        if time.monotonic() - said >= SECONDS_BETWEEN_LINES:
            said = time.monotonic()
            print(f"still waiting for {folder}, {said - begin:.0f} s", flush=True)
