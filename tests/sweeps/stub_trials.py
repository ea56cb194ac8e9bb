"""Trials whose programs are stubs: they note that they were run, and leave what real ones leave."""

import json
import re
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from spatialvlm_jax.config import load_experiment
from spatialvlm_jax.signals import StopRequest
from spatialvlm_jax.sweeps.record import ArmRecord, SweepRecord, Trial
from spatialvlm_jax.sweeps.running import Runner

ARMS = tuple(ArmRecord(name, (), name * 16, 40) for name in "abc")


def stub_sweep(folder: Path, seeds: int = 2) -> list[Trial]:
    record = SweepRecord("configs/debug.py", (), ARMS, seeds)
    record.save(folder)
    return record.list_trials(folder)


def stub_program(journal: Path, behave: Callable[[str], int] = lambda called: 0):
    """A program that adds a line to the journal, "a1 train.py", and behaves as that says."""

    def program(words: Sequence[str], log: Path, should_stop: Callable[[], bool]) -> int:
        (workdir,) = [Path(word[10:]) for word in words if word.startswith("--workdir=")]
        called = f"{workdir.parent.name[0]}{workdir.name[-1]} {words[0]}"
        with journal.open("a") as file:
            file.write(called + "\n")
        with log.open("a") as file:
            file.write(f"{called} said this\n")
        code = behave(called)
        made = "model.safetensors" if words[0] == "train.py" else "summary.json"
        (workdir / made).write_text('{"within_25": {"value": 0.5}, "cider": {"value": null}}')
        return code

    return program


def stub_runner(
    program, *, request=None, check=lambda: None, after_trial=lambda: None, **options
) -> Runner:
    experiment = load_experiment("configs/debug.py")
    return Runner(
        {arm.digest: experiment for arm in ARMS},
        request or StopRequest(),
        check,
        after_trial,
        program,
        **options,
    )


def read_journal(journal: Path) -> list[str]:
    return [line for line in journal.read_text().splitlines() if re.match(r"\w\d ", line)]


if __name__ == "__main__":  # a sweep to be killed while its third training runs
    folder, slow = map(Path, sys.argv[1:])

    def behave(called: str) -> int:
        if called == "c1 train.py":
            slow.write_text(json.dumps(called))
            time.sleep(600)
        return 0

    stub_runner(stub_program(folder / "journal", behave)).run(stub_sweep(folder))
