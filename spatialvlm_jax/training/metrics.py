"""Where numbers go: metrics.jsonl (one row a step, to the bit) and TensorBoard."""

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tensorboardX import SummaryWriter

from spatialvlm_jax.training import distributed

FILE = "metrics.jsonl"
EVAL_PREFIX = "eval/"
SHARE_PREFIX, REQUESTED_PREFIX = "share/", "requested_share/"


class MetricsWriter:
    """Appends rows; a resumed run first drops what was written after its checkpoint.

    Of several processes the first one writes; all know what is on record.
    """

    def __init__(self, workdir: Path, resume_step: int) -> None:
        """Keeps rows up to and including `resume_step`, and opens both files.

        `evaluated` holds the steps whose evaluation is on record; `has_shares` says whether the
        requested shares are.
        """
        self.path = workdir / FILE
        rows = truncate(self.path, resume_step) if distributed.leads() else []
        evaluated = sorted({row["step"] for row in rows if _has(row, EVAL_PREFIX)})
        self.evaluated = set(distributed.from_first(lambda: evaluated))
        self.has_shares = any(_has(row, REQUESTED_PREFIX) for row in rows)
        leads = distributed.leads()
        self._file = open(self.path if leads else os.devnull, "a", encoding="utf-8")  # noqa: SIM115
        self._board = SummaryWriter(
            str(workdir / "tensorboard"), purge_step=resume_step + 1, write_to_disk=leads
        )

    def write(self, step: int, values: Mapping[str, float], *, board: bool = True) -> None:
        """Adds one row; values that are NaN (a data set absent from the batch) are left out."""
        known = {name: value for name, value in values.items() if not math.isnan(value)}
        self._file.write(json.dumps({"step": step, **known}) + "\n")
        if board:
            for name, value in known.items():
                self._board.add_scalar(name, value, step)

    def write_evaluation(self, step: int, values: Mapping[str, float]) -> None:
        """Adds an evaluation's row, its names prefixed "eval/", and hands it to the system."""
        self.write(step, {EVAL_PREFIX + name: value for name, value in values.items()})
        self.evaluated.add(step)
        self.flush()

    def write_requested_shares(self, shares: Mapping[str, float]) -> None:
        """Adds what share of each data set was asked for, as a row of step 0, once a run."""
        if not self.has_shares:
            self.write(0, {REQUESTED_PREFIX + name: share for name, share in shares.items()})
            self.has_shares = True

    def flush(self) -> None:
        """Hands everything to the operating system: a kill afterwards loses none of it."""
        self._file.flush()
        self._board.flush()

    def close(self) -> None:
        """Flushes and closes."""
        self._file.close()
        self._board.close()


def truncate(path: Path, last_step: int) -> list[dict[str, Any]]:
    """Drops rows after `last_step` and a torn last line, in one atomic replacement.

    Returns:
      The rows that stay.
    """
    if not path.exists():
        return []
    rows = [row for row in read_rows(path) if row["step"] <= last_step]
    partial = path.with_name(path.name + ".partial")
    partial.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    os.replace(partial, path)
    return rows


def read_rows(path: Path) -> list[dict[str, Any]]:
    """All rows of a metrics file; a line torn by a kill is passed over."""
    rows = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict) and isinstance(row.get("step"), int):
            rows.append(row)
    return rows


def realised_shares(path: Path) -> dict[str, float]:
    """The mean over all steps on record of the share of loss tokens, by data set.

    Returns:
      In the order in which they were requested; empty if there is no step yet.
    """
    rows = read_rows(path)
    steps = [row for row in rows if _has(row, SHARE_PREFIX)]
    asked = [name for row in rows for name in row if name.startswith(REQUESTED_PREFIX)]
    names = [name.removeprefix(REQUESTED_PREFIX) for name in asked] if steps else []
    return {
        name: sum(row.get(SHARE_PREFIX + name, 0.0) for row in steps) / len(steps) for name in names
    }


def _has(row: Mapping[str, Any], prefix: str) -> bool:
    return any(name.startswith(prefix) for name in row)
