"""Going on where a run was: only with what it was made of, else with a clear refusal."""

import dataclasses
import re
from collections.abc import Iterator, Mapping
from typing import Any

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.experiment import DataConfig, DatasetConfig, Experiment
from spatialvlm_jax.training.checkpoints.checkpoint import Checkpoints
from spatialvlm_jax.training.state import TrainState

# What may change between a run and its continuation: where things lie, how fast they come, and how
# the same numbers are computed.
_FREE = (
    *("data.workers", "data.features"),
    *("model.attention_backend", "model.remat", "model.scan_layers"),
)
_FREE_OF_DATASETS = ("path", "images", "worlds")


def describe_run(experiment: Experiment) -> dict[str, Any]:
    """What a checkpoint's meaning depends on, flat, as JSON: kept in it and compared on resuming.

    The steps' only randomness is in the initial parameters, so the seed stands for the random key.
    """
    data = dataclasses.asdict(experiment.data)
    for dataset in data["datasets"]:
        for name in _FREE_OF_DATASETS:
            del dataset[name]
    tree = {
        "model": dataclasses.asdict(experiment.model),
        "data": data,
        "optim": {
            "optimizer": experiment.optim.optimizer,
            "freeze": sorted(experiment.optim.freeze),
        },
        "train": {
            name: getattr(experiment.train, name)
            for name in ("seed", "init_from", "init_encoder_from", "init_decoder_from")
        },
        "keeps averages": experiment.train.average_decay > 0,
    }
    return {name: value for name, value in flatten(tree) if name not in _FREE}


def resume(
    checkpoints: Checkpoints,
    abstract_state: TrainState,
    data: Any,
    run: Mapping[str, Any],
) -> TrainState | None:
    """The state of the newest whole checkpoint, with `data` moved along; None if there is none.

    Raises:
      UserError: the checkpoint is of a run that differs in what may not change.
    """
    path = checkpoints.latest()
    if path is None:
        return None
    before = checkpoints.metadata(path)
    for name in sorted(before.keys() | run.keys()):
        then = recorded(before, name)
        if then != run.get(name):
            raise UserError(
                f"{path} was made with {name}={then}, this run has {run.get(name)}: "
                "use another --workdir (train.init_from takes over weights)"
            )
    return checkpoints.restore(path, abstract_state, data)


def recorded(metadata: Mapping[str, Any], name: str) -> Any:
    """What a checkpoint's metadata say of a setting, by its name in `describe_run`.

    One that they do not know came with a later version; its default is what was done before.
    """
    if name in metadata:
        return metadata[name]
    defaults = describe_run(Experiment(data=DataConfig(datasets=(DatasetConfig("", ""),))))
    return defaults.get(re.sub(r"datasets\.\d+", "datasets.0", name))


def flatten(tree: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """{"a": {"b": 1}, "c": [2]} -> ("a.b", 1), ("c.0", 2)."""
    items = enumerate(tree) if isinstance(tree, list | tuple) else tree.items()
    for key, value in items:
        if isinstance(value, dict | list | tuple) and value:
            yield from flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", list(value) if isinstance(value, tuple) else value
