"""Files that other machines write, as they come to be seen through a file system that is shared."""

import time
from collections.abc import Iterable
from pathlib import Path

# Network file systems may show a file to other machines with a delay of this order.
VISIBLE_AFTER_SECONDS = 60.0
_BETWEEN_LOOKS_SECONDS = 0.2


def wait_until_visible(paths: Iterable[Path], seconds: float = VISIBLE_AFTER_SECONDS) -> bool:
    """Whether all these files are there, or come to be seen in time; 0 seconds looks once."""
    deadline = time.monotonic() + seconds
    waited_for = list(paths)
    while not all(path.is_file() for path in waited_for):
        if time.monotonic() >= deadline:
            return False
        time.sleep(_BETWEEN_LOOKS_SECONDS)
    return True
