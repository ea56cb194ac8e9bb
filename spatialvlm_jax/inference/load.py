"""From a place to a model that can be asked."""

import dataclasses
import logging
import math
import os
from pathlib import Path

import jax
import jax.numpy as jnp

from spatialvlm_jax.config import RUN_CONFIG, from_config_dict, read_run_config, run_config
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.experiment import Experiment
from spatialvlm_jax.inference.loaded_model import LoadedModel
from spatialvlm_jax.inference.spatial_answer import NEVER
from spatialvlm_jax.inputs.tokenizer import load_tokenizer
from spatialvlm_jax.models.checkpoint_file import shipped
from spatialvlm_jax.models.quantize import stored_dtype
from spatialvlm_jax.training.checkpoints.weight_file import places_of, restore_weight_file
from spatialvlm_jax.training.provenance import use_compilation_cache
from spatialvlm_jax.training.state import model_template
from spatialvlm_jax.weights.files import open_weights
from spatialvlm_jax.weights.folder_config import is_paligemma_folder, read_folder
from spatialvlm_jax.weights.load import load_weights
from spatialvlm_jax.weights.pieces import WeightsError
from spatialvlm_jax.weights.run_record import RunRecord
from spatialvlm_jax.weights.safetensor_files import SafetensorFiles
from spatialvlm_jax.weights.settings import LEAST_SEEN, SPREAD, TEMPERATURE, TOKENIZER

_WEIGHTS = "model.safetensors"
# What tells places.
_PLACES = {
    f"dense_head/{name}" for name in ("mention_norm/scale", "mentions/kernel", "mentions/bias")
}


def load_to_ask(
    where: str | os.PathLike[str],
    tokenizer: str = "",
    untaught: bool = False,
    unseen: bool = False,
) -> LoadedModel:
    """A model by the name of a shipped checkpoint, a run's workdir, its weights, or a folder.

    Compiled programs are kept where training keeps them, unless JAX was told of another place.

    Args:
      where: "small128", "small" (of 64-pixel pictures), a workdir (its newest whole checkpoint,
        else its model.safetensors), a weight file of ours, or the folder of a Hugging Face
        PaliGemma with its `tokenizer.model`.
      tokenizer: the SentencePiece model that the weights were trained with, where it is not where
        it was.
      untaught: answer also what it says that it was not taught, with a note.
      unseen: answer also about what it holds not to be in the picture.

    Raises:
      UserError: there is nothing, it is damaged, does not say what model it is, or its tokenizer
        is not there.
    """
    if jax.config.values["jax_compilation_cache_dir"] is None:
        use_compilation_cache()
    model = _load(_find(os.fspath(where)), tokenizer)
    least_seen = None if unseen else model.least_seen
    return dataclasses.replace(model, untaught=untaught, least_seen=least_seen)


def _load(path: Path, tokenizer: str) -> LoadedModel:
    if path.is_dir() and is_paligemma_folder(path):
        return _load_folder(path, tokenizer)
    if path.is_dir():
        if not (path / RUN_CONFIG).is_file():
            raise UserError(
                f"{path} is neither a run's workdir nor a PaliGemma's folder: it has no "
                f"{RUN_CONFIG}"
            )
        experiment = from_config_dict(Experiment, read_run_config(path / RUN_CONFIG))
        has_checkpoints = (path / "checkpoints").is_dir()
        return _load_own(
            path, "" if has_checkpoints else str(path / _WEIGHTS), experiment, tokenizer
        )
    record = RunRecord.of(path, SafetensorFiles(path).metadata)
    if not record.experiment:
        raise UserError(f"{path} does not say what model it is of: name the workdir of its run")
    experiment = from_config_dict(Experiment, run_config(record.experiment, str(path)))
    return _load_own(path.parent, str(path), experiment, tokenizer)


