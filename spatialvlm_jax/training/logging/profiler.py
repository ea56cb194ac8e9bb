"""A profile of chosen steps: what the host and its devices do in them, traced by JAX."""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import jax

from spatialvlm_jax.training.processes import multihost

FOLDER = "profile"


class Tracer:
    """Traces the steps from one to another; a context that ends the trace, whatever happens.

    Nothing of the steps before and after them is in the trace: devices are idle where it begins
    and where it ends. Every process writes its own.
    """

    def __init__(self, workdir: Path, steps: Sequence[int], done: int) -> None:
        """Steps that are done already are not traced.

        Args:
          workdir: the trace goes into its folder "profile".
          steps: first and last, or nothing.
          done: steps of the checkpoint that the run goes on from.
        """
        first, self.last = steps or (0, 0)
        self.first = max(first, done + 1)
        place = "" if multihost.is_single_process() else multihost.file_suffix().lstrip(".")
        self.folder = workdir / FOLDER / place
        self.running, self.reached = False, done

    def __enter__(self) -> "Tracer":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    def before(self, step: int, state: Any) -> None:
        """Begins the trace if it begins with this step, which starts from `state`."""
        if step == self.first <= self.last:
            jax.block_until_ready(state)
            self.folder.mkdir(parents=True, exist_ok=True)
            jax.profiler.start_trace(self.folder, create_perfetto_trace=True)
            self.running = True

    def after(self, step: int, state: Any) -> bool:
        """Ends the trace if it ends with this step, which leaves `state`.

        Returns:
          Whether it did, which takes time.
        """
        self.reached = step
        ends = self.running and step == self.last
        if ends:
            jax.block_until_ready(state)
            self._stop()
        return ends

    def _stop(self) -> None:
        if not self.running:
            return
        self.running = False
        jax.profiler.stop_trace()
        multihost.print_once(
            f"steps {self.first} to {self.reached} are traced in {self.folder}: look at them with "
            f"`tensorboard --logdir {self.folder}` (`make setup-profile`), or "
            "open the perfetto_trace.json.gz in it with Perfetto"
        )
