"""SIGTERM as a request: finish the step, save, leave."""

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType


class Interrupted(Exception):
    """SIGTERM arrived during work that may be dropped."""


class StopRequest:
    """Installs a SIGTERM handler; `requested` tells whether the signal came."""

    def __init__(self) -> None:
        self.requested = False
        self._droppable = False
        signal.signal(signal.SIGTERM, self._handle)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self.requested = True
        if self._droppable:
            raise Interrupted

    @contextlib.contextmanager
    def droppable(self) -> Iterator[None]:
        """Marks work that the signal ends at once, by `Interrupted`, such as an evaluation."""
        self._droppable = True
        try:
            if self.requested:
                raise Interrupted
            yield
        finally:
            self._droppable = False
