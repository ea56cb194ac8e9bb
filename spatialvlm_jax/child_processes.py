"""Worker processes that do not outlive the process that started them."""

import multiprocessing
import os
import threading


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
