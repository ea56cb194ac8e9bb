"""Standard output and error that nothing written to them ends with a traceback.

A warning is a line that begins with "WARNING: ". A terminal without UTF-8 gets what it cannot show
as escapes. A reader that has enough, such as `head`, ends the program quietly, with the code that a
shell gives to what SIGPIPE ends.
"""

import contextlib
import io
import logging
import os
import sys
from collections.abc import Iterator

BROKEN_PIPE = 141  # 128 + SIGPIPE


@contextlib.contextmanager
def lasting() -> Iterator[None]:
    """Streams that take every text; what is written inside is flushed at the end.

    Raises:
      SystemExit: the reader of the output has left.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    logging.basicConfig(level=logging.WARNING)
    for handler in logging.getLogger().handlers:  # a library may have added it
        if type(handler) is logging.StreamHandler:
            handler.setFormatter(logging.Formatter("%(levelname)s: %(message)s"))
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        _write_nowhere()
        raise SystemExit(BROKEN_PIPE) from None


def _write_nowhere() -> None:
    """Lets the interpreter flush, at its end, what is still in the buffers."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
