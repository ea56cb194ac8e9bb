"""Several trials at a time, each on its own part of this machine's GPUs and cores."""

import concurrent.futures
import dataclasses
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.sweeps import running
from spatialvlm_jax.sweeps.claims import Claims
from spatialvlm_jax.sweeps.record import Trial

_GPUS = "CUDA_VISIBLE_DEVICES"
# As JAX tells chips from other things of Google's on the bus: v2 and v3, an unnamed one, v4 to 7x.
_GOOGLE = "0x1ae0"
_TPUS = {"0x0027", "0x0056", "0x005e", "0x0062", "0x0063", "0x006f", "0x0076"}
_BUS = Path("/sys/bus/pci/devices")


@dataclasses.dataclass(frozen=True)
class DevicePart:
    """What one trial may use.

    cores: of the processor, by number. gpus: as CUDA_VISIBLE_DEVICES names them; () where the
    machine has none.
    """

    cores: tuple[int, ...]
    gpus: tuple[str, ...] = ()

    def run(self, words: Sequence[str], log: Path, should_stop: Callable[[], bool]) -> int:
        """Runs a program as `running.run_python` does, on this part alone.

        The thread that calls it keeps to these cores, too: what it starts does as it does.
        """
        os.sched_setaffinity(0, self.cores)
        environment = {_GPUS: ",".join(self.gpus)} if self.gpus else {}
        return running.run_python(words, log, should_stop, environment)


def divide_devices(jobs: int, cores: Sequence[int], gpus: Sequence[str]) -> list[DevicePart]:
    """As equal parts as can be, every device in one of them.

    Raises:
      UserError: there are fewer cores, or fewer GPUs, than parts.
    """
    for name, there in (("cores", cores), ("GPUs", gpus)):
        if there and len(there) < jobs:
            raise UserError(f"--jobs={jobs}: this machine has {len(there)} {name}; take fewer")
    of_cores = [tuple(part.tolist()) for part in np.array_split(np.array(cores, int), jobs)]
    of_gpus = [tuple(part.tolist()) for part in np.array_split(np.array(gpus, str), jobs)]
    return [DevicePart(*part) for part in zip(of_cores, of_gpus, strict=True)]


def divide_machine(jobs: int) -> list[DevicePart]:
    """Parts of the cores that this process may use, and of the GPUs that it sees.

    Raises:
      UserError: as `divide_devices`, or this system does not let cores be chosen, or has TPUs.
    """
    if has_tpus():
        raise UserError(
            f"--jobs={jobs}: TPU chips are not divided, and every trial would take all of them; "
            "take --jobs=1, or start the sweep on several TPU machines with the same folder; "
            "JAX_PLATFORMS=cpu leaves the chips alone"
        )
    if not hasattr(os, "sched_setaffinity"):
        raise UserError(f"--jobs={jobs}: this system does not divide its cores; take one")
    return divide_devices(jobs, sorted(os.sched_getaffinity(0)), _visible_gpus())


def fitting_jobs(most: int = 8) -> int:
    """How many trials fit this machine: one with TPUs, else one a GPU, else one a core."""
    if has_tpus() or not hasattr(os, "sched_setaffinity"):
        return 1
    return min(most, len(_visible_gpus()) or len(os.sched_getaffinity(0)))


def has_tpus(bus: Path = _BUS) -> bool:
    """Whether trials would run on TPU chips of this machine.

    Args:
      bus: folder of the devices of PCI.
    """
    if os.environ.get("JAX_PLATFORMS", "tpu").partition(",")[0] != "tpu":
        return False
    try:
        found = [
            tuple((each.parent / name).read_text().strip() for name in ("vendor", "device"))
            for each in bus.glob("*/vendor")
        ]
    except OSError:
        return False
    return any(vendor == _GOOGLE and device in _TPUS for vendor, device in found)


def _visible_gpus() -> list[str]:
    named = os.environ.get(_GPUS)
    if named is not None:
        return [name for name in named.split(",") if name]
    return [str(number) for number in range(len(list(Path("/dev").glob("nvidia[0-9]*"))))]


def divided(runner: running.Runner, jobs: int) -> list[running.Runner]:
    """The runner itself, or so many like it on parts of this machine.

    Raises:
      UserError: as `divide_machine`.
    """
    if jobs == 1:
        return [runner]
    return [
        dataclasses.replace(runner, program=part.run, claims=Claims(), quiet=number > 0)
        for number, part in enumerate(divide_machine(jobs))
    ]


def run_jobs(runners: Sequence[running.Runner], trials: Sequence[Trial]) -> bool:
    """Runs the trials by several runners at once; whether all of them came to the end.

    Raises:
      UserError: what stopped one of them, once the others have ended.
    """
    if len(runners) == 1:
        return runners[0].run(trials)
    with concurrent.futures.ThreadPoolExecutor(len(runners)) as threads:
        found = [threads.submit(runner.run, trials) for runner in runners]
    ends = [each.result() for each in found]
    return all(ends)
