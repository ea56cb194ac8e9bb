"""TensorBoard files, and Weights & Biases as a stand-in that records what it is told."""

import sys
import types

import pytest

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.experiment import Experiment, OptimConfig, TrainConfig
from spatialvlm_jax.training.logging.metrics_file import MetricsWriter
from spatialvlm_jax.training.logging.sinks import check_sinks, open_sinks
from spatialvlm_jax.training.processes import multihost

EXPERIMENT = Experiment(
    name="named",
    optim=OptimConfig(warmup_steps=0),
    train=TrainConfig(steps=7, wandb_project="space"),
)


class FakeRun:
    def __init__(self, step):
        self.step, self.rows, self.finished = step, [], 0

    def log(self, values, step):
        self.rows.append((step, values))
        self.step = step

    def finish(self):
        self.finished += 1


@pytest.fixture
def wandb(monkeypatch):
    """A module `wandb` whose runs go on after the last step they were given."""
    module = types.SimpleNamespace(
        Error=type("Error", (Exception,), {}), asked=[], runs=[], failure=None
    )

    def init(**settings):
        if module.failure:
            raise module.Error(module.failure)
        module.asked.append(settings)
        module.runs.append(FakeRun(module.runs[-1].step + 1 if module.runs else 0))
        return module.runs[-1]

    module.init = init
    monkeypatch.setitem(sys.modules, "wandb", module)
    return module


def test_without_a_project_there_is_tensorboard_alone(tmp_path, wandb):
    sinks = open_sinks(Experiment(), tmp_path, 0)
    writer = MetricsWriter(tmp_path, 0, sinks)
    writer.write(1, {"loss": 0.5})
    writer.close()
    (events,) = (tmp_path / "tensorboard").iterdir()
    assert b"loss" in events.read_bytes()
    assert wandb.asked == []


def test_a_resumed_training_goes_on_in_the_same_run(tmp_path, wandb):
    for resumed, steps in ((0, (1, 2, 3)), (2, (3, 4))):
        writer = MetricsWriter(tmp_path, resumed, open_sinks(EXPERIMENT, tmp_path, resumed))
        for step in steps:
            writer.write(step, {"loss": 1 / step})
        writer.write_evaluation(steps[-1], {"accuracy": 0.5})
        writer.close()
    first, second = wandb.asked
    assert first == second
    assert first["project"] == "space"
    assert first["name"] == "named"
    assert first["resume"] == "allow"
    assert first["dir"] == str(tmp_path)
    assert first["config"]["train"]["steps"] == 7
    assert "mode" not in first
    assert first["id"] == (tmp_path / "wandb_run_id.txt").read_text().strip() != ""
    rows = [run.rows for run in wandb.runs]
    assert rows[0] == [(1, {"loss": 1}), (2, {"loss": 1 / 2}), (3, {"loss": 1 / 3}),
                       (3, {"eval/accuracy": 0.5})]  # fmt: skip
    assert rows[1] == [(4, {"loss": 1 / 4}), (4, {"eval/accuracy": 0.5})]
    assert [run.finished for run in wandb.runs] == [1, 1]


def test_another_workdir_is_another_run(tmp_path, wandb):
    for name in "ab":
        (tmp_path / name).mkdir()
        for sink in open_sinks(EXPERIMENT, tmp_path / name, 0):
            sink.close()
    assert wandb.asked[0]["id"] != wandb.asked[1]["id"]


def test_only_process_0_has_sinks(tmp_path, wandb, monkeypatch):
    monkeypatch.setattr(multihost, "is_main_process", lambda: False)
    assert open_sinks(EXPERIMENT, tmp_path, 0) == ()
    assert wandb.asked == []
    assert list(tmp_path.iterdir()) == []


def test_without_the_package_the_remedy_is_told_before_anything_else(monkeypatch):
    monkeypatch.setitem(sys.modules, "wandb", None)
    check_sinks(Experiment())
    with pytest.raises(UserError, match=r"make setup-wandb"):
        check_sinks(EXPERIMENT)


def test_a_missing_login_is_a_mistake_of_the_users(tmp_path, wandb):
    wandb.failure = "no API key configured"
    with pytest.raises(UserError, match="no API key configured; run `wandb login`"):
        open_sinks(EXPERIMENT, tmp_path, 0)
