"""Settings that a model was trained under, written with its weights and compared before they serve.

A model's answers depend on more than its parameters: under another attention rule, on pictures
resized otherwise, or asked in another way, the same weights answer otherwise. Names are those of
the configuration, so that a file reads `model.attention: image_prefix`.
"""

import fnmatch
import functools
import json
import types
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from spatialvlm_jax.experiment import CheckpointConfig, Experiment
from spatialvlm_jax.taught import TAUGHT_TEXTS
from spatialvlm_jax.weights.files import open_weights
from spatialvlm_jax.weights.pieces import WeightsError

ATTENTION, RESIZE, PREFIX = "model.attention", "data.resize", "data.prefix_template"
CAMERA, FOCAL = "data.camera", "data.camera_focal"
RECORDED = (ATTENTION, RESIZE, PREFIX, CAMERA, FOCAL)
# What a run read, by content: digests that the loaders hand in.
CONTENT, TOKENIZER = ".content", "data.tokenizer.content"
# What the distribution of an answer is tempered with (`evaluation.distribution`).
TEMPERATURE = "answer_temperature"
# Up to which spread of it an answer is sure.
SPREAD = "answer_spread"
# From which probability on the model holds rightly that a thing is in the picture.
LEAST_SEEN = "least_seen"
_SHOWN = 3  # settings in one message
# What a run may be told to take over though it differs. The rest decides which arrays there are.
_ACCEPTABLE = (
    *(ATTENTION, "data.*", "eval.*", "train.*"),
    *("dense.weight", "dense.plurals", "dense.pointer_*", "dense.copy_*"),
    *("optim.b2", "optim.clip_norm", "optim.weight_decay", "optim.lr_multipliers*"),
)


def settings_of(experiment: Experiment) -> dict[str, str]:
    """The settings of a run that belong to its weights, by name."""
    return {name: str(functools.reduce(getattr, name.split("."), experiment)) for name in RECORDED}


def recorded_settings(metadata: Mapping[str, str]) -> dict[str, str]:
    """What the header of a weight file says of them; what it does not say is left out.

    Files of before they were written by name have the run's configuration.
    """
    try:
        config = json.loads(metadata.get("config", "{}"))
        known = {
            name: str(config[section][field])
            for name in RECORDED
            for section, field in [name.split(".")]
            if field in config.get(section, {})
        }
    except (ValueError, TypeError, AttributeError, RecursionError):
        known = {}
    own = (*RECORDED, TEMPERATURE, SPREAD, LEAST_SEEN, *TAUGHT_TEXTS)
    named = {name for name in metadata if name in own or name.endswith(CONTENT)}
    return known | {name: metadata[name] for name in sorted(named)}


def check_settings(
    path: Path,
    experiment: Experiment,
    names: Iterable[str],
    *,
    remedy: str,
    contents: Mapping[str, str] = types.MappingProxyType({}),
) -> None:
    """Refuses weights that were trained under other settings, unless the run accepts it.

    Args:
      path: of the weights; published ones say nothing of their settings, and are taken.
      names: which settings count.
      remedy: what to do, for the message.
      contents: digests of what is read, by name; those that the weights know of count, too.

    Raises:
      WeightsError: they were, and which.
    """
    there, settings = recorded_settings(open_weights(path).metadata), settings_of(experiment)
    here = {**{name: settings[name] for name in names}, **contents}
    changes = {name: (there[name], here[name]) for name in sorted(here.keys() & there.keys())}
    if refusal := describe_changes(path, changes, experiment.checkpoint, remedy=remedy):
        raise WeightsError(refusal)


def describe_changes(
    path: Path, changes: Mapping[str, tuple[Any, Any]], settings: CheckpointConfig, *, remedy: str
) -> str:
    """One line about settings that differ and are not accepted, with both ways out; "" if none.

    Args:
      path: of what was made with the first value of each.
      changes: name -> (value then, value of this run); equal ones do not count.
    """
    refused = {
        name: values
        for name, values in changes.items()
        if values[0] != values[1] and not (_is_acceptable(name) and settings.accepts(name))
    }
    if not refused:
        return ""
    each = [_describe_change(name, *values) for name, values in refused.items()][:_SHOWN]
    more = f"; and {len(refused) - _SHOWN} more differ" if len(refused) > _SHOWN else ""
    line = f"{path} was made with {'; with '.join(each)}{more}: {remedy}"
    if all(map(_is_acceptable, refused)):
        line += f", or go on all the same with --config.checkpoint.accept={','.join(refused)}"
    return line


def _describe_change(name: str, then: Any, now: Any) -> str:
    if name.endswith(CONTENT):
        return f"other content of {name.removesuffix(CONTENT)} than this run reads"
    return f"{name}={then}, this run has {now}"


def _is_acceptable(name: str) -> bool:
    return name != CAMERA and any(fnmatch.fnmatchcase(name, pattern) for pattern in _ACCEPTABLE)
