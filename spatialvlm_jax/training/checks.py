"""What must hold before a run does anything that takes long."""

import dataclasses
from pathlib import Path

from spatialvlm_jax.experiment import Experiment
from spatialvlm_jax.training.checkpoints.resume import flatten
from spatialvlm_jax.training.logging.sinks import check_sinks
from spatialvlm_jax.training.processes import multihost
from spatialvlm_jax.weights.files import open_weights
from spatialvlm_jax.weights.load import sources_of


def check_run(experiment: Experiment, workdir: Path) -> None:
    """Makes the workdir.

    Raises:
      UserError: processes have other settings or see other folders, or a package is missing, or
        weights to begin with that cannot be read.
    """
    multihost.check_same_settings(dict(flatten(dataclasses.asdict(experiment))))
    multihost.check_shared_folder(workdir)
    check_sinks(experiment)
    if not was_begun(workdir):
        for path in sources_of(experiment.train).values():
            open_weights(path)


def was_begun(workdir: Path) -> bool:
    """Whether a run has saved into its workdir, wholly or not."""
    return any((workdir / "checkpoints").glob("[0-9]*"))
