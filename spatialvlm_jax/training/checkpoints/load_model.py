"""A trained model without what trained it: parameters of a checkpoint or of a weight file."""

import logging
import types
from collections.abc import Mapping
from pathlib import Path

import jax
import jax.numpy as jnp
import orbax.checkpoint as ocp
from jax.sharding import Mesh
from ml_collections import ConfigDict

from spatialvlm_jax.config import RUN_CONFIG, ConfigError, read_run_config, run_config
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.experiment import Experiment
from spatialvlm_jax.flags import is_whole_number
from spatialvlm_jax.models.quantize import stored_dtype
from spatialvlm_jax.models.vlm import VLM
from spatialvlm_jax.training.checkpoints.resume import describe_run, find_changes
from spatialvlm_jax.training.checkpoints.weight_file import places_of, restore_weight_file
from spatialvlm_jax.training.optim import is_frozen
from spatialvlm_jax.training.processes import multihost
from spatialvlm_jax.training.state import ModelTemplate, Parameters, model_template
from spatialvlm_jax.weights.checkpoint_folders import (
    CHECKPOINTS,
    checkpoint_damage,
    checkpoint_steps,
)
from spatialvlm_jax.weights.pieces import WeightsError
from spatialvlm_jax.weights.run_record import RunRecord
from spatialvlm_jax.weights.safetensor_files import SafetensorFiles
from spatialvlm_jax.weights.settings import CONTENT, RECORDED, describe_changes

_REMEDY = (
    "evaluate with the configuration that trained it, the workdir's where --config is left out"
)
_SHAPING = ("model.", "dense", "optim.freeze")


def find_run_config(workdir: Path, checkpoint: str) -> ConfigDict:
    """The configuration of the run whose weights are asked for.

    Args:
      workdir: the run's config.json there comes first.
      checkpoint: as of `restore_model`; the header of a weight file has the configuration, too.

    Raises:
      UserError: there is none, or it cannot be read.
    """
    path = workdir / RUN_CONFIG
    if path.is_file():
        return read_run_config(path)
    refusal = f"--config was left out, and {path} is not there"
    if checkpoint.endswith(".safetensors"):
        record = RunRecord.of(Path(checkpoint), SafetensorFiles(Path(checkpoint)).metadata)
        if record.experiment:
            return run_config(record.experiment, checkpoint)
        refusal += f", and {checkpoint} does not say what it was made of"
    raise ConfigError(f"{refusal}: name the --workdir of a run, or the configuration with --config")


def restore_model(
    experiment: Experiment,
    workdir: Path,
    checkpoint: str = "",
    mesh: Mesh | None = None,
    contents: Mapping[str, str] = types.MappingProxyType({}),
) -> tuple[VLM, int]:
    """The model, and the step that its weights are of (0 where a weight file does not say).

    Args:
      experiment: says what the model looks like.
      workdir: has the checkpoints.
      checkpoint: "" for the newest whole one, a step, or a path to `.safetensors`.
      mesh: where the parameters go; None: one device. All processes of the mesh take part.
      contents: digests of tokenizer and held-out data, by name, as the run recorded them.

    Raises:
      UserError: there are no such weights, they do not fit, or they were made with other contents.
    """
    template = model_template(experiment)
    places = places_of(template, mesh)
    if checkpoint.endswith(".safetensors"):
        try:
            return restore_weight_file(
                Path(checkpoint), template, experiment, places, contents=contents, remedy=_REMEDY
            )
        except WeightsError as error:
            raise UserError(f"--checkpoint: {error}") from error
    path = Path(
        multihost.broadcast_from_main(lambda: str(find_run_checkpoint(workdir, checkpoint)))
    )
    check_checkpoint(path, experiment, contents)
    return template.model(restore_parameters(path, template, experiment, places)), int(path.name)


def check_checkpoint(path: Path, experiment: Experiment, contents: Mapping[str, str]) -> None:
    """Refuses a checkpoint whose model would answer otherwise than it was trained to.

    Raises:
      UserError: model, pictures, prefix, tokenizer or held-out data differ, and which.
    """
    arguments = ocp.args.Composite(metadata=ocp.args.JsonRestore())
    saved = ocp.Checkpointer(ocp.CompositeCheckpointHandler()).restore(path, args=arguments)
    changes = {
        name: change
        for name, change in find_changes(saved.metadata, describe_run(experiment, contents)).items()
        if name.startswith(_SHAPING) or name in RECORDED or name.endswith(CONTENT)
    }
    if refusal := describe_changes(path, changes, experiment.checkpoint, remedy=_REMEDY):
        raise UserError(refusal)


def find_run_checkpoint(workdir: Path, step: str = "") -> Path:
    """The folder of a checkpoint that is whole: of `step`, or the newest if that is empty.

    Nothing is touched, so a run may be saving into the same folder.

    Raises:
      UserError: there is none.
    """
    folder = workdir / CHECKPOINTS
    if step and not is_whole_number(step):
        raise UserError(f"--checkpoint={step} is neither a step nor a path to .safetensors")
    if not folder.is_dir():
        raise UserError(f"{folder} does not exist; train first, or name weights with --checkpoint")
    steps = checkpoint_steps(folder)[::-1]
    if step and int(step) not in steps:
        raise UserError(f"{folder} has no step {step}; there are {steps or 'none'}")
    problems = []
    for number in [int(step)] if step else steps:
        problem = checkpoint_damage(folder / str(number))
        if problem is None:
            return folder / str(number)
        problems.append(f"step {number}: {problem}")
        logging.warning("checkpoint %s: %s; it is passed over", folder / str(number), problem)
    reasons = f" ({'; '.join(problems)})" if problems else ""
    raise UserError(f"{folder} has no whole checkpoint{reasons}; train again, or name another")


def restore_parameters(
    path: Path,
    template: ModelTemplate[VLM],
    experiment: Experiment,
    places: Mapping[str, jax.sharding.Sharding],
) -> Parameters:
    """The parameters of a checkpoint by name, at their places; their averages where there are."""
    frozen_dtype = jnp.dtype(experiment.model.compute_dtype)
    trained = "average" if experiment.train.average_decay else "trainable"
    target: dict[str, dict[str, jax.ShapeDtypeStruct]] = {trained: {}, "frozen": {}}
    for name, entry in template.shapes.items():
        frozen = is_frozen(name, experiment.optim)
        dtype = stored_dtype(name, entry.dtype, frozen_dtype) if frozen else entry.dtype
        target["frozen" if frozen else trained][name] = jax.ShapeDtypeStruct(
            entry.shape, dtype, sharding=places[name]
        )
    parameters_only = ocp.args.PyTreeRestore(
        item=target,
        restore_args=ocp.checkpoint_utils.construct_restore_args(target),
        partial_restore=True,
    )
    checkpointer = ocp.Checkpointer(ocp.PyTreeCheckpointHandler())
    restored = checkpointer.restore(path.absolute() / "state", args=parameters_only)
    return {**restored[trained], **restored["frozen"]}