def _find(where: str) -> Path:
    """The path that is meant.

    Raises:
      UserError: there is none, or it is an address.
    """
    if "://" in where:
        raise UserError(f"{where}: models are read from local files only; copy it here")
    if not where.strip():
        raise UserError("no model is named; small128 is the shipped one")
    path = Path(where)
    if path.exists():
        if path.is_file() and path.suffix != ".safetensors":
            raise UserError(f"{path}: a weight file to ask is a .safetensors of a run")
        return path
    if "/" in where or "." in where:
        raise UserError(f"{path} does not exist")
    return shipped(where)


def _load_own(workdir: Path, checkpoint: str, experiment: Experiment, named: str) -> LoadedModel:
    """The model of a run, with what was fitted on held-out data at the step of its weights."""
    experiment = _with_tokenizer(experiment, named)
    tokenizer = load_tokenizer(experiment.data, experiment.model)
    contents = {TOKENIZER: tokenizer.digest}
    if checkpoint:
        template = model_template(experiment)
        model, step = restore_weight_file(
            Path(checkpoint),
            template,
            experiment,
            places_of(template),
            contents=contents,
            remedy="name the tokenizer that it was trained with, --tokenizer=FILE",
        )
    else:
        # Orbax takes as long to import as a small model to load.
        from spatialvlm_jax.training.checkpoints.load_model import restore_model

        model, step = restore_model(experiment, workdir, contents=contents)
    source = Path(checkpoint) if checkpoint else workdir / _WEIGHTS
    files = SafetensorFiles(source) if checkpoint else None
    header = {"step": str(step)} if files is None else files.metadata
    # What a file lacks of the dense head was drawn, and would tell places of nothing.
    holds_places = files is None or set(files.names()) >= _PLACES
    loaded = LoadedModel(model, experiment, tokenizer, holds_places=holds_places)
    return _as_recorded(loaded, RunRecord.of(source, header))


def _as_recorded(model: LoadedModel, record: RunRecord) -> LoadedModel:
    """With what was fitted on held-out data, and what was taught, as far as either is known."""
    spread = _fitted(record, SPREAD, record.calibration(SPREAD))
    return dataclasses.replace(
        model,
        temperature=_fitted(record, TEMPERATURE, record.calibration(TEMPERATURE)) or 1.0,
        doubt=NEVER if spread is None else dataclasses.replace(NEVER, spread=spread),
        taught=record.taught,
        least_seen=_fitted(record, LEAST_SEEN, record.settings.get(LEAST_SEEN, "")),
    )


def _with_tokenizer(experiment: Experiment, named: str) -> Experiment:
    if not named:
        return experiment
    return dataclasses.replace(
        experiment, data=dataclasses.replace(experiment.data, tokenizer=named)
    )


def _fitted(record: RunRecord, name: str, text: str) -> float | None:
    """A number above zero that was fitted on held-out data; None where it was not."""
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number > 0):
        raise WeightsError(f"{record.source} has {name} {text[:40]!r}, not a number above zero")
    return number


def _load_folder(path: Path, named: str) -> LoadedModel:
    """A PaliGemma; its parameters are kept in the dtype that it computes in."""
    experiment = _with_tokenizer(read_folder(path), named)
    tokenizer = load_tokenizer(experiment.data, experiment.model)
    template = model_template(experiment)
    places = places_of(template)
    compute = jnp.dtype(experiment.model.compute_dtype)
    wanted = {
        name: jax.ShapeDtypeStruct(
            x.shape, stored_dtype(name, x.dtype, compute), sharding=places[name]
        )
        for name, x in template.shapes.items()
    }
    arrays, manifest = load_weights({"model": path}, experiment.model, wanted)
    if manifest.initialised:
        raise WeightsError(f"{path} lacks {manifest.initialised[0]}")
    logging.info("%s: %s", path, manifest.summary())
    record = RunRecord.of(path / _WEIGHTS, open_weights(path).metadata)
    return _as_recorded(LoadedModel(template.model(arrays), experiment, tokenizer), record)
