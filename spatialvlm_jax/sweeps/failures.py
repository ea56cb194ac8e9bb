"""Why a trial failed, in words, from what its program said last."""

import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from spatialvlm_jax.atomic_write import write_json
from spatialvlm_jax.errors import one_line
from spatialvlm_jax.foreign_files.json_files import read_object
from spatialvlm_jax.sweeps.record import FAILED, LOG

LINES = 20
_MEMORY = re.compile(r"RESOURCE_EXHAUSTED|[Oo]ut of memory|MemoryError|Cannot allocate memory")
_NOT_FINITE = re.compile(r"step (\d+): loss \S+.*gradient norm")
_KILLED = (-9, 137)
_TAIL_BYTES = 64 * 2**10


def record_failure(workdir: Path, words: Sequence[str], code: int) -> dict[str, Any]:
    """Keeps how a program ended, and returns it.

    Args:
      words: the command line that runs it alone. code: its exit code, negative for a signal.

    Returns:
      `cause` in a line, `code`, the last `lines`, and the `command`.
    """
    lines = last_lines(workdir / LOG)
    content = {
        "cause": name_cause(lines, code),
        "code": code,
        "lines": lines[-LINES:],
        "command": shlex.join(["python", *words]),
    }
    write_json(workdir / FAILED, content)
    return content


def read_failure(workdir: Path) -> dict[str, Any]:
    """What `record_failure` kept."""
    return read_object(workdir / FAILED, "how a trial failed")


def name_cause(lines: Sequence[str], code: int) -> str:
    """Out of memory, a loss that is not finite, or what was said last."""
    said = "\n".join(lines)
    if code in _KILLED:
        return "killed by the system, as it does when memory runs out: out of memory"
    if found := _MEMORY.search(said):
        return f"out of memory ({found[0]}): take a smaller data.batch_size"
    if found := _NOT_FINITE.search(said):
        return f"the loss was not finite at step {found[1]} (NaN): take a lower optim.peak_lr"
    return one_line(lines[-1]) if lines else f"ended with code {code}, and said nothing"


def last_lines(path: Path) -> list[str]:
    """The lines at the end of a file that say something; of a bar, its last state."""
    if not path.is_file():
        return []
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
        text = file.read().decode("utf-8", "replace")
    drawn = (line.rpartition("\r")[2].rstrip() for line in text.split("\n"))
    return [line for line in drawn if line.strip()]
