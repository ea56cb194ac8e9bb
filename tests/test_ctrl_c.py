"""Ctrl-C at real runs, as a terminal sends it: to the process and its workers at once."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import train
from spatialvlm_jax.metrics_rows import read_rows
from spatialvlm_jax.training.logging.metrics_file import reproducible
from spatialvlm_jax.weights.checkpoint_folders import MANIFEST, checkpoint_damage
from spatialvlm_jax.weights.safetensor_files import read_safetensors

ROOT = Path(__file__).resolve().parents[1]
TINY = (
    *("model.encoder.depth=1", "model.decoder.depth=1", "dense.weight=0", "data.length=96"),
    *("optim.warmup_steps=2", "optim.schedule=constant", "checkpoint.every=4"),
    *("train.log_every_steps=1", "train.steps=80", "eval.every=16", "eval.images=2"),
    *("eval.batch_size=2", "eval.max_answer_tokens=2"),
)
STARTS_AGAIN = "stopping: nothing to save yet; the same command starts again"


def arguments(data: Path, workdir: Path, workers: int = 0) -> list[str]:
    places = [f"{part}.datasets[{i}].path={data}" for part in ("data", "eval") for i in (0, 1)]
    changes = (*places, *TINY, f"data.workers={workers}")
    config = ROOT / "configs" / "debug.py"
    return [f"--config={config}", f"--workdir={workdir}", *(f"--config.{c}" for c in changes)]


class Process:
    """A started run; `said` is what it has written on both of its streams so far."""

    def __init__(self, script: str, data: Path, workdir: Path, log: Path, workers: int = 0) -> None:
        command = [sys.executable, script, *arguments(data, workdir, workers)]
        environment = {**os.environ, "JAX_PLATFORMS": "cpu", "JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}
        self.log = log
        with log.open("w") as stream:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=stream, stderr=stream,
                start_new_session=True,
            )  # fmt: skip

    def said(self) -> str:
        return self.log.read_text()

    def wait_until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            assert self.process.poll() is None, self.said()
            time.sleep(0.002)

    def interrupt(self) -> str:
        """Sends SIGINT to all processes of the run; returns the last line after its end."""
        os.killpg(self.process.pid, signal.SIGINT)
        assert self.process.wait(timeout=120) == 130, self.said()
        assert "Traceback" not in self.said()
        assert "Error" not in self.said()
        return self.said().splitlines()[-1]


def steps(workdir: Path) -> int:
    path = workdir / "metrics.jsonl"
    rows = read_rows(path) if path.exists() else []
    return max((row["step"] for row in rows if "loss" in row), default=0)


def saved(workdir: Path) -> list[int]:
    folders = (workdir / "checkpoints").glob("*")
    return sorted(int(f.name) for f in folders if f.name.isdecimal() and (f / MANIFEST).exists())


def test_ctrl_c_while_it_starts_is_one_line(tmp_path: Path) -> None:
    run = Process("train.py", tmp_path / "data", tmp_path / "run", tmp_path / "log")
    time.sleep(0.5)  # in the midst of the imports
    assert run.interrupt() == STARTS_AGAIN
    assert run.said().count("\n") == 1


@pytest.mark.slow
@pytest.mark.usefixtures("leave_no_trace")
def test_ctrl_c_at_eight_moments_changes_nothing(data: Path, tmp_path: Path) -> None:
    whole, run = tmp_path / "whole", tmp_path / "run"
    assert train.main(arguments(data, whole)) == 0

    moments: list[Callable[[str, int], bool]] = [
        lambda said, before: (run / ".lock").exists(),
        lambda said, before: "trainable" in said,
        lambda said, before: "mixture" in said,  # workers start, the step is compiled
        lambda said, before: steps(run) > before,
        lambda said, before: any((run / "checkpoints").glob("*orbax-checkpoint-tmp*")),
        lambda said, before: steps(run) >= before + 6,
        lambda said, before: steps(run) > before and steps(run) % 16 == 0,  # in an evaluation
        lambda said, before: 80 in saved(run),  # in the export
    ]
    for number, reached in enumerate(moments):
        before = max(saved(run), default=0)
        workers = 1 if number in (2, 5) else 0
        process = Process("train.py", data, run, tmp_path / f"log{number}", workers)
        process.wait_until(lambda: reached(process.said(), before))  # noqa: B023
        last, step = process.interrupt(), max(saved(run), default=0)
        assert (number < 3) == (step == 0)
        saved_words = f"stopping: saved step {step}; the same command continues"
        assert last == (saved_words if step else STARTS_AGAIN)
        assert all(
            checkpoint_damage(run / "checkpoints" / str(step)) is None for step in saved(run)
        )
    assert train.main(arguments(data, run)) == 0
    rows = [[reproducible(row) for row in read_rows(w / "metrics.jsonl")] for w in (run, whole)]
    assert rows[0] == rows[1]
    weights = [read_safetensors(w / "model.safetensors")[0] for w in (run, whole)]
    assert all((weights[0][name] == weights[1][name]).all() for name in weights[1])

    lock = run / "evaluations" / ".lock"
    lock.unlink(missing_ok=True)
    evaluation = Process("eval.py", data, run, tmp_path / "log_eval")
    evaluation.wait_until(lock.exists)  # it has weights, and compiles
    assert evaluation.interrupt() == STARTS_AGAIN
