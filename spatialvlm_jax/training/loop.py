"""The training loop: step, record, save, evaluate, in this order."""

import dataclasses
import logging
import math
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np
from tqdm import tqdm

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.experiment import Experiment
from spatialvlm_jax.training import distributed
from spatialvlm_jax.training.checkpoint import Checkpoints
from spatialvlm_jax.training.freezing import StepFlops
from spatialvlm_jax.training.metrics import MetricsWriter
from spatialvlm_jax.training.rates import Meter
from spatialvlm_jax.training.signals import Interrupted, StopRequest
from spatialvlm_jax.training.state import TrainState
from spatialvlm_jax.training.step import Metrics

Evaluate = Callable[[TrainState], dict[str, float]]
SECONDS_BETWEEN_LINES = 10.0


class NonFiniteLossError(RuntimeError):
    """The loss or the gradient is NaN or infinite; the message names step and saved batch."""


@dataclasses.dataclass(frozen=True)
class Loop:
    """What the loop works with, fixed for the run.

    step: state and device batch to the next state and metrics.
    to_devices: host batch to device batch.
    metadata: kept with every checkpoint.
    evaluate: returns metrics by name; None leaves evaluation out.
    agreed: whether any process wants to stop, the same answer in all of them; asked once a step.
    flops: of a step, for MFU.
    """

    experiment: Experiment
    workdir: Path
    step: Callable[[TrainState, Any], tuple[TrainState, Metrics]]
    to_devices: Callable[[Any], Any]
    checkpoints: Checkpoints
    writer: MetricsWriter
    stop: StopRequest
    metadata: dict[str, Any]
    evaluate: Evaluate | None = None
    agreed: Callable[[bool], bool] = bool
    flops: StepFlops | None = None

    def run(self, state: TrainState, data: Iterator[Any]) -> TrainState:
        """Trains from `state.step` to the end, or until SIGTERM to any process.

        Returns:
          The last state, saved in either case.

        Raises:
          NonFiniteLossError: before anything bad is saved.
          UserError: the data ran out.
        """
        with self.stop.deferred():
            return self._run(state, data)

    def _run(self, state: TrainState, data: Iterator[Any]) -> TrainState:
        first, last = int(state.step), self.experiment.train.steps
        meter = Meter(self.experiment.data.batch_size, self.flops)
        recorder = _Recorder(self.writer, self.experiment, self.workdir, first, meter)
        saved = first
        try:
            self._evaluate(state, first)
            meter.restart()
            for step in range(first + 1, last + 1):
                if self.agreed(self.stop.requested):
                    break
                batch = self._next(data, step)
                if batch is None:
                    break
                state, metrics = self.step(state, self.to_devices(batch))
                recorder.add(step, metrics, batch)
                if step % self.experiment.checkpoint.every == 0 or step == last:
                    recorder.flush()
                    self.checkpoints.save(state, data, self.metadata)
                    saved = step
                if self._evaluate(state, step):
                    meter.restart()
        except Interrupted:
            logging.info("SIGTERM during evaluation, which will be done again")
        recorder.close()
        if int(state.step) != saved:
            self.checkpoints.save(state, data, self.metadata)
        self.checkpoints.wait()
        return state

    def _next(self, data: Iterator[Any], step: int) -> Any:
        """The next batch; None if a SIGTERM to all processes has ended the loader's workers."""
        try:
            return next(data)
        except StopIteration:
            raise UserError(f"the data ran out before step {step}; training repeats it") from None
        except Exception:
            if self.stop.requested:
                return None
            raise

    def _evaluate(self, state: TrainState, step: int) -> bool:
        """Evaluates where the schedule says so, once; a kill meanwhile repeats it on resuming.

        Returns:
          Whether it did.
        """
        schedule, last = self.experiment.eval, self.experiment.train.steps
        due = (
            schedule.at_start
            if step == 0
            else schedule.every and (step % schedule.every == 0 or step == last)
        )
        if self.evaluate is None or not due or step in self.writer.evaluated:
            return False
        with self.stop.droppable():
            values = self.evaluate(state)
        self.writer.write_evaluation(step, values)
        return True


class _Recorder:
    """Writes each step's row while the next step already runs, and watches for NaN."""

    def __init__(
        self,
        writer: MetricsWriter,
        experiment: Experiment,
        workdir: Path,
        first: int,
        meter: Meter,
    ) -> None:
        self.writer = writer
        self.every = experiment.train.log_every_steps
        self.datasets = [dataset.name for dataset in experiment.data.datasets]
        self.workdir = workdir
        self.pending: tuple[int, Metrics, Any] | None = None
        self.last_line = time.monotonic()
        self.meter = meter
        self.bar = tqdm(
            total=experiment.train.steps,
            initial=first,
            desc=experiment.name,
            unit="step",
            disable=None if distributed.leads() else True,
        )

    def add(self, step: int, metrics: Metrics, batch: Any) -> None:
        """Takes a step's metrics, still being computed, and writes the row of the step before."""
        self.flush_pending()
        self.pending = (step, metrics, batch)

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
        self.meter.add(batch)
        if logged:
            values |= self.meter.take()
        self.writer.write(step, values, board=logged)
        self.show(step, values)

    def show(self, step: int, values: dict[str, float]) -> None:
        """Moves the bar; where there is no terminal, prints a line now and then."""
        self.bar.update()
        if step % self.every and step != self.bar.total:
            return
        self.writer.flush()
        shown, now = {"loss": f"{values['loss']:.3f}"}, time.monotonic()
        if "pairs_per_second" in values:
            shown["pairs/s"] = f"{values['pairs_per_second']:.0f}"
        if "mfu" in values:
            shown["MFU"] = f"{100 * values['mfu']:.0f} %"
        self.bar.set_postfix(shown, refresh=False)
        due = now - self.last_line > SECONDS_BETWEEN_LINES or step == self.bar.total
        if self.bar.disable and due and distributed.leads():
            self.last_line = now
            figures = "  ".join(f"{name} {value}" for name, value in shown.items())
            print(f"step {step}/{self.bar.total}  {figures}", flush=True)

    def non_finite(self, step: int, values: dict[str, float], batch: Any) -> NonFiniteLossError:
        """Names the data sets whose loss is not finite; who has rows of them saves its batch.

        Loss and norm are sums over all devices: one bad number anywhere stops all processes here.
        """
        bad = [name for name in self.datasets if is_bad(name, values)]
        path = self.workdir / f"non_finite_step_{step}{distributed.suffix()}.npz"
        numbers = [self.datasets.index(name) for name in bad]
        kept = ""
        if not bad or np.isin(batch.dataset_ids[:, 0], numbers).any():
            leaves = jax.tree_util.tree_leaves_with_path(batch)
            np.savez(path, **{jax.tree_util.keystr(key).lstrip("."): leaf for key, leaf in leaves})
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
