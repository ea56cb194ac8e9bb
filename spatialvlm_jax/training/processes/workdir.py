"""One training a workdir."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from spatialvlm_jax.storage.only_writer import only_writer
from spatialvlm_jax.training.processes import multihost


@contextlib.contextmanager
def only_run(workdir: Path) -> Iterator[None]:
    """Keeps other trainings out of a workdir; process 0 holds the lock, and tells the others.

    Raises:
      UserError: another run is training in it.
    """
    with contextlib.ExitStack() as held:
        multihost.broadcast_from_main(lambda: held.enter_context(only_writer(workdir)))
        yield
