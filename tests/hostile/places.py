"""Folders and disks that refuse: what was written stays whole, and the same command goes on.

A full disk is a limit on the size of files, which the system enforces in the same place and reports
in the same way.
"""

import contextlib
import json
import resource
import signal
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from spatialvlm_jax.models.checkpoint_file import shipped
from tests.hostile.attempt import READ, REFUSED, Case, Fault, command, written
from tests.hostile.files import GOOD, RECORD

# The words of a command that writes to OUT, given a folder to put its inputs in.
Words = Callable[[Path, Path], tuple[object, ...]]


def _generate(inputs: Path, out: Path) -> tuple[object, ...]:
    sizes = ("--images=6", "--validation-images=2", "--image-size=64", "--preset=clear")
    return ("generate", f"--out={out}", *sizes, "--quiet")


def _convert(inputs: Path, out: Path) -> tuple[object, ...]:
    if not (inputs / "q.jsonl").exists():
        (inputs / "good.jpg").write_bytes(GOOD)
        (inputs / "q.jsonl").write_text(json.dumps(RECORD))
    given = (f"--questions={inputs}/q.jsonl", f"--images={inputs}")
    return ("convert", "--format=jsonl", f"--out={out}", *given, "--quiet")


def _export(inputs: Path, out: Path) -> tuple[object, ...]:
    return ("export", shipped("small"), out / "small.safetensors")


COMMANDS: dict[str, Words] = {"generate": _generate, "convert": _convert, "export": _export}


@contextlib.contextmanager
def room(size: int) -> Iterator[None]:
    """No file may become longer than this."""
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


def _full(words: Words, size: int, folder: Path) -> str:
    """Without room, then with it: as if there had been room at once."""
    (folder / "in").mkdir()
    whole, out = folder / "whole" / "set", folder / "cut" / "set"
    command(*words(folder / "in", whole))
    again = words(folder / "in", out)
    with room(size):
        code, _, said = command(*again)
    if code != 2:
        return READ
    if "make room" not in said:
        raise Fault(f"the remedy is not told: {said}")
    if left := [path.name for path in folder.rglob("*incomplete*")]:
        raise Fault(f"left behind: {left}")
    if command(*again)[0] != 0:
        raise Fault("it does not go on once there is room")
    if written(out) != written(whole):
        changed = dict(written(out).items() ^ written(whole).items())
        raise Fault(f"not as with room at once: {', '.join(sorted(changed))}")
    return REFUSED


def _refusing(words: Words, place: str, folder: Path) -> str:
    """An output below a place that cannot hold it; a harmless file beside stays as it is."""
    (folder / "in").mkdir()
    (folder / "file").write_text("mine")
    (folder / "link").symlink_to("nowhere/else")
    out = Path(place) if place.startswith("/") else folder / place
    code, _, _ = command(*words(folder / "in", out))
    if (folder / "file").read_text() != "mine":
        raise Fault("a file was written over")
    return REFUSED if code == 2 else READ


PLACES = {
    "below a file": "file/out",
    "a name too long": "x" * 300,
    "a path too long": "/".join(["x" * 200] * 30),
    "a file system that takes no files": "/proc/out/a",
    "a device": "/dev/full",
    "below a device": "/dev/null/out",
}


def places() -> Iterator[Case]:
    """Where to write, for each command that writes."""
    for name, words in COMMANDS.items():
        for what, place in PLACES.items():
            yield Case(f"{name}, {what}", partial(_refusing, words, place), (REFUSED,))
        for size in (0, 200, 4_000, 60_000):
            what = f"{name}, no file over {size} bytes"
            yield Case(what, partial(_full, words, size), (REFUSED, READ) if size else (REFUSED,))
    for name in ("generate", "convert"):
        yield Case(f"{name}, a file", partial(_refusing, COMMANDS[name], "file"), (REFUSED,))
