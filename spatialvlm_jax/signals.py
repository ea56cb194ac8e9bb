"""Ctrl-C, SIGTERM, a closed terminal: what is not saved yet is saved first, all else ends at once.

Nothing slow is imported here: until the handlers are there, Ctrl-C is a traceback of Python's own.
A thread hears of signals through a file descriptor that the system's own handler writes to, so it
answers while the main thread compiles, or waits for a device or a disk. It never raises an
exception into running code: it ends the process, or asks for the end where work must be saved
first. Whatever a run writes is whole or absent at every moment, so that an end at once loses no
more than what the same command makes again.

    if __name__ == "__main__":  # before imports that take seconds
        from spatialvlm_jax import signals

        signals.listen()
"""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from typing import NoReturn

INTERRUPTED = 130  # the exit code of Ctrl-C: 128 + SIGINT
HUNG_UP = 129  # that of a terminal that was closed, or a connection that broke: 128 + SIGHUP
NOTHING_SAVED = "nothing to save yet; the same command starts again"
WRITTEN_STAYS = "what was written stays whole; the same command continues"
_WARNINGS = "PYTHONWARNINGS"
# multiprocessing's own helper clears away what an end at once leaves, and would say so each time.
_NO_LEAKS = "ignore:resource_tracker:UserWarning"
_SPAWNED = b"--multiprocessing-fork"  # on the command line of every spawned worker
_CODES = {signal.SIGINT: INTERRUPTED, signal.SIGTERM: 0, signal.SIGHUP: HUNG_UP}


class Interrupted(Exception):
    """The work was stopped by a signal; the message says what is saved."""


class StopRequest:
    """What the signals that came ask for.

    Attributes:
      requested: whether one has come whose answer is up to the main thread.
      code: what the program exits with then: 130 after Ctrl-C, 0 after SIGTERM, 129
        after SIGHUP.
      outlook: what is said where the process ends at once.
    """

    def __init__(self, outlook: str = NOTHING_SAVED) -> None:
        self.requested, self.code, self.outlook = False, 0, outlook
        self._deferred = False
        self._ended: int | None = None
        self._lock = threading.Lock()

    def defer(self) -> None:
        """From here on there is something to save: the first signal only sets `requested`."""
        with self._lock:
            self._deferred = True

    def release(self) -> None:
        """From here on nothing is lost by an end at once."""
        with self._lock:
            self._deferred = False

    def close(self, code: int) -> None:
        """From here on the work is over with `code`, which a signal no longer changes.

        Does not return while another thread ends the process.
        """
        with self._lock:
            self._ended = code

    def check(self) -> None:
        """Raises Interrupted once a signal has come."""
        if self.requested:
            raise Interrupted(self.outlook)

    def take(self, number: int) -> None:
        """Answers a signal: the first one as deferred or not, a second Ctrl-C at once."""
        with self._lock:
            if self._ended is not None:
                _leave(self._ended)
            again = self.requested
            if again and number != signal.SIGINT:
                return
            self.requested, self.code = True, _CODES[signal.Signals(number)]
            if again:
                _end(self.code, "ended at once: the same command continues from what is saved")
            if not self._deferred:
                _end(self.code, f"stopping: {self.outlook}")
            if number == signal.SIGINT:
                _say("stopping after this step; Ctrl-C again ends at once")


