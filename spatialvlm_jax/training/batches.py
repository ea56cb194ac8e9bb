"""Numbered batches on their devices, for the loop of `train.py`."""

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

from jax.sharding import Mesh

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.training import sharding
from spatialvlm_jax.training.logging.throughput import Meter
from spatialvlm_jax.training.processes import multihost
from spatialvlm_jax.training.processes.stop import RunStop


@dataclasses.dataclass(frozen=True)
class NumberedBatches:
    """The batches of a run's steps, until a stop is asked for.

    to_devices: host batch to device batch. meter: counts the time that steps wait for them.
    """

    data: Iterator[Any]
    to_devices: Callable[[Any], Any]
    stop: RunStop
    meter: Meter

    @classmethod
    def on(cls, mesh: Mesh, data: Iterator[Any], stop: RunStop, meter: Meter) -> "NumberedBatches":
        """Placed as a step over `mesh` takes them."""
        return cls(data, lambda batch: sharding.to_devices(batch, mesh), stop, meter)

    def after(self, first: int, last: int) -> Iterator[tuple[int, Any, Any]]:
        """Of the steps after `first` up to `last`: number, batch in host memory, batch on devices.

        Raises:
          UserError: the data ran out.
        """
        for number in range(first + 1, last + 1):
            if self.stop.soon():
                return
            with self.meter.waiting():
                batch = self._first(number) if number == first + 1 else self._next(number)
                if batch is None:
                    return
                on_devices = self.to_devices(batch)
            yield number, batch, on_devices

    def _first(self, number: int) -> Any:
        """The first batch, for which the loader's workers start."""
        with multihost.waiting_once("starting the loader", "read the first batch"):
            return self._next(number)

    def _next(self, number: int) -> Any:
        """The next batch; None if a SIGTERM to all processes has ended the loader's workers."""
        try:
            return next(self.data)
        except StopIteration:
            raise UserError(f"the data ran out before step {number}; training repeats it") from None
        except Exception:
            if self.stop.request.requested:
                return None
            raise
