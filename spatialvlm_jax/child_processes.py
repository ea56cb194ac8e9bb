"""Worker processes that leave the terminal's signals to their parent, and do not outlive it."""

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from multiprocessing import resource_tracker


def exit_with_parent(*_: object) -> None:
    """Makes this worker process end as soon as its parent does, even if that was killed.

    Without it, a worker whose parent got SIGKILL waits for work for ever, and keeps its memory.
    Any arguments are ignored, so that it serves as initialiser of every kind of pool.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, name="exit-with-parent", daemon=True).start()


@contextlib.contextmanager
def without_terminal_signals() -> Iterator[None]:
    """Processes started inside never get SIGINT or SIGHUP, which a terminal sends to all: not even
    while they import, where the first would be a traceback of each.

    A blocked signal stays blocked in a child, and waits in this thread for the end of the block.
    """
    resource_tracker.ensure_running()  # starting it later would unblock the signal
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
