"""A trial as TensorBoard's tab "HParams" shows it: what its arm changes, beside its figures.

tensorboard --logdir runs/rates/trials
"""

from tensorboardX import SummaryWriter
from tensorboardX.summary import hparams

from spatialvlm_jax.evaluation.report.results import TITLES
from spatialvlm_jax.foreign_files.json_files import read_object
from spatialvlm_jax.sweeps.record import Trial

_PREFIX = "hparam/"  # apart from the scalars of evaluations during training


def write_hparams(trial: Trial) -> None:
    """Adds arm, seed, changes and figures of a trial to the events that its training wrote.

    Raises:
      UserError: its evaluation left no figures that can be read.
    """
    summary = read_object(trial.workdir / "summary.json", "figures of an evaluation")
    found = {name: summary[name]["value"] for name in TITLES if name in summary}
    figures = {_PREFIX + name: value for name, value in found.items() if value is not None}
    settings = {"arm": trial.arm.name, "seed": trial.seed, **_changes(trial)}
    with SummaryWriter(str(trial.workdir / "tensorboard")) as writer:
        for part in hparams(settings, figures):
            writer.file_writer.add_summary(part)
        for name, value in figures.items():
            writer.add_scalar(name, value, trial.arm.steps)


def _changes(trial: Trial) -> dict[str, str | float]:
    """Fields and their values; numbers as such, so that they have an axis of their own."""
    words = (word.removeprefix("config.").partition("=") for word in trial.arm.changes)
    return {field: _number_or_text(value) for field, _, value in words}


def _number_or_text(text: str) -> str | float:
    try:
        return float(text)
    except ValueError:
        return text
