"""What must hold before a run does anything that takes long."""

import dataclasses
from pathlib import Path

from spatialvlm_jax.experiment import Experiment
from spatialvlm_jax.training.checkpoints.resume import flatten
from spatialvlm_jax.training.logging.sinks import check_sinks
from spatialvlm_jax.training.processes import multihost


def check_run(experiment: Experiment, workdir: Path) -> None:
    """Makes the workdir.

    Raises:
      UserError: processes have other settings or see other folders, or a package is missing.
    """
    multihost.check_same_settings(dict(flatten(dataclasses.asdict(experiment))))
    multihost.check_shared_folder(workdir)
    check_sinks(experiment)
