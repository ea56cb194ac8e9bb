"""What is said and written about each step of a run."""

import math
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np
from tqdm import tqdm

from spatialvlm_jax.atomic_write import whole_file
from spatialvlm_jax.experiment import Experiment
from spatialvlm_jax.training.fingerprints import record_batch
from spatialvlm_jax.training.logging import throughput
from spatialvlm_jax.training.logging.metrics_file import MetricsWriter
from spatialvlm_jax.training.processes import multihost
from spatialvlm_jax.training.step import Metrics

SECONDS_BETWEEN_LINES = 10.0
SLOW_LOADER_SHARE = 0.2  # of the time; who waits less for data gains little by more workers


class NonFiniteLossError(RuntimeError):
    """The loss or the gradient is NaN or infinite; the message names step and saved batch."""


class Recorder:
    """Writes each step's row while the next step already runs, and watches for NaN."""

    def __init__(
        self,
        writer: MetricsWriter,
        experiment: Experiment,
        workdir: Path,
        first: int,
        meter: throughput.Meter,
    ) -> None:
        self.writer, self.experiment = writer, experiment
        self.every = experiment.train.log_every_steps
        self.data = experiment.data
        self.datasets = [dataset.name for dataset in experiment.data.datasets]
        self.workdir = workdir
        self.pending: tuple[int, Metrics, Any] | None = None
        self.last_line = time.monotonic()
        self.meter = meter
        self.hinted = False
        self.bar = tqdm(
            total=experiment.train.steps,
            initial=first,
            desc=experiment.name,
            unit="step",
            disable=None if multihost.is_main_process() else True,
        )

    def add(self, step: int, metrics: Metrics, batch: Any) -> None:
        """Takes a step's metrics, still being computed, and writes the row of the step before."""
        self.flush_pending()
        self.pending = (step, metrics, batch)
        record_batch(self.workdir, step, self.experiment.train.steps, batch)

    def flush(self) -> None:
        """Writes every row so far to the file."""
        self.flush_pending()
        self.writer.flush()

    def flush_pending(self) -> None:
        if self.pending is None:
            return
        (step, metrics, batch), self.pending = self.pending, None
        values = {name: float(value) for name, value in jax.device_get(metrics).items()}
        if not (math.isfinite(values["loss"]) and math.isfinite(values["grad_norm"])):
            self.writer.flush()
            raise self.non_finite(step, values, batch)
        logged = step % self.every == 0
        counts = throughput.count_step(batch, self.data.batch_size)
        values |= throughput.row_fill(counts)
        self.meter.add(counts)
        if logged:
            values |= self.meter.take()
        self.writer.write(step, values, everywhere=logged)
        self.show(step, values)

    def show(self, step: int, values: Mapping[str, float]) -> None:
        """Moves the bar; where there is no terminal, prints a line now and then."""
        self.bar.update()
        if step % self.every and step != self.bar.total:
            return
        self.writer.flush()
        shown, now = figures(values), time.monotonic()
        self.bar.set_postfix(shown, refresh=False)
        due = now - self.last_line > SECONDS_BETWEEN_LINES or step == self.bar.total
        if self.bar.disable and due and multihost.is_main_process():
            self.last_line = now
            line = "  ".join(f"{name} {value}" for name, value in shown.items())
            print(f"step {step}/{self.bar.total}  {line}", flush=True)
        share = values.get("data_wait_share", 0.0)
        if share > SLOW_LOADER_SHARE and not self.hinted and multihost.is_main_process():
            self.hinted = True
            self.bar.write(loader_hint(share, self.data.workers, os.cpu_count() or 1))

    def non_finite(self, step: int, values: dict[str, float], batch: Any) -> NonFiniteLossError:
        """Names the data sets whose loss is not finite; who has rows of them saves its batch.

        Loss and norm are sums over all devices: one bad number anywhere stops all processes here.
        """
        bad = [name for name in self.datasets if is_bad(name, values)]
        path = self.workdir / f"non_finite_step_{step}{multihost.file_suffix()}.npz"
        numbers = [self.datasets.index(name) for name in bad]
        kept = ""
        if not bad or np.isin(batch.dataset_ids[:, 0], numbers).any():
            leaves = jax.tree_util.tree_leaves_with_path(batch)
            arrays = {jax.tree_util.keystr(key).lstrip("."): leaf for key, leaf in leaves}
            with whole_file(path) as temporary, temporary.open("wb") as file:
                np.savez(file, **arrays)
            kept = f"; its batch is in {path}"
        of = f" ({', '.join(bad)})" if bad else ""
        return NonFiniteLossError(
            f"step {step}: loss {values['loss']}{of}, gradient norm {values['grad_norm']}{kept}. "
            "Start again with a lower optim.peak_lr or a smaller optim.clip_norm"
        )

    def close(self) -> None:
        self.flush()
        self.bar.close()


def is_bad(dataset: str, values: Mapping[str, float]) -> bool:
    """Whether a data set has loss tokens in a step, but no finite loss (it is NaN without any)."""
    there = values.get(f"share/{dataset}", 0.0) > 0
    return there and not math.isfinite(values.get(f"loss/{dataset}", 0.0))


def figures(values: Mapping[str, float]) -> dict[str, str]:
    """What the progress line shows of a row."""
    shown = {"loss": f"{values['loss']:.3f}"}
    if "pairs_per_second" in values:
        shown["pairs/s"] = f"{values['pairs_per_second']:.0f}"
    if "mfu" in values:
        shown["MFU"] = f"{100 * values['mfu']:.0f} %"
    if values.get("data_wait_share", 0.0) > SLOW_LOADER_SHARE:
        shown["waiting for data"] = f"{100 * values['data_wait_share']:.0f} %"
    return shown


def loader_hint(share: float, workers: int, cores: int) -> str:
    """What to do about a loader that steps wait for.

    Args:
      share: of the time that goes into waiting.
      workers: `data.workers`, processes that load.
      cores: of this machine.
    """
    found = (
        f"the loader is the bottleneck: {100 * share:.0f} % of the time goes into waiting for it"
    )
    more = min(max(1, 2 * workers), cores)
    if more > workers:
        return f"{found}; try --config.data.workers={more} (it is {workers})"
    return (
        f"{found}, and data.workers={workers} keeps all {cores} cores busy; it needs more of them"
    )
