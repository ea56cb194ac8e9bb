"""Going on where a run was: only with what it was made of, else with a clear refusal."""

import dataclasses
import re
import types
from collections.abc import Iterator, Mapping
from typing import Any

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.experiment import (
    CheckpointConfig,
    DataConfig,
    DatasetConfig,
    DenseConfig,
    Experiment,
)
from spatialvlm_jax.migration import migrate_description
from spatialvlm_jax.training.checkpoints.checkpoint import Checkpoints
from spatialvlm_jax.training.processes import multihost
from spatialvlm_jax.training.state import TrainState
from spatialvlm_jax.weights.settings import CONTENT, describe_changes

# What may change between a run and its continuation: where things lie, how fast they come, and how
# the same numbers are computed.
_FREE = (
    *("data.workers", "data.features"),
    *("model.attention_backend", "model.remat", "model.scan_layers"),
)
_FREE_OF_DATASETS = ("path", "images", "worlds")
# What changes the numbers of a step; length, learning rate and schedule may change.
_OPTIM = ("b1", "b2", "moment_dtype", "weight_decay", "clip_norm", "lr_multipliers")
_LOSS = ("text_weight", "average_decay")
_BEGINNING = ("init_from", "init_encoder_from", "init_decoder_from")


def describe_run(
    experiment: Experiment, contents: Mapping[str, str] = types.MappingProxyType({})
) -> dict[str, Any]:
    """What a checkpoint's meaning depends on, flat, as JSON: kept in it and compared on resuming.

    Args:
      experiment: the settings.
      contents: digests of what is read, by names that end in ".content".

    The steps' only randomness is in the initial parameters, so the seed stands for the random key.
    """
    data = dataclasses.asdict(experiment.data)
    for dataset in data["datasets"]:
        for name in _FREE_OF_DATASETS:
            del dataset[name]
    tree = {
        "model": dataclasses.asdict(experiment.model),
        "data": data,
        "dense": experiment.dense and dataclasses.asdict(experiment.dense),
        "optim": {
            "optimizer": experiment.optim.optimizer,
            "freeze": sorted(experiment.optim.freeze),
            **{name: getattr(experiment.optim, name) for name in _OPTIM},
        },
        "train": {name: getattr(experiment.train, name) for name in ("seed", *_BEGINNING, *_LOSS)},
        "keeps averages": experiment.train.average_decay > 0,
    }
    settings = {name: value for name, value in flatten(tree) if name not in _FREE}
    return settings | dict(contents)


def resume(
    checkpoints: Checkpoints,
    abstract_state: TrainState,
    data: Any,
    run: Mapping[str, Any],
    settings: CheckpointConfig = CheckpointConfig(),  # noqa: B008
) -> TrainState | None:
    """The state of the newest whole checkpoint, with `data` moved along; None if there is none.

    Args:
      run: `describe_run` of this one.
      settings: say in what it may differ.

    Raises:
      UserError: the checkpoint is of a run that differs in what may not change.
    """
    path = checkpoints.latest()
    if path is None:
        return None
    remedy = "use another --workdir (train.init_from takes over weights)"
    changes = find_changes(migrate_description(checkpoints.metadata(path)), run)
    with multihost.raise_on_all():
        if refusal := describe_changes(path, changes, settings, remedy=remedy):
            raise UserError(refusal)
    return checkpoints.restore(path, abstract_state, data)


def find_changes(before: Mapping[str, Any], run: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """What differs between a checkpoint's metadata and this run: name -> (then, now).

    Contents that one of the two does not know cannot be compared. A file whose content is known may
    lie at another path.
    """
    same_files = {name for name in before.keys() & run.keys() if name.endswith(CONTENT)}
    changes = {}
    for name in sorted(before.keys() | run.keys()):
        if name.endswith(CONTENT) and name not in same_files:
            continue
        if name + CONTENT in same_files or _was_not_kept(before, name):
            continue
        then, now = recorded(before, name), run.get(name)
        if then != now:
            changes[name] = then, now
    return changes


def _was_not_kept(before: Mapping[str, Any], name: str) -> bool:
    """Whether checkpoints of that time did not say what this setting was."""
    section, _, field = name.partition(".")
    later = {"optim": _OPTIM, "train": _LOSS, "dense": ("weight",)}.get(section, ())
    return field.partition(".")[0] in later and "optim.clip_norm" not in before


def recorded(metadata: Mapping[str, Any], name: str) -> Any:
    """What a checkpoint's metadata say of a setting, by its name in `describe_run`.

    One that they do not know came with a later version; its default is what was done before.
    """
    known = migrate_description(metadata)
    if name in known:
        return known[name]
    defaults = describe_run(Experiment(data=DataConfig(datasets=(DatasetConfig("any", "any"),))))
    defaults |= {
        f"dense.{field.name}": field.default
        for field in dataclasses.fields(DenseConfig)
        if field.default is not dataclasses.MISSING
    }
    return defaults.get(re.sub(r"datasets\.\d+", "datasets.0", name))


def flatten(tree: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """{"a": {"b": 1}, "c": [2]} -> ("a.b", 1), ("c.0", 2)."""
    items = enumerate(tree) if isinstance(tree, list | tuple) else tree.items()
    for key, value in items:
        if isinstance(value, dict | list | tuple) and value:
            yield from flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", list(value) if isinstance(value, tuple) else value
