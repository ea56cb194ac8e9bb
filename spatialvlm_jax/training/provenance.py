"""What a run was made of: resolved configuration, revision, versions, compilation cache."""

import dataclasses
import hashlib
import importlib.metadata
import logging
import os
import platform
import tempfile
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax

from spatialvlm_jax.atomic_write import write_json, write_text
from spatialvlm_jax.config import RUN_CONFIG
from spatialvlm_jax.errors import one_line
from spatialvlm_jax.experiment import Experiment
from spatialvlm_jax.origin import git_revision
from spatialvlm_jax.taught import TAUGHT_TEXTS
from spatialvlm_jax.training.fingerprints import record_weights
from spatialvlm_jax.training.processes import multihost
from spatialvlm_jax.training.state import TrainState

PACKAGES = ("jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "grain", "numpy")


def write_provenance(
    workdir: Path,
    experiment: Experiment,
    source: Path,
    report: str,
    state: TrainState | None = None,
    taught: Mapping[str, str] = types.MappingProxyType({}),
) -> None:
    """Writes config.json, versions.json and parameters.txt into the workdir, on process 0.

    Before step 1 it writes the digests of the weights to begin with, too; and taught.json and
    taught_names.json, where it is known what the run teaches.

    Args:
      workdir: made if missing.
      experiment: as resolved, with every override in it.
      source: a folder inside the checkout whose revision is recorded.
      report: what will be trained, for people. state: that the run begins or goes on with.
      taught: what it teaches, as the header of its weights has it.
    """
    if not multihost.is_main_process():
        return
    versions = {
        "revision": git_revision(source),
        "python": platform.python_version(),
        "packages": {name: importlib.metadata.version(name) for name in PACKAGES},
        "devices": [device.device_kind for device in jax.devices()],
    }
    write_json(workdir / RUN_CONFIG, dataclasses.asdict(experiment))
    write_json(workdir / "versions.json", versions)
    write_text(workdir / "parameters.txt", report + "\n")
    for name in TAUGHT_TEXTS:
        if name in taught:
            write_text(workdir / f"{name}.json", taught[name] + "\n")
        else:
            (workdir / f"{name}.json").unlink(missing_ok=True)
    if state is not None:
        record_weights(workdir, state.parameters, int(state.step))


def use_compilation_cache() -> Path | None:
    """Keeps compiled programs in the user's cache folder, so that a restart does not recompile.

    One folder a kind of processor: code compiled for one may not run on another.

    Returns:
      The folder; None, with a warning, where there is none that can be written to.
    """
    try:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        folder = base / "spatialvlm-jax" / f"xla-{_processor()}"
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (OSError, RuntimeError) as error:  # RuntimeError: the user has no home
        logging.warning(
            "compiled programs are not kept, and compiled again next time: %s; "
            "XDG_CACHE_HOME=DIR names another place",
            one_line(str(error)),
        )
        return None
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.5)
    return folder


def _processor() -> str:
    description: Any = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = info.read_text(errors="replace").splitlines()
        description = sorted({line for line in lines if line.startswith(("flags", "model name"))})
    return hashlib.sha256(repr(description).encode()).hexdigest()[:12]
