"""How fast training goes: what steps got through, what held them up, what devices had to hold."""

import contextlib
import dataclasses
import time
from collections.abc import Iterator, Sequence
from typing import Any

import jax
import numpy as np

from spatialvlm_jax.hardware import chip_of
from spatialvlm_jax.models.flops import mfu
from spatialvlm_jax.training.parameter_report import StepFlops


@dataclasses.dataclass(frozen=True)
class StepCounts:
    """What some steps got through, over all processes.

    tokens: of text, without padding. loss_tokens: those with loss. places: of text, with padding.
    """

    steps: int = 0
    images: float = 0.0
    pairs: float = 0.0
    tokens: float = 0.0
    loss_tokens: float = 0.0
    places: float = 0.0

    def __add__(self, other: "StepCounts") -> "StepCounts":
        """Both together."""
        sums = zip(dataclasses.astuple(self), dataclasses.astuple(other), strict=True)
        return StepCounts(*(a + b for a, b in sums))


def count_step(batch: Any, batch_size: int) -> StepCounts:
    """One step's counts, from the host batch of one process.

    Args:
      batch: `spatialvlm_jax.batch.Batch`, this process's rows.
      batch_size: rows of all processes; this one's stand for the others'.
    """
    rows, length = batch.segment_ids.shape
    share = batch_size / rows
    return StepCounts(
        steps=1,
        images=rows * share,
        pairs=int(np.max(batch.segment_ids, axis=1).sum()) * share,
        tokens=np.count_nonzero(batch.segment_ids) * share,
        loss_tokens=np.count_nonzero(batch.loss_mask) * share,
        places=rows * length * share,
    )


def row_fill(counts: StepCounts) -> dict[str, float]:
    """How full rows are: `fill`, the share of text places with tokens, and `pairs_per_row`."""
    return {
        "fill": counts.tokens / counts.places,
        "pairs_per_row": counts.pairs / counts.images,
    }


def device_memory(devices: Sequence[Any]) -> dict[str, float]:
    """Memory of the fullest of some devices, now and at most so far; empty where none says.

    Args:
      devices: `jax.Device`s; a CPU does not say.

    Returns:
      device_memory_gigabytes, device_memory_peak_gigabytes; one is 1e9 bytes.
    """
    stats = [device.memory_stats() or {} for device in devices]
    names = {
        "device_memory_gigabytes": "bytes_in_use",
        "device_memory_peak_gigabytes": "peak_bytes_in_use",
    }
    found = {name: [each[key] for each in stats if key in each] for name, key in names.items()}
    return {name: max(numbers) / 1e9 for name, numbers in found.items() if numbers}


def rates(
    counts: StepCounts,
    seconds: float,
    flops: StepFlops | None,
    devices: int,
    peak_flops: float | None,
) -> dict[str, float]:
    """Metrics of `counts` in `seconds`.

    Args:
      counts: of at least one step.
      seconds: that they took.
      flops: of one step; None leaves MFU out.
      devices: over all processes.
      peak_flops: of one device, operations a second; None, as of a CPU, leaves MFU out.

    Returns:
      step_seconds; images_per_second, pairs_per_second, tokens_per_second; mfu, a share of 1, where
      logits count for tokens with loss alone.
    """
    values = {
        "step_seconds": seconds / counts.steps,
        "images_per_second": counts.images / seconds,
        "pairs_per_second": counts.pairs / seconds,
        "tokens_per_second": counts.tokens / seconds,
    }
    if flops and peak_flops:
        done = counts.steps * flops.needed(counts.loss_tokens / counts.places)
        values["mfu"] = mfu(done, seconds, devices, peak_flops)
    return values


class Meter:
    """Counts and times steps; what comes before the first one it is told of does not count."""

    def __init__(self, flops: StepFlops | None = None) -> None:
        """Of a run on all of JAX's devices, which are of one kind."""
        self.flops = flops
        chip = chip_of(jax.devices()[0].device_kind)
        self.peak_flops = chip.peak_flops if chip else None
        self.restart()

    def restart(self) -> None:
        """Counts from the end of the next step on: compiling and evaluating are left out."""
        self.counts, self.waited = StepCounts(), 0.0
        self.since: float | None = None

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """What is inside waits for data."""
        begin = time.monotonic()
        try:
            yield
        finally:
            self.waited += time.monotonic() - begin

    def add(self, counts: StepCounts) -> None:
        """Takes note of a step that has ended."""
        if self.since is None:
            self.since, self.waited = time.monotonic(), 0.0
        else:
            self.counts += counts

    def take(self) -> dict[str, float]:
        """The metrics since they were taken last; none if no step ended meanwhile.

        Returns:
          Those of `rates` and `device_memory` (of this process), and data_wait_share, the share of
          the time that this process waited for data.
        """
        if self.since is None or not self.counts.steps:
            return {}
        now = time.monotonic()
        counts, seconds, waited = self.counts, now - self.since, self.waited
        self.counts, self.since, self.waited = StepCounts(), now, 0.0
        return {
            **rates(counts, seconds, self.flops, jax.device_count(), self.peak_flops),
            "data_wait_share": waited / seconds,
            **device_memory(jax.local_devices()),
        }
