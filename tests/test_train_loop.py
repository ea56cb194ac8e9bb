"""The order of the loop, with a step that is plain arithmetic."""

import dataclasses
import os
import signal
import time
import types
from typing import Any

import numpy as np
import pytest

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.experiment import (
    CheckpointConfig,
    DataConfig,
    EvalConfig,
    Experiment,
    OptimConfig,
    TrainConfig,
)
from spatialvlm_jax.metrics_rows import read_rows
from spatialvlm_jax.signals import listening
from spatialvlm_jax.training.batches import NumberedBatches
from spatialvlm_jax.training.logging import throughput
from spatialvlm_jax.training.logging.metrics_file import MetricsWriter
from spatialvlm_jax.training.logging.recorder import NonFiniteLossError, Recorder
from spatialvlm_jax.training.logging.throughput import Meter
from spatialvlm_jax.training.processes.stop import RunStop
from spatialvlm_jax.training.schedules import Evaluations, Saves
from tests.fake_batches import BATCH
from train import run_steps


@dataclasses.dataclass
class CountingState:
    step: int


class RecordingCheckpoints:
    def __init__(self):
        self.saved = []

    def save(self, state: Any, data: Any, metadata: Any) -> None:
        self.saved.append(state.step)

    def close(self) -> None:
        pass


@pytest.fixture
def stop():
    with listening() as request:
        request.defer()
        yield RunStop(request)


def terminate(stop):
    """Sends SIGTERM, and waits until the thread that listens has heard it."""
    os.kill(os.getpid(), signal.SIGTERM)
    while not stop.request.requested:
        time.sleep(0.001)


@dataclasses.dataclass
class Parts:
    """What the loop is called with."""

    step: Any
    batches: Any
    log: Any
    saves: Any
    evaluations: Any

    def run(self, state, data):
        batches = dataclasses.replace(self.batches, data=data)
        return run_steps(state, self.step, batches, self.log, self.saves, self.evaluations)


def make_loop(workdir, stop, *, steps=6, every=4, step=None, evaluate=None, first=0, schedule=None):
    def count(state, batch):
        return CountingState(state.step + 1), {
            "loss": np.float32(state.step + 1),
            "grad_norm": np.float32(1),
        }

    experiment = Experiment(
        data=DataConfig(batch_size=2),
        optim=OptimConfig(warmup_steps=0),
        train=TrainConfig(steps=steps, log_every_steps=2),
        checkpoint=CheckpointConfig(every=every),
        eval=schedule or EvalConfig(),
    )
    writer = MetricsWriter(workdir, first)
    log = Recorder(writer, experiment, workdir, first, Meter())
    return Parts(
        step=step or count,
        batches=NumberedBatches(iter(()), lambda batch: batch, stop, log.meter),
        log=log,
        saves=Saves(experiment, RecordingCheckpoints(), None, {}, first),
        evaluations=Evaluations(experiment, writer, evaluate or (lambda state: {})),
    )


def endless():
    while True:
        yield BATCH


def trained(made, first=0):
    state = made.run(CountingState(first), endless())
    made.log.writer.close()
    return state.step, made.saves.checkpoints.saved, read_rows(made.log.writer.path)


def test_every_step_has_its_row_and_saves_follow_the_schedule(tmp_path, stop):
    step, saved, rows = trained(make_loop(tmp_path, stop))
    assert (step, saved) == (6, [4, 6])
    assert [(row["step"], row["loss"]) for row in rows] == [(i, float(i)) for i in range(1, 7)]
    assert [row["step"] for row in rows if "pairs_per_second" in row] == [2, 4, 6]


def test_pairs_a_second_leave_out_compiling_and_evaluating(tmp_path, stop, monkeypatch):
    """4 pairs a step, half a second each, on a clock that moves only when it is told to.

    A row is written while the next step runs, here after it, unless a save asks for it at once.
    """
    clock = types.SimpleNamespace(now=0.0)
    clock.monotonic = lambda: clock.now
    monkeypatch.setattr(throughput, "time", clock)

    def step(state, batch):
        clock.now += 100.0 if state.step == 0 else 0.5
        return CountingState(state.step + 1), {"loss": np.float32(1), "grad_norm": np.float32(1)}

    def evaluate(state):
        clock.now += 100.0
        return {"x": 1.0}

    made = make_loop(tmp_path, stop, steps=8, step=step, evaluate=evaluate,
                     schedule=EvalConfig(every=4))  # fmt: skip
    rows = trained(made)[2]
    found = {row["step"]: row["pairs_per_second"] for row in rows if "pairs_per_second" in row}
    assert sorted(found) == [2, 4, 6, 8]
    assert all(rate in (8.0, 16.0) for rate in found.values())


def test_a_finished_run_does_nothing(tmp_path, stop):
    assert trained(make_loop(tmp_path, stop, first=6), first=6)[:2] == (6, [])


