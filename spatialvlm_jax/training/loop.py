"""The training loop: step, record, save, evaluate, in this order."""

import dataclasses
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jax

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.experiment import Experiment
from spatialvlm_jax.training.checkpoints.checkpoint import Checkpoints
from spatialvlm_jax.training.logging.metrics_file import MetricsWriter
from spatialvlm_jax.training.logging.profiler import Tracer
from spatialvlm_jax.training.logging.recorder import Recorder
from spatialvlm_jax.training.logging.throughput import Meter
from spatialvlm_jax.training.parameter_report import StepFlops
from spatialvlm_jax.training.processes.signals import Interrupted, StopRequest
from spatialvlm_jax.training.state import TrainState
from spatialvlm_jax.training.step import Metrics

Evaluate = Callable[[TrainState], dict[str, float]]


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
        meter = Meter(self.flops)
        recorder = Recorder(self.writer, self.experiment, self.workdir, first, meter)
        saved = first
        try:
            self._evaluate(state, first)
            meter.restart()
            with Tracer(self.workdir, self.experiment.train.profile_steps, first) as tracer:
                for step in range(first + 1, last + 1):
                    if self.agreed(self.stop.requested):
                        break
                    tracer.before(step, state)
                    with meter.waiting():
                        batch = self._next(data, step)
                        if batch is None:
                            break
                        on_devices = self.to_devices(batch)
                    with jax.profiler.StepTraceAnnotation("train", step_num=step):
                        state, metrics = self.step(state, on_devices)
                    traced = tracer.after(step, state)
                    recorder.add(step, metrics, batch)
                    if step % self.experiment.checkpoint.every == 0 or step == last:
                        recorder.flush()
                        self.checkpoints.save(state, data, self.metadata)
                        saved = step
                    if self._evaluate(state, step) or traced:
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
