"""SIGTERM as a request: finish the step, save, leave."""

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType


class Interrupted(Exception):
    """SIGTERM arrived during work that may be dropped."""


class StopRequest:
    """Installs a SIGTERM handler, which raises `Interrupted` except where that is deferred."""

    def __init__(self) -> None:
        """`requested` tells whether the signal has come."""
        self.requested = False
        self._deferred = False
        signal.signal(signal.SIGTERM, self._handle)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self.requested = True
        if not self._deferred:
            raise Interrupted

    @contextlib.contextmanager
    def deferred(self) -> Iterator[None]:
        """Inside, the signal only sets `requested`: for work that must end in a saved state."""
        self._deferred = True
        try:
            yield
        finally:
            self._deferred = False

    @contextlib.contextmanager
    def droppable(self) -> Iterator[None]:
        """Inside `deferred`: work that the signal ends at once after all, such as evaluation."""
        self._deferred = False
        try:
            if self.requested:
                raise Interrupted
            yield
        finally:
            self._deferred = True
