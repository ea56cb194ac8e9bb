"""One training a workdir, which holds nothing else that a run would write over."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from spatialvlm_jax.config import RUN_CONFIG
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.foreign_files.json_files import read_object
from spatialvlm_jax.storage.only_writer import only_writer
from spatialvlm_jax.training.processes import multihost

_REMEDY = "name a new folder, such as runs/mine"
# Files of a stored set; a run has some of the others' names, such as summary.json.
_OF_SETS = ("dataset_info.json", "generation.json")


def check_workdir(workdir: Path, *, trains: bool) -> None:
    """Refuses a folder where a run would write over what no run left.

    Args:
      trains: weights and configuration will be written, too.

    Raises:
      UserError: it is the folder of a data set, or of published weights.
    """
    for name in _OF_SETS:
        if (workdir / name).is_file():
            raise UserError(f"--workdir={workdir} holds a data set ({name}): {_REMEDY}")
    config = workdir / RUN_CONFIG
    if config.is_file():
        if "train" not in read_object(config, "the configuration of a run"):
            raise UserError(f"{config} is no configuration of a run: {_REMEDY}")
    elif trains and (weights := sorted(workdir.glob("*.safetensors"))):
        raise UserError(f"--workdir={workdir} holds {weights[0].name} and no run: {_REMEDY}")


@contextlib.contextmanager
def only_run(workdir: Path) -> Iterator[None]:
    """Keeps other trainings out of a workdir; process 0 holds the lock, and tells the others.

    Raises:
      UserError: another run is training in it.
    """
    with contextlib.ExitStack() as held:
        multihost.broadcast_from_main(lambda: held.enter_context(only_writer(workdir)))
        yield
