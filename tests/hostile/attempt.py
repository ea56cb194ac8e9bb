"""One hostile input, tried: what it was, what should become of it, what did.

A case hands a folder of its own to a function that makes the input and runs a command on it. What
may become of it:

    refused   exit code 2 and one line that says why; nothing else (130 where Ctrl-C stopped it)
    listed    exit code 0, and the input stands with its reason in a ledger, beside what is good
    read      exit code 0, and the value is the right one

Anything else is a fault: a traceback, a hang, other codes, or an input that goes through silently.
"""

import contextlib
import dataclasses
import hashlib
import io
import json
import signal
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

from spatialvlm_jax import cli

SECONDS = 60  # of one input; what takes longer hangs
REFUSED, LISTED, READ = "refused", "listed", "read"


class Fault(Exception):
    """An input did what no input may do."""


@dataclasses.dataclass(frozen=True)
class Case:
    """A hostile input.

    attempt: makes it in a folder, tries it, and returns what became of it.
    right: what may become of it.
    """

    name: str
    attempt: Callable[[Path], str]
    right: tuple[str, ...] = (REFUSED, LISTED)


@dataclasses.dataclass(frozen=True)
class Tried:
    """What became of a case; `fault` is empty where that is right."""

    name: str
    became: str
    fault: str = ""


@contextlib.contextmanager
def no_longer_than(seconds: int) -> Iterator[None]:
    """Raises Fault inside once the time is over."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise Fault(f"hangs: no answer in {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def try_case(case: Case) -> Tried:
    """Runs a case in a folder of its own."""
    try:
        with tempfile.TemporaryDirectory() as folder, no_longer_than(SECONDS):
            became = case.attempt(Path(folder))
    except Fault as fault:
        return Tried(case.name, "", str(fault))
    except BaseException as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(frame.filename).name}:{frame.lineno}"
        return Tried(case.name, "", f"{type(error).__name__} at {place}: {str(error)[:200]}")
    return Tried(case.name, became, "" if became in case.right else f"it is {became}")


def command(*words: object) -> tuple[int, str, str]:
    """`entry_point` of `spatialvlm`."""
    return entry_point(cli.main, *words)


def entry_point(
    main: Callable[[list[str]], int], *words: object, quiet: bool = True
) -> tuple[int, str, str]:
    """Runs a command line: exit code, standard output, standard error.

    Args:
      quiet: a refusal is all that it says; else the last line of what it says.

    Raises:
      Fault: it ended with a traceback, or failed otherwise than with one line and code 2.
    """
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main([str(word) for word in words])
        except SystemExit as end:
            code = int(end.code or 0)
    said = err.getvalue()
    if "Traceback" in said:
        raise Fault(f"a traceback: {said.splitlines()[-1][:200]}")
    if code not in (0, 2):
        raise Fault(f"exit code {code}: {said[:200]}")
    if code == 2:
        check_line(said if quiet else said.strip().splitlines()[-1])
    return code, out.getvalue(), said


def check_line(said: str) -> None:
    """Raises Fault unless a refusal is one line of a length that people read."""
    lines = [line for line in said.splitlines() if line.strip()]
    if not lines or len(lines) > 1:
        raise Fault(f"a refusal of {len(lines)} lines: {said[:200]!r}")
    if len(lines[0]) > 1500:
        raise Fault(f"a refusal of {len(lines[0])} characters: {said[:200]!r}")


def rows(path: Path) -> list[dict[str, object]]:
    """Of a JSON Lines file; none where there is no file."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines()]


def written(out: Path) -> dict[str, str]:
    """SHA-256 of each file of a folder, or the size of a file of weights: headers have no order."""
    return {
        str(path.relative_to(out)): str(path.stat().st_size)
        if path.suffix == ".safetensors"
        else hashlib.sha256(path.read_bytes()).hexdigest()
        for path in out.rglob("*")
        if path.is_file()
    }


def stored_or_listed(code: int, out: Path, *, good: int, bad: int) -> str:
    """What became of `bad` hostile parts beside `good` harmless ones, in a stored set.

    Raises:
      Fault: something was lost silently, or the counts do not add up.
    """
    if code == 2:
        return REFUSED
    summary = json.loads((out / "summary.json").read_text())
    stored, lost = summary["stored"], summary["rejected"] + summary["failed"]
    if summary["asked"] != stored + lost:
        raise Fault(f"counts do not add up: {summary}")
    if lost != len(rows(out / "ledger.jsonl")):
        raise Fault(f"{lost} images lost, {len(rows(out / 'ledger.jsonl'))} listed")
    left_out = lost + len(rows(out / "rejected_questions.jsonl"))
    if stored < good and not left_out:
        raise Fault(f"stored {stored} of {good} harmless ones")
    return LISTED if left_out >= bad else READ