def test_evaluation_follows_its_schedule(tmp_path, stop):
    made = make_loop(
        tmp_path,
        stop,
        steps=5,
        every=2,
        evaluate=lambda state: {"x": state.step},
        schedule=EvalConfig(every=2, at_start=True),
    )
    _, _, rows = trained(made)
    assert [row["step"] for row in rows if "eval/x" in row] == [0, 2, 4, 5]


def test_an_evaluation_lost_to_a_kill_is_made_up_for_once(tmp_path, stop):
    schedule, asked = EvalConfig(every=4), []

    def evaluate(state):
        asked.append(state.step)
        return {"x": 1.0}

    trained(make_loop(tmp_path, stop, steps=4, schedule=schedule))
    for _ in range(2):
        made = make_loop(tmp_path, stop, steps=4, first=4, evaluate=evaluate, schedule=schedule)
        trained(made, first=4)
        assert asked == [4]


def test_sigterm_saves_the_step_it_came_in(tmp_path, stop):
    def terminated(state, batch):
        if state.step == 2:
            terminate(stop)
        return CountingState(state.step + 1), {"loss": np.float32(1), "grad_norm": np.float32(1)}

    step, saved, rows = trained(make_loop(tmp_path, stop, step=terminated, every=100))
    assert (step, saved) == (3, [3])
    assert [row["step"] for row in rows] == [1, 2, 3]


def test_sigterm_to_the_loaders_workers_too_does_not_keep_it_from_saving(tmp_path, stop):
    def workers_die():
        yield BATCH
        yield BATCH
        terminate(stop)
        raise RuntimeError("a worker was terminated")

    made = make_loop(tmp_path, stop, every=100)
    assert made.run(CountingState(0), workers_die()).step == 2
    assert made.saves.checkpoints.saved == [2]


def test_a_loader_that_fails_is_not_passed_over(tmp_path, stop):
    def fails():
        yield BATCH
        raise RuntimeError("no such record")

    with pytest.raises(RuntimeError, match="no such record"):
        make_loop(tmp_path, stop).run(CountingState(0), fails())


def test_sigterm_ends_an_evaluation_at_once_and_saves(tmp_path, stop):
    def evaluate(state):
        terminate(stop)
        stop.check()  # as between two batches
        raise AssertionError("the evaluation went on")

    made = make_loop(tmp_path, stop, evaluate=evaluate, every=100, schedule=EvalConfig(every=3))
    assert trained(made)[:2] == (3, [3])


@pytest.mark.parametrize("name", ["loss", "grad_norm"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_bad_number_stops_before_anything_is_saved(tmp_path, stop, name, value):
    def broken(state, batch):
        metrics = {"loss": np.float32(1), "grad_norm": np.float32(1)}
        if state.step == 3:
            metrics[name] = np.float32(value)
        return CountingState(state.step + 1), metrics

    made = make_loop(tmp_path, stop, step=broken, every=4)
    with pytest.raises(NonFiniteLossError, match=r"step 4: .*non_finite_step_4\.npz"):
        made.run(CountingState(0), endless())
    made.log.writer.close()
    assert made.saves.checkpoints.saved == []
    assert [row["step"] for row in read_rows(made.log.writer.path)] == [1, 2, 3]
    saved = np.load(tmp_path / "non_finite_step_4.npz")
    np.testing.assert_array_equal(saved["tokens"], BATCH.tokens)
    np.testing.assert_array_equal(saved["images"], BATCH.images)


def test_data_that_ends_is_an_error(tmp_path, stop):
    with pytest.raises(UserError, match="ran out before step 2"):
        make_loop(tmp_path, stop).run(CountingState(0), iter([BATCH]))


def test_time_spent_on_loading_and_placing_is_waiting_for_data(tmp_path, stop, monkeypatch):
    """A step takes 2 seconds, a batch 5, its way to the devices 1."""
    clock = types.SimpleNamespace(now=0.0)
    clock.monotonic = lambda: clock.now
    monkeypatch.setattr(throughput, "time", clock)

    def passes(seconds, result):
        clock.now += seconds
        return result

    def step(state, batch):
        metrics = {"loss": np.float32(1), "grad_norm": np.float32(1)}
        return passes(2, (CountingState(state.step + 1), metrics))

    made = make_loop(tmp_path, stop, step=step, every=1)
    made.batches = dataclasses.replace(made.batches, to_devices=lambda batch: passes(1, batch))
    made.run(CountingState(0), (passes(5, BATCH) for _ in range(9)))
    made.log.writer.close()
    rows = {row["step"]: row for row in read_rows(made.log.writer.path)}
    assert [rows[step].get("data_wait_share") for step in (1, 2, 3, 4)] == [None, 0.75, None, 0.75]
    assert rows[2]["step_seconds"] == 8
    assert all(rows[step]["fill"] == 1 and rows[step]["pairs_per_row"] == 2 for step in rows)
