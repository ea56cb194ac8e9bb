"""Checkpoints that can be trusted: Orbax writes them, checksums say whether they are whole.

A checkpoint is a folder STEP/ with the training state, the data iterator's state and metadata.
Orbax alone restores a flipped byte without an error and counts an unfinished folder as the latest
step, so after Orbax has committed a folder its files are hashed into STEP/manifest.json, and only a
folder whose manifest agrees is ever restored.

Of several processes each writes its shards into the one folder, which they share; process 0 hashes
when all have written, and chooses for all what to restore. Nothing in a checkpoint depends on how
many there were.
"""

import concurrent.futures
import contextlib
import logging
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orbax.checkpoint as ocp

from spatialvlm_jax.errors import system_error
from spatialvlm_jax.training.processes import multihost
from spatialvlm_jax.training.state import TrainState
from spatialvlm_jax.weights.checkpoint_folders import (
    checkpoint_damage,
    checkpoint_steps,
    write_manifest,
)

_TEMPORARY = "orbax-checkpoint-tmp"


class Checkpoints:
    """The checkpoints of one run, newest last; saving does not hold up training."""

    def __init__(self, folder: Path, keep: int) -> None:
        """Makes `folder` and removes what killed saves left there; `keep` whole ones stay."""
        self.folder = folder.resolve()
        self.keep = keep
        self.folder.mkdir(parents=True, exist_ok=True)
        if multihost.is_main_process():
            for leftover in self.folder.glob(f"*{_TEMPORARY}*"):
                shutil.rmtree(leftover)
        self._checkpointer = ocp.AsyncCheckpointer(ocp.CompositeCheckpointHandler())
        self._background = concurrent.futures.ThreadPoolExecutor(1, "checkpoints")
        self._saving: concurrent.futures.Future[None] | None = None

    def steps(self) -> list[int]:
        """The steps there are folders of, ascending, whole or not."""
        return checkpoint_steps(self.folder)

    def save(self, state: TrainState, data: Any, metadata: dict[str, Any]) -> None:
        """Starts saving; returns once the arrays are copied, and writes in the background.

        Args:
          state: saved under `state.step`; its buffers may be donated afterwards.
          data: an iterator whose `get_state()`, the same in all processes, is taken now.
          metadata: plain JSON.

        Raises:
          OSError: this save, or the one before, finds no room or may not be written.
        """
        self.wait()
        path = self.folder / str(int(state.step))
        with _system_errors(path):
            self._checkpointer.save(
                path,
                args=ocp.args.Composite(
                    state=ocp.args.StandardSave(dict(vars(state))),
                    data=ocp.args.JsonSave(data.get_state()),
                    metadata=ocp.args.JsonSave(metadata),
                ),
                force=True,
            )
        self._saving = self._background.submit(self._finish, path)

    def wait(self) -> None:
        """Returns when the save in progress, if any, is whole; raises what went wrong in it."""
        saving, self._saving = self._saving, None
        if saving is not None:
            saving.result()

    def close(self) -> None:
        """Finishes the save in progress and its threads."""
        self.wait()
        self._background.shutdown()
        self._checkpointer.close()

    def latest(self) -> Path | None:
        """The newest whole checkpoint; damaged ones are named in a warning and set aside."""
        step = multihost.broadcast_from_main(self._latest_whole)
        return None if step is None else self.folder / str(step)

    def _latest_whole(self) -> int | None:
        steps = self.steps()
        for place, step in reversed(list(enumerate(steps))):
            path = self.folder / str(step)
            problem = checkpoint_damage(path)
            if problem is None:
                return step
            then = "going back to the one before"
            if place == 0:
                then = "none is left, so the run begins anew"
            logging.warning("checkpoint %s: %s; %s", path, problem, then)
            set_aside = path.with_name(f"{step}.damaged")
            shutil.rmtree(set_aside, ignore_errors=True)
            path.rename(set_aside)
        return None

    def metadata(self, path: Path) -> dict[str, Any]:
        """The metadata of a checkpoint."""
        args = ocp.args.Composite(metadata=ocp.args.JsonRestore())
        return dict(self._checkpointer.restore(path, args=args).metadata)

    def restore(self, path: Path, abstract_state: TrainState, data: Any) -> TrainState:
        """The state of a checkpoint, on the devices that `abstract_state` names.

        Args:
          path: as `latest` gave it.
          abstract_state: shapes, dtypes and shardings; the mesh may differ from the saved one.
          data: a fresh iterator of the same pipeline; moved to where it was by `set_state()`.
        """
        restored = self._checkpointer.restore(
            path,
            args=ocp.args.Composite(
                state=ocp.args.StandardRestore(dict(vars(abstract_state))),
                data=ocp.args.JsonRestore(),
            ),
        )
        data.set_state(restored.data)
        return TrainState(**restored.state)

    def _finish(self, path: Path) -> None:
        """Waits for Orbax's commit, declares the checkpoint whole, and deletes old ones."""
        with _system_errors(path):
            self._checkpointer.wait_until_finished()
        if not multihost.is_main_process():
            return
        write_manifest(path)
        for step in self.steps()[: -self.keep]:
            # Renamed first, so that a kill while deleting leaves nothing that looks like a step.
            doomed = self.folder / f"{step}.{_TEMPORARY}"
            (self.folder / str(step)).rename(doomed)
            shutil.rmtree(doomed)


@contextlib.contextmanager
def _system_errors(path: Path) -> Iterator[None]:
    """Raises OSError for what the system refuses, which TensorStore words as a ValueError."""
    try:
        yield
    except ValueError as error:
        refused = system_error(error, str(path))
        if refused is None:
            raise
        raise refused from error
