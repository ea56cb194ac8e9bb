"""The weights that a run begins with."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import jax

from spatialvlm_jax.atomic_write import write_json
from spatialvlm_jax.experiment import Experiment
from spatialvlm_jax.training.initialise import Pretrained
from spatialvlm_jax.training.processes import multihost
from spatialvlm_jax.weights.load import check_beginning, load_weights, sources_of


def pretrained(
    experiment: Experiment, workdir: Path, contents: Mapping[str, str]
) -> Pretrained | None:
    """Loads the weights that an experiment begins with, and leaves a manifest in the workdir.

    Args:
      contents: digests of what the run reads, by name.

    Raises:
      UserError: it names a shipped checkpoint that there is not.
    """
    sources = sources_of(experiment.train)
    if not sources:
        return None

    def load(parameters: Mapping[str, jax.ShapeDtypeStruct]) -> Mapping[str, jax.Array]:
        check_beginning(experiment, contents)
        arrays, manifest = load_weights(sources, experiment.model, parameters, begins=True)
        multihost.print_once(manifest.summary())
        if multihost.is_main_process():
            write_json(workdir / "weights.json", dataclasses.asdict(manifest))
        return arrays

    return load
