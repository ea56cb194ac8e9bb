"""Which models are on this machine: all that are missing are told at once."""

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spatialvlm_jax.generation.experts.checkpoint import (
    MISSING_EXTRA,
    Checkpoint,
    ExpertError,
    MissingModelError,
    choose_for_family,
    find_expert_checkpoint,
)
from spatialvlm_jax.generation.experts.published import default_model, published_model

OPTIONAL = ("filter", "ground", "embedder")
_PACKAGES = ("torch", "transformers")
_MODEL_FILES = (".safetensors", ".json", ".txt", ".model")


def find_models(names: Mapping[str, str]) -> dict[str, Checkpoint | ExpertError]:
    """The checkpoint of each role, or why there is none.

    Args:
      names: a folder, or a name on the model hub, by role.
    """
    found: dict[str, Checkpoint | ExpertError] = {}
    for role, name in names.items():
        try:
            found[role] = find_expert_checkpoint(name)
        except ExpertError as error:
            found[role] = error
    return found


def model_files(folder: Path) -> list[Path]:
    """The weights, settings and vocabulary in the folder of a model; [] where it is none."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.suffix in _MODEL_FILES)


def has_packages() -> bool:
    """Whether the packages that run models are installed; nothing is imported."""
    return all(importlib.util.find_spec(name) is not None for name in _PACKAGES)


def require_models(names: Mapping[str, str], families: Mapping[str, Mapping[str, Any]]) -> None:
    """Looks whether every role can have its model; none is loaded.

    Args:
      families: what each role can use, as in `choose_for_family`.

    Raises:
      ExpertError: names every role whose model cannot be used, with the remedy.
    """
    found = find_models(names)
    reasons = [MISSING_EXTRA] if names and not has_packages() else []
    missing = {role: names[role] for role in names if isinstance(found[role], MissingModelError)}
    if missing:
        reasons.append(_all_missing(missing))
    for role, checkpoint in found.items():
        if role in missing:
            continue
        if isinstance(checkpoint, ExpertError):
            reasons.append(f"{role}: {checkpoint}")
            continue
        try:
            choose_for_family(checkpoint, role, families)
        except ExpertError as error:
            reasons.append(str(error))
    if reasons:
        raise ExpertError("; ".join(reasons))


def _all_missing(names: Mapping[str, str]) -> str:
    """Every role whose model is not here, and how each is given or left out."""
    roles: dict[str, list[str]] = {}
    for role, name in names.items():
        roles.setdefault(name, []).append(role)
    told = ", ".join(f"{name} ({' and '.join(each)})" for name, each in roles.items())
    spare = [role for role in names if role in OPTIONAL]
    left_out = f"; none leaves out {', '.join(spare)}" if spare else ""
    return (
        f"not on this machine, neither as a folder nor in the hub's local cache: {told}; nothing is"
        " downloaded at run time: fetch each where there is a network (hf download NAME --local-dir"
        f" DIR) and give --config.experts.ROLE=DIR{left_out}; `spatialvlm experts` lists them"
    )


def download(role: str, name: str) -> tuple[str, str]:
    """The command that fetches the model of a role, and the folder that it fetches it into.

    Args:
      name: as configured; for a folder that is not there, the role's default model is fetched.
    """
    model = published_model(name) or default_model(role)
    folder = name if model.checkpoint != name else f"models/{name.rpartition('/')[2]}"
    return f"hf download {model.checkpoint} --local-dir {folder}", folder