class _Listener:
    """The thread, the descriptors and the handlers; of the main thread alone."""

    def __init__(self) -> None:
        self.request = StopRequest()
        _open_closed_streams()
        self._warnings = os.environ.get(_WARNINGS)
        os.environ[_WARNINGS] = ",".join(filter(None, (self._warnings, _NO_LEAKS)))
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)
        # The handlers do nothing: that they are there makes the system write to the descriptor.
        self._handlers = {number: signal.signal(number, _ignore) for number in _taken()}
        self._terminals = [stream for stream in (1, 2) if os.isatty(stream)]
        self._descriptor = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        self._thread = threading.Thread(target=self._listen, name="signals", daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        while numbers := os.read(self._read, 64):
            for number in numbers:
                if number == signal.SIGHUP:
                    _lead_nowhere(self._terminals)
                if number in self._handlers:
                    self.request.take(number)

    def close(self) -> None:
        """Gives back handlers and descriptors."""
        signal.set_wakeup_fd(self._descriptor)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        os.close(self._write)
        self._thread.join()
        os.close(self._read)
        os.environ.pop(_WARNINGS)
        if self._warnings is not None:
            os.environ[_WARNINGS] = self._warnings


_listening: list[_Listener] = []


def listen() -> StopRequest:
    """Takes SIGINT, SIGTERM and SIGHUP for the rest of the process; called by its main thread."""
    if not _listening:
        _listening.append(_Listener())
    return _listening[0].request


@contextlib.contextmanager
def listening(outlook: str = NOTHING_SAVED) -> Iterator[StopRequest]:
    """Takes SIGINT, SIGTERM and SIGHUP inside; where the process listens already, that goes on.

    Outside the main thread signals cannot be taken, and nothing is.
    """
    if threading.current_thread() is not threading.main_thread():
        yield StopRequest(outlook)
        return
    before = list(_listening)
    request = listen()
    request.outlook = outlook
    try:
        yield request
    finally:
        if not before:
            _listening.pop().close()


@contextlib.contextmanager
def telling() -> Iterator[Callable[[str], None]]:
    """Work inside says, by calling what it is given, what an end at once would leave of it."""
    request = _listening[0].request if _listening else StopRequest()
    before = request.outlook

    def tell(line: str) -> None:
        request.outlook = line

    try:
        yield tell
    finally:
        request.outlook = before


def end(code: int) -> NoReturn:
    """Ends the program with what `main` returned.

    After a failure or a stop at once, without waiting for threads and workers that cannot finish
    what they were doing, and would each say so.
    """
    with contextlib.suppress(OSError):
        sys.stdout.flush()
    for listener in _listening:
        listener.request.close(code)
    if code == 0:
        sys.exit(0)
    _leave(code)


def _taken() -> list[signal.Signals]:
    """The signals to take; not that of a closed terminal where `nohup` says to go on."""
    ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return [number for number in _CODES if number != signal.SIGHUP or not ignored]


def _lead_nowhere(streams: list[int]) -> None:
    """What is written to them is lost, without an error: in a terminal that is gone it is one."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in streams:
        os.dup2(nowhere, stream)
    os.close(nowhere)


def _open_closed_streams() -> None:
    """Leads a closed output (`>&-`) nowhere: the pipe would get its number, and lines with it."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115


def _ignore(*_: object) -> None:
    """Leaves the answer to the thread."""


def _say(line: str, stream: int = 2) -> None:
    """Writes a line past all buffers, whose locks the main thread may hold."""
    start = b"\n" if os.isatty(stream) else b""  # below a progress bar
    with contextlib.suppress(OSError):
        os.write(stream, start + line.encode() + b"\n")


def _end(code: int, line: str) -> NoReturn:
    """The line is the last one, whatever the main thread writes or starts meanwhile."""
    last = os.dup(2)
    _lead_nowhere([1, 2])
    _kill_workers()
    _say(line, last)
    os._exit(code)


def _leave(code: int) -> NoReturn:
    _kill_workers()
    os._exit(code)


def _kill_workers() -> None:
    for child in _workers():
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)


def _workers() -> list[int]:
    """Process ids of spawned children, those among them that are just starting.

    They would end by themselves, but with a traceback where they still wait for their orders.
    """
    if not os.path.isdir("/proc"):
        return []
    found, own, command = [], str(os.getpid()).encode(), _read("self", "cmdline")
    for name in os.listdir("/proc"):
        with contextlib.suppress(OSError):
            if name.isdecimal() and _read(name, "stat").rpartition(b")")[2].split()[1] == own:
                line = _read(name, "cmdline")
                # At first a new process is called as this one is.
                found += [int(name)] if _SPAWNED in line or line == command else []
    return found


def _read(process: str, name: str) -> bytes:
    with open(f"/proc/{process}/{name}", "rb") as file:
        return file.read()
