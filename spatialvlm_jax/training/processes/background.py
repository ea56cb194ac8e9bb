"""What fails in threads of other libraries, told shortly: their words are tracebacks."""

import contextlib
import logging
import sys
import threading
from collections.abc import Iterator
from types import TracebackType
from typing import Any

from spatialvlm_jax.errors import describe_failure, system_error

_LIBRARIES = ("absl", "asyncio")  # through which Orbax speaks


@contextlib.contextmanager
def short_words() -> Iterator[None]:
    """Where the system refuses something to a thread, such as that of TensorBoard, one line.

    What fails while a checkpoint is written is raised where the save is waited for, and is not
    told before. Everything else is told as it was.
    """
    thread_hook, hook, stray_hook = threading.excepthook, sys.excepthook, sys.unraisablehook

    def tell_of_thread(failed: threading.ExceptHookArgs) -> None:
        error = system_error(failed.exc_value) if failed.exc_value else None
        if error is None:
            thread_hook(failed)
        else:
            logging.warning("in the background: %s", describe_failure(error))

    def tell(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        # TensorStore's answers to a save that has failed already arrive here.
        if str(error) != "Event loop is closed":
            hook(kind, error, trace)

    def tell_stray(stray: Any) -> None:
        if str(stray.exc_value) != "Event loop is closed":
            stray_hook(stray)

    loggers = [logging.getLogger(name) for name in _LIBRARIES]
    for logger in loggers:
        logger.addFilter(_is_told_here_alone)
    threading.excepthook, sys.excepthook, sys.unraisablehook = tell_of_thread, tell, tell_stray
    try:
        yield
    finally:
        threading.excepthook, sys.excepthook, sys.unraisablehook = thread_hook, hook, stray_hook
        for logger in loggers:
            logger.removeFilter(_is_told_here_alone)


def _is_told_here_alone(record: logging.LogRecord) -> bool:
    """Whether a line is about something else than what the system refused to a save."""
    error = record.exc_info[1] if record.exc_info else None
    return error is None or system_error(error) is None
