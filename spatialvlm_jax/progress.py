"""What a program says while it works: lines about what takes long, and bars.

Where there is no terminal, as in a log file, a bar is a line now and then.
"""

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, ParamSpec, TypeVar

from tqdm import tqdm

P = ParamSpec("P")
R = TypeVar("R")
SECONDS_OF_SILENCE = 2.0
SECONDS_BETWEEN_LINES, SECONDS_BETWEEN_REMINDERS = 10.0, 30.0
_LINE = "{desc}: {n_fmt}/{total_fmt} {unit}s [{elapsed}{postfix}]"
_LINE_WITHOUT_TOTAL = "{desc}: {n_fmt} {unit}s [{elapsed}{postfix}]"


class _LineBar(tqdm):
    """Writes a line where a bar would be drawn again: at the start, now and then, at the end."""

    disable: bool

    def display(self, msg: str | None = None, pos: int | None = None) -> bool:
        if line := (str(self) if msg is None else msg).strip():
            self.fp.write(line + "\n")
            self.fp.flush()
        return True

    def clear(self, nolock: bool = False) -> None:
        """Lines stay."""

    def close(self) -> None:
        if not self.disable:
            if self.last_print_t >= self.start_t + self.delay:
                self.display()
            self.disable = True
            self._decr_instances(self)


class Waiting:
    """Something that may take long: said once it took over two seconds, and how long it took.

    Every half a minute it is said again.

    doing, done: "compiling the step" and "compiled the step". quiet: nothing is said.
    """

    def __init__(self, doing: str, done: str, *, quiet: bool = False) -> None:
        self._doing, self._done, self._quiet = doing, done, quiet
        self._begin = time.monotonic()
        # Made in the thread below, the lock of all bars would import while this one imports: that
        # can fail, and leaves the lock taken for ever.
        tqdm.get_lock()
        self._said, self._over = False, threading.Event()
        threading.Thread(target=self._say_doing, daemon=True).start()

    def _say_doing(self) -> None:
        silence = SECONDS_OF_SILENCE
        while not self._over.wait(silence):
            passed = f" ({time.monotonic() - self._begin:.0f} s)" if self._said else ""
            self._said = True
            if not self._quiet:
                say(f"{self._doing} ...{passed}")
            silence = SECONDS_BETWEEN_REMINDERS

    def end(self, *, failed: bool = False) -> None:
        """It is over; a second call does nothing."""
        self._over.set()
        if self._said and not self._quiet and not failed:
            say(f"{self._done} in {time.monotonic() - self._begin:.1f} s")
        self._quiet = True


_importing: list[Waiting] = []


def begin_importing() -> None:
    """Imports follow that take seconds, up to `end_importing`."""
    _importing[:] = [Waiting("importing JAX and what goes with it", "imported it")]


def end_importing() -> None:
    """The imports are over; nothing where none were begun."""
    for wait in _importing:
        wait.end()


@contextlib.contextmanager
def waiting(doing: str, done: str, *, quiet: bool = False) -> Iterator[None]:
    """What is inside may take long; see `Waiting`."""
    wait = Waiting(doing, done, quiet=quiet)
    try:
        yield
    except BaseException:
        wait.end(failed=True)
        raise
    wait.end()


def first_call(
    function: Callable[P, R], doing: str, done: str, *, quiet: bool = False
) -> Callable[P, R]:
    """The function, whose first call may take long, as that of a jitted one that compiles."""
    calls = 0

    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        nonlocal calls
        calls += 1
        if calls > 1:
            return function(*args, **kwargs)
        with waiting(doing, done, quiet=quiet):
            return function(*args, **kwargs)

    return call


def say(line: str) -> None:
    """Prints a line, above the bar if there is one; a reader that has left misses it."""
    with contextlib.suppress(BrokenPipeError):
        tqdm.write(line, file=sys.stdout)
        sys.stdout.flush()


def bar(
    items: Iterable[Any] | None = None,
    *,
    desc: str,
    unit: str,
    total: int | None = None,
    initial: int = 0,
    quiet: bool = False,
    delay: float = 0.0,
) -> Any:
    """A `tqdm` on standard error; without a terminal, one that writes lines.

    Args:
      items: that are counted as they are taken; None where `update` counts.
      desc, unit: what is done, to what.
      quiet: nothing is written. delay: nor before so many seconds.
    """
    kind: Any = tqdm
    form: dict[str, Any] = {}
    if not sys.stderr.isatty():
        kind = _LineBar
        known = total is not None or hasattr(items, "__len__")
        form = {
            "bar_format": _LINE if known else _LINE_WITHOUT_TOTAL,
            "mininterval": SECONDS_BETWEEN_LINES,
        }
    return kind(
        items,
        desc=desc,
        unit=unit,
        total=total,
        initial=initial,
        disable=quiet,
        delay=delay,
        file=sys.stderr,
        **form,
    )
