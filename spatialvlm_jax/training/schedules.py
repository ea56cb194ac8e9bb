"""When a run saves and evaluates."""

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.experiment import Experiment
from spatialvlm_jax.training.checkpoints.checkpoint import Checkpoints
from spatialvlm_jax.training.checkpoints.resume import describe_run, resume
from spatialvlm_jax.training.logging.metrics_file import MetricsWriter
from spatialvlm_jax.training.logging.recorder import Recorder
from spatialvlm_jax.training.processes import multihost
from spatialvlm_jax.training.state import TrainState


@dataclasses.dataclass
class Saves:
    """Saves every so many steps and at the end, no step twice, and not before its rows.

    data: iterator whose position is saved. metadata: kept with every checkpoint.
    saved: the newest step on disk, or on its way there.
    """

    experiment: Experiment
    checkpoints: Checkpoints
    data: Any
    metadata: dict[str, Any]
    saved: int = 0

    @classmethod
    def of(
        cls, experiment: Experiment, workdir: Path, data: Any, contents: Mapping[str, str]
    ) -> "Saves":
        """Into a workdir, with the digests of what the run reads."""
        checkpoints = Checkpoints(workdir / "checkpoints", experiment.checkpoint.keep)
        return cls(experiment, checkpoints, data, describe_run(experiment, contents))

    def resume(self, abstract_state: TrainState) -> TrainState | None:
        """The newest whole state, told, with the data moved along; None if there is none.

        Raises:
          UserError: it is of a run that differs in what may not change, or past its last step.
        """
        settings = self.experiment.checkpoint
        with multihost.waiting_once("restoring the newest checkpoint", "restored it"):
            state = resume(self.checkpoints, abstract_state, self.data, self.metadata, settings)
        if state:
            self.saved = int(state.step)
            if self.saved > self.experiment.train.steps:
                raise UserError(
                    f"{self.checkpoints.folder} has step {self.saved}, which is beyond "
                    f"train.steps={self.experiment.train.steps}: set that to more, or train in "
                    "another --workdir"
                )
            multihost.print_once(f"going on from step {self.saved}")
        return state

    def when_due(self, step: int, state: TrainState, log: Recorder) -> None:
        """Starts saving after `step`, if the schedule says so."""
        if step % self.experiment.checkpoint.every == 0 or step == self.experiment.train.steps:
            log.flush()
            self._save(step, state)

    def finish(self, state: TrainState, log: Recorder) -> None:
        """Closes the log; returns once the last state is whole on disk."""
        log.close()
        with multihost.waiting_once("saving the last step", "saved the last step"):
            if int(state.step) != self.saved:
                self._save(int(state.step), state)
            self.checkpoints.close()

    def _save(self, step: int, state: TrainState) -> None:
        self.checkpoints.save(state, self.data, self.metadata)
        self.saved = step


@dataclasses.dataclass(frozen=True)
class Evaluations:
    """Evaluates where the schedule says so, once; what a kill cut off is made up for on resuming.

    evaluate: gives metrics by name.
    """

    experiment: Experiment
    writer: MetricsWriter
    evaluate: Callable[[TrainState], dict[str, float]]

    def when_due(self, step: int, state: TrainState) -> bool:
        """Evaluates the state after `step`, if it is time.

        Returns:
          Whether it did.
        """
        schedule, last = self.experiment.eval, self.experiment.train.steps
        due = (
            schedule.at_start
            if step == 0
            else schedule.every and (step % schedule.every == 0 or step == last)
        )
        if not due or step in self.writer.evaluated:
            return False
        self.writer.write_evaluation(step, self.evaluate(state))
        return True
