"""Runs trials one after the other, and shares them with others that run the same sweep."""

import dataclasses
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from spatialvlm_jax import progress
from spatialvlm_jax.atomic_write import write_json, write_text
from spatialvlm_jax.config import RUN_CONFIG
from spatialvlm_jax.experiment import Experiment
from spatialvlm_jax.shared_folder import wait_until_visible
from spatialvlm_jax.signals import StopRequest
from spatialvlm_jax.storage.only_writer import only_writer
from spatialvlm_jax.sweeps.claims import Claim, Claims
from spatialvlm_jax.sweeps.failures import record_failure
from spatialvlm_jax.sweeps.hparams import write_hparams
from spatialvlm_jax.sweeps.identity import seeded
from spatialvlm_jax.sweeps.record import FAILED, FINISHED, LOG, Trial

SECONDS_BETWEEN_LOOKS = 0.5
# Runs the words of a Python command line, its output behind that of a file; the exit code. The
# second asks whether to stop.
Program = Callable[[Sequence[str], Path, Callable[[], bool]], int]


def run_python(
    words: Sequence[str],
    log: Path,
    should_stop: Callable[[], bool],
    environment: Mapping[str, str] | None = None,
) -> int:
    """Runs Python with these words, its output added to `log`; returns the exit code.

    Once `should_stop` says so, it is sent SIGTERM, and saves what it has.

    Args:
      environment: variables that it has beside those of this process.
    """
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, *words],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **(environment or {})},
        )
        asked = False
        while process.poll() is None:
            time.sleep(SECONDS_BETWEEN_LOOKS)
            if should_stop() and not asked:
                process.terminate()
                asked = True
        return process.returncode


@dataclasses.dataclass(frozen=True)
class Runner:
    """What runs the trials of a sweep.

    experiments: of each arm, by its digest. request: whether to stop.
    check: raises where a trial would not be what it is told by, before and after it ran.
    after_trial: called when a trial of this process is over.
    program: runs a command line. claims: of this process and others.
    fail_fast: stop at the first failure. visible_after: seconds after which files that another
    machine wrote are seen here. quiet: another runner of this process tells how far it is.
    """

    experiments: Mapping[str, Experiment]
    request: StopRequest
    check: Callable[[], None]
    after_trial: Callable[[], object]
    program: Program = dataclasses.field(default_factory=lambda: run_python)
    claims: Claims = dataclasses.field(default_factory=Claims)
    fail_fast: bool = False
    visible_after: float = 0.0
    quiet: bool = False

    def run(self, trials: Sequence[Trial]) -> bool:
        """Runs all that are not over, and waits for those of others.

        Returns:
          False where a stop was asked for, or a failure stopped it.
        """
        over = sum(trial.is_over for trial in trials)
        is_waiting = False
        total, quiet = len(trials), self.quiet
        with progress.bar(
            desc="sweep", unit="trial", total=total, initial=over, quiet=quiet
        ) as bar:
            while not self.request.requested:
                found = sum(trial.is_over for trial in trials)
                bar.update(found - over)
                over = found
                if self.fail_fast and any(trial.has_failed for trial in trials):
                    return False
                if over == total:
                    return True
                if any(map(self._take, trials)):
                    is_waiting = False
                    continue
                if not is_waiting and not quiet:
                    progress.say(f"waiting for {total - over} trials that others run")
                is_waiting = True
                time.sleep(SECONDS_BETWEEN_LOOKS)
        return False

    def _take(self, trial: Trial) -> bool:
        """Whether the trial was there to be run, and this process ran it."""
        if trial.is_over:
            return False
        with self.claims.take(trial.workdir) as claim:
            # It may be over since the claim of another was released.
            if claim is None or trial.is_over:
                return False
            progress.say(f"{trial.title}: {trial.workdir}")
            self._run_trial(trial, claim)
        self.after_trial()
        return True

    def _run_trial(self, trial: Trial, claim: Claim) -> None:
        self.check()
        workdir, begin = trial.workdir, time.monotonic()
        for folder in (workdir, workdir / "evaluations"):
            with only_writer(folder, wait=True):  # what a killed sweep left running
                pass
        experiment = seeded(self.experiments[trial.arm.digest], trial.seed)
        config = workdir / RUN_CONFIG
        write_json(config, dataclasses.asdict(experiment))
        write_text(workdir / LOG, "")
        (workdir / "summary.json").unlink(missing_ok=True)
        # Of a cluster of processes each runs trials of its own, and none waits for the others.
        place = (f"--workdir={workdir}", "--processes=1")
        commands = (
            (["train.py", f"--config={config}", *place], "model.safetensors"),
            (["eval.py", *place], "summary.json"),
        )

        def should_stop() -> bool:
            return self.request.requested or claim.lost

        for words, makes in commands:
            code = self.program(words, workdir / LOG, should_stop)
            if should_stop():
                return
            self.check()
            if code or not wait_until_visible([workdir / makes], self.visible_after):
                failure = record_failure(workdir, words, code)
                progress.say(f"{trial.title} failed: {failure['cause']}")
                return
        write_hparams(trial)
        write_json(workdir / FINISHED, _ending(trial, time.monotonic() - begin))


def forget_failures(trials: Sequence[Trial]) -> None:
    """Lets trials that failed be run again."""
    for trial in trials:
        (trial.workdir / FAILED).unlink(missing_ok=True)


def _ending(trial: Trial, seconds: float) -> dict[str, Any]:
    """What is kept of a trial that went well."""
    arm = trial.arm
    return {
        "arm": arm.name,
        "changes": arm.changes,
        "digest": arm.digest,
        "seed": trial.seed,
        "seconds": round(seconds, 1),
    }
