"""SIGTERM as a request: finish the step, save, leave."""

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType


class Interrupted(Exception):
    """SIGTERM arrived during work that may be dropped."""


class StopRequest:
    """Installs a SIGTERM handler, which raises `Interrupted` except where that is deferred.

    Attributes:
      requested: whether the signal has come.
      single_process: False where other processes would wait for this one; the signal then only sets
        `requested`, on which all of them vote.
    """

    def __init__(self, *, single_process: bool = True) -> None:
        self.requested = False
        self.single_process = single_process
        self._deferred = False
        signal.signal(signal.SIGTERM, self._handle)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self.requested = True
        if self.single_process and not self._deferred:
            raise Interrupted

    def check(self) -> None:
        """Raises Interrupted once the signal has come."""
        if self.requested:
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
            if self.single_process and self.requested:
                raise Interrupted
            yield
        finally:
            self._deferred = True
