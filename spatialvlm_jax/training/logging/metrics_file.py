"""Where numbers go: metrics.jsonl (one row a step, to the bit), and some of them elsewhere too."""

import json
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from spatialvlm_jax.atomic_write import write_json_lines
from spatialvlm_jax.experiment import Experiment
from spatialvlm_jax.metrics_rows import FILE, read_rows
from spatialvlm_jax.training.logging.sinks import Sink, open_sinks
from spatialvlm_jax.training.processes import multihost

EVAL_PREFIX = "eval/"
SHARE_PREFIX, REQUESTED_PREFIX = "share/", "requested_share/"
# Values that depend on the machine and its load; all others are the same in every run of a command.
MEASURED = frozenset(
    (
        "step_seconds",
        "images_per_second",
        "pairs_per_second",
        "tokens_per_second",
        "mfu",
        "data_wait_share",
        "device_memory_gigabytes",
        "device_memory_peak_gigabytes",
    )
)


class MetricsWriter:
    """Appends rows; a resumed run first drops what was written after its checkpoint.

    Of several processes the first one writes; all know what is on record.
    """

    def __init__(self, workdir: Path, resume_step: int, sinks: Sequence[Sink] = ()) -> None:
        """Keeps rows up to and including `resume_step`, and opens the file.

        `evaluated` holds the steps whose evaluation is on record; `has_shares` says whether the
        requested shares are.

        Args:
          workdir: where metrics.jsonl is.
          resume_step: of the checkpoint, 0 for none.
          sinks: take some of the rows too, and are closed with this.
        """
        self.path = workdir / FILE
        rows = truncate(self.path, resume_step) if multihost.is_main_process() else []
        evaluated = sorted({row["step"] for row in rows if _has(row, EVAL_PREFIX)})
        self.evaluated = set(multihost.broadcast_from_main(lambda: evaluated))
        self.has_shares = any(_has(row, REQUESTED_PREFIX) for row in rows)
        writes = multihost.is_main_process()
        self._file = open(self.path if writes else os.devnull, "a", encoding="utf-8")  # noqa: SIM115
        self._sinks = sinks

    def write(self, step: int, values: Mapping[str, float], *, everywhere: bool = True) -> None:
        """Adds one row; values that are NaN (a data set absent from the batch) are left out.

        Args:
          step: that it is about.
          values: by name.
          everywhere: hand it to the sinks too.
        """
        known = {name: value for name, value in values.items() if not math.isnan(value)}
        self._file.write(json.dumps({"step": step, **known}) + "\n")
        for sink in self._sinks if everywhere else ():
            sink.write(step, known)

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
        for sink in self._sinks:
            sink.flush()

    def close(self) -> None:
        """Flushes and closes."""
        self._file.close()
        for sink in self._sinks:
            sink.close()


def open_metrics(
    experiment: Experiment, workdir: Path, done: int, requested: Mapping[str, float]
) -> MetricsWriter:
    """What takes the run's rows after step `done`; the mixture is said and on record.

    Args:
      requested: share of the tokens with loss that each data set is to have, by name.

    Raises:
      UserError: rows cannot go where they should.
    """
    writer = MetricsWriter(workdir, done, open_sinks(experiment, workdir, done))
    writer.write_requested_shares(requested)
    asked = "requested" if experiment.data.unit == "loss_tokens" else "expected of its examples"
    multihost.print_once(describe_shares(requested, f"{asked}, of loss_tokens"))
    return writer


def close_metrics(writer: MetricsWriter) -> None:
    """Closes the files; says what share of the loss tokens each data set had."""
    writer.close()
    multihost.print_once(describe_shares(realised_shares(writer.path), "realised, of loss_tokens"))


def describe_shares(shares: Mapping[str, float], what: str) -> str:
    """One line about a mixture: "mixture (requested, of loss_tokens): spatial 5.0 %, ..."."""
    each = ", ".join(f"{name} {100 * share:.1f} %" for name, share in shares.items())
    return f"mixture ({what}): {each or 'nothing'}"


def truncate(path: Path, last_step: int) -> list[dict[str, Any]]:
    """Drops rows after `last_step` and a torn last line, in one atomic replacement.

    Returns:
      The rows that stay.
    """
    if not path.exists():
        return []
    rows = [row for row in read_rows(path) if row["step"] <= last_step]
    write_json_lines(path, rows)
    return rows


def reproducible(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row without what depends on the machine: the same whether or not a run was killed."""
    return {name: value for name, value in row.items() if name not in MEASURED}


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
