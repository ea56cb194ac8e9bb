"""Trials on the machines of a Ray cluster, by the same programs as on this one.

Ray says where a program runs and hands out GPUs; claims, order and tables stay with the process
that runs the sweep. All machines see checkout and folder of the trials under the same paths.
"""

import dataclasses
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from spatialvlm_jax import progress
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.shared_folder import VISIBLE_AFTER_SECONDS
from spatialvlm_jax.sweeps import running
from spatialvlm_jax.sweeps.claims import Claims
from spatialvlm_jax.sweeps.identity import check_code

ATTEMPTS = 3  # at a program whose machine is lost
_KILLED = -9


@dataclasses.dataclass(frozen=True)
class ClusterPart:
    """What one trial may use of a cluster.

    ray: the module, connected. checkout: where programs run. code: digest of what is there.
    cores, gpus: of a machine; shares of a GPU are possible.
    """

    ray: Any
    checkout: Path
    code: str
    cores: float = 1.0
    gpus: float = 0.0

    def check(self) -> None:
        """Refuses what no machine of the cluster has, for which Ray would wait for ever.

        Raises:
          UserError: there is none with so many cores and GPUs.
        """
        machines = self._machines()
        if not any(
            each.get("CPU", 0) >= self.cores and each.get("GPU", 0) >= self.gpus
            for each in machines
        ):
            raise UserError(
                f"none of {len(machines)} machines of the Ray cluster has {self.cores:g} cores and "
                f"{self.gpus:g} GPUs: lower --ray-cpus or --ray-gpus"
            )

    def _machines(self) -> list[Mapping[str, float]]:
        """What each machine that is there has."""
        return [each["Resources"] for each in self.ray.nodes() if each["Alive"]]

    def run(self, words: Sequence[str], log: Path, should_stop: Callable[[], bool]) -> int:
        """Runs a program as `running.run_python` does, on a machine that has room for it.

        One whose machine is lost begins again elsewhere, where it goes on from what it saved.

        Raises:
          UserError: a machine has no such checkout, or other code in it.
        """
        errors = self.ray.exceptions
        for _ in range(ATTEMPTS):
            try:
                return self._run_once(words, log, should_stop)
            except (errors.RayActorError, errors.OutOfMemoryError):
                if should_stop():
                    break
                progress.say(f"the machine that ran {words[0]} is lost, or killed it: once more")
        return _KILLED

    def _run_once(self, words: Sequence[str], log: Path, should_stop: Callable[[], bool]) -> int:
        program = self.ray.remote(_RemoteProgram).options(
            num_cpus=self.cores,
            num_gpus=self.gpus,
            max_concurrency=2,  # a program, and the word that it shall stop
            scheduling_strategy="SPREAD",
        )
        actor = program.remote(str(self.checkout.absolute()), self.code)
        try:
            call = actor.run.remote(list(words), str(log))
            is_asked = False
            while not self.ray.wait([call], timeout=running.SECONDS_BETWEEN_LOOKS)[0]:
                if should_stop() and not is_asked:
                    actor.stop.remote()
                    is_asked = True
            code, error = self.ray.get(call)
        finally:
            self.ray.kill(actor)
        if error:
            raise UserError(error)
        return int(code)

    def divide(self, runner: running.Runner, jobs: int) -> list[running.Runner]:
        """So many runners like this one, each with such a part of the cluster.

        Raises:
          UserError: there are several, and machines have TPUs, of which every trial takes all.
        """
        if jobs > 1 and any(each.get("TPU", 0) for each in self._machines()):
            raise UserError(
                f"--jobs={jobs}: Ray would put several trials on one machine, and TPU chips are "
                "not divided; take --jobs=1, or start the sweep on each TPU machine with the same "
                "folder, without --ray-address"
            )
        return [
            dataclasses.replace(
                runner,
                program=self.run,
                claims=Claims(),
                visible_after=VISIBLE_AFTER_SECONDS,
                quiet=number > 0,
            )
            for number in range(jobs)
        ]


class _RemoteProgram:
    """An actor that runs one program on its machine."""

    def __init__(self, checkout: str, code: str) -> None:
        self._checkout, self._code, self._stop = checkout, code, threading.Event()

    def run(self, words: Sequence[str], log: str) -> tuple[int, str]:
        """The exit code; and what the user must mend, "" if there is nothing."""
        try:
            os.chdir(self._checkout)
            check_code(Path(), self._code)
        except (UserError, OSError) as error:
            return 0, f"{os.uname().nodename}, a machine of the Ray cluster: {error}"
        return running.run_python(words, Path(log), self._stop.is_set), ""

    def stop(self) -> None:
        self._stop.set()
