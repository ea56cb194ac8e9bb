"""Where rows go beside metrics.jsonl, which is the record: TensorBoard, Weights & Biases."""

import dataclasses
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from tensorboardX import SummaryWriter

from spatialvlm_jax.atomic_write import write_text
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.experiment import Experiment
from spatialvlm_jax.training.processes import multihost

RUN_ID_FILE = "wandb_run_id.txt"


class Sink(Protocol):
    """Takes rows; no value in them is NaN."""

    def write(self, step: int, values: Mapping[str, float]) -> None: ...

    def flush(self) -> None: ...

    def close(self) -> None: ...


class TensorBoard:
    """Scalars by step; a resumed run hides what was written after its checkpoint."""

    def __init__(self, folder: Path, resume_step: int) -> None:
        self._writer = SummaryWriter(str(folder), purge_step=resume_step + 1)

    def write(self, step: int, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)

    def flush(self) -> None:
        self._writer.flush()

    def close(self) -> None:
        self._writer.close()


class WeightsAndBiases:
    """A run of Weights & Biases; a resumed training goes on in the same one.

    Steps that it has already are not sent again. WANDB_MODE, WANDB_ENTITY and the like count.
    """

    def __init__(self, experiment: Experiment, workdir: Path) -> None:
        """Starts or resumes the run, whose id is kept in the workdir.

        Raises:
          UserError: `wandb` is not installed, or cannot start, as without a login.
        """
        wandb = import_wandb()
        try:
            self._run = wandb.init(
                project=experiment.train.wandb_project,
                name=experiment.name,
                id=_run_id(workdir / RUN_ID_FILE),
                resume="allow",
                dir=str(workdir),
                config=dataclasses.asdict(experiment),
            )
        except wandb.Error as error:
            raise UserError(
                f"Weights & Biases: {error}; run `wandb login`, or set WANDB_MODE=offline and "
                "`wandb sync` later"
            ) from error

    def write(self, step: int, values: Mapping[str, float]) -> None:
        if step >= self._run.step:
            self._run.log(dict(values), step=step)

    def flush(self) -> None:
        """Nothing: a process of its own does the sending."""

    def close(self) -> None:
        self._run.finish()


def import_wandb() -> Any:
    """The package `wandb`.

    Raises:
      UserError: it is not installed.
    """
    try:
        import wandb
    except ImportError:
        raise UserError(
            "train.wandb_project needs the package wandb: run `make setup-wandb`, or "
            'set --config.train.wandb_project=""'
        ) from None
    return wandb


def check_sinks(experiment: Experiment) -> None:
    """Raises UserError, before anything long, where a package that process 0 needs is missing."""
    if experiment.train.wandb_project:
        multihost.broadcast_from_main(lambda: bool(import_wandb()))


def open_sinks(experiment: Experiment, workdir: Path, resume_step: int) -> tuple[Sink, ...]:
    """Those that an experiment asks for; none but on process 0.

    Raises:
      UserError: one cannot be opened, on any process.
    """
    with multihost.raise_on_all():
        if not multihost.is_main_process():
            return ()
        sinks: tuple[Sink, ...] = (TensorBoard(workdir / "tensorboard", resume_step),)
        if experiment.train.wandb_project:
            sinks += (WeightsAndBiases(experiment, workdir),)
        return sinks


def _run_id(path: Path) -> str:
    """The id in the file, which is made with a new one if it is missing."""
    known = path.read_text(encoding="utf-8").strip() if path.exists() else ""
    if not known:
        known = uuid.uuid4().hex[:12]
        write_text(path, known + "\n")
    return known
