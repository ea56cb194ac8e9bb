"""The real entry point, tiny: it trains, goes on, refuses, and survives being killed."""

import io
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import jax
import pytest

import eval as evaluation_script
import train
from spatialvlm_jax.metrics_rows import read_rows
from spatialvlm_jax.storage.only_writer import only_writer
from spatialvlm_jax.streams import BROKEN_PIPE
from spatialvlm_jax.training import sharding
from spatialvlm_jax.training.logging.metrics_file import reproducible
from spatialvlm_jax.weights.checkpoint_folders import checkpoint_damage
from spatialvlm_jax.weights.safetensor_files import read_safetensors

pytestmark = pytest.mark.usefixtures("leave_no_trace")
ROOT = Path(train.__file__).parent


def arguments(data: Path, workdir: Path, *overrides: str) -> list[str]:
    """The debug configuration, of one layer, on hand-made pictures: mixture and packing on."""
    places = [f"data.datasets[{i}]" for i in (0, 1)] + [f"eval.datasets[{i}]" for i in (0, 1)]
    changes = [f"{place}.path={data}" for place in places]
    changes += ["model.encoder.depth=1", "model.decoder.depth=1", "data.length=96"]
    changes += ["checkpoint.every=4", "optim.warmup_steps=2"]
    changes += ["optim.schedule=constant", *overrides]
    config = ROOT / "configs" / "debug.py"
    return [f"--config={config}", f"--workdir={workdir}", *(f"--config.{c}" for c in changes)]


def losses(workdir: Path) -> dict[int, float]:
    rows = [row for row in read_rows(workdir / "metrics.jsonl") if "loss" in row]
    assert len({row["step"] for row in rows}) == len(rows)
    return {row["step"]: row["loss"] for row in rows}


def rows(workdir: Path) -> list[dict]:
    """All that a run has on record, without what the machine decides."""
    return [reproducible(row) for row in read_rows(workdir / "metrics.jsonl")]


@pytest.fixture(scope="module")
def finished(data, tmp_path_factory) -> Path:
    """The workdir of an unbroken run of four steps."""
    workdir = tmp_path_factory.mktemp("finished")
    assert train.main(arguments(data, workdir, "train.steps=4")) == 0
    return workdir


def test_two_steps_then_four_are_four(data, finished, tmp_path, capsys):
    for steps in (2, 4):
        assert train.main(arguments(data, tmp_path, f"train.steps={steps}")) == 0
        assert ("going on from step 2\n" in capsys.readouterr().out) == (steps == 4)
        assert list(losses(tmp_path)) == list(range(1, steps + 1))
    assert rows(tmp_path) == rows(finished)


def test_fewer_steps_than_the_run_has_done_are_refused(data, finished, capsys):
    before = (finished / "model.safetensors").read_bytes()
    assert train.main(arguments(data, finished, "train.steps=3")) == 2
    assert "checkpoints has step 4, which is beyond train.steps=3" in capsys.readouterr().err
    assert (finished / "model.safetensors").read_bytes() == before


def test_looking_closer_changes_nothing_that_is_trained(data, finished, tmp_path):
    closer = "train.profile_steps=(2, 3)"
    assert train.main(arguments(data, tmp_path, "train.steps=4", closer)) == 0
    assert rows(tmp_path) == rows(finished)
    before, _ = read_safetensors(finished / "model.safetensors")
    after, _ = read_safetensors(tmp_path / "model.safetensors")
    assert all((before[name] == after[name]).all() for name in before)
    assert len(list((tmp_path / "profile").rglob("*.xplane.pb"))) == 1


def test_a_workdir_holds_what_the_run_was(finished):
    config = json.loads((finished / "config.json").read_text())
    assert config["train"]["steps"] == 4
    versions = json.loads((finished / "versions.json").read_text())
    assert versions["packages"]["jax"] == jax.__version__
    assert "encoder" in (finished / "parameters.txt").read_text()
    assert checkpoint_damage(finished / "checkpoints" / "4") is None
    arrays, header = read_safetensors(finished / "model.safetensors")
    assert header["step"] == "4"
    assert json.loads(header["config"]) == config
    taught = json.loads((finished / "taught.json").read_text())
    assert json.loads(header["taught"]) == taught
    assert "height" in taught
    names = json.loads((finished / "taught_names.json").read_text())
    assert json.loads(header["taught_names"]) == names
    assert "trash can" in names["nouns"]
    assert "decoder/embedder/embedding" in arrays
    assert any((finished / "tensorboard").iterdir())


@pytest.mark.parametrize("beginning", ["{}/model.safetensors", "{}@4"])
def test_training_takes_over_weights_and_leaves_frozen_ones(data, finished, tmp_path, beginning):
    weights = finished / "model.safetensors"
    changes = (
        f"train.init_from={beginning.format(finished)}",
        "train.steps=2",
        "optim.freeze=('encoder',)",
    )
    assert train.main(arguments(data, tmp_path, *changes)) == 0
    before, _ = read_safetensors(weights)
    after, _ = read_safetensors(tmp_path / "model.safetensors")
    frozen = [name for name in before if name.split("/")[0] in ("encoder", "dense_head")]
    assert all((before[name] == after[name]).all() for name in frozen)
    assert (before["connector/kernel"] != after["connector/kernel"]).any()


def test_weights_begin_under_their_own_rule_unless_another_is_asked_for(
    data, finished, tmp_path, capsys
):
    changes = [f"train.init_from={finished / 'model.safetensors'}", "train.steps=2"]
    changes += ["model.attention=prefix", "data.pairs_per_image=1"]
    assert train.main(arguments(data, tmp_path, *changes)) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert "was made with model.attention=image_prefix, this run has prefix" in error
    assert "--config.checkpoint.accept=model.attention" in error
    accepted = [*changes, "checkpoint.accept=model.attention"]
    assert train.main(arguments(data, tmp_path, *accepted)) == 0
    header = read_safetensors(tmp_path / "model.safetensors")[1]
    assert header["model.attention"] == "prefix"


class LeavingReader(io.StringIO):
    """Standard output whose reader leaves before the first step, as `head` does."""

    def write(self, text: str) -> int:
        if "mixture" in self.getvalue():
            raise BrokenPipeError
        return super().write(text)


@pytest.mark.slow
def test_a_run_whose_reader_leaves_is_continued_by_the_same_command(
    data, finished, tmp_path, capsys, monkeypatch
):
    changes = ("train.steps=4", "checkpoint.every=2")
    command = arguments(data, tmp_path, *changes)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", LeavingReader())
        with pytest.raises(SystemExit) as ended:
            train.main(command)
    assert ended.value.code == BROKEN_PIPE
    assert not (tmp_path / "model.safetensors").exists()
    assert train.main(command) == 0
    assert losses(tmp_path) == losses(finished)


def test_a_changed_run_needs_another_workdir(data, finished, capsys):
    assert train.main(arguments(data, finished, "train.steps=4", "data.seed=5")) == 2
    assert "data.seed=0, this run has 5" in capsys.readouterr().err
    assert json.loads((finished / "config.json").read_text())["data"]["seed"] == 0


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["optim.peek_lr=1"], "config.optim.peek_lr: no such field; did you mean peak_lr?"),
        (["data.datasets[0].worlds=none", "data.datasets[0].path=no/such/place"], "no/such/place"),
        (["data.tokenizer=no/such.model"], "no/such.model"),
        (
            ["optim.freeze=('encoder', 'connector', 'decoder', 'embeddings')", "dense=none"],
            "config.optim.freeze: it names all groups, so nothing would train: take one out",
        ),
        (["mesh.data=2"], "does not make 1 devices"),
        (["train.init_from=no/such.safetensors"], "no/such.safetensors"),
        (["train.init_from=no/w", "data.tokenizer=no/such.model"], "there are no weights at no/w"),
        (["train.init_from=nosuch"], 'no shipped checkpoint "nosuch"'),
        (["optim.warmup_steps=900"], "warmup_steps: 900 is longer than train.steps=40; such as"),
        (["train.dense_weight=0.3"], "config.train.dense_weight: it is called config.dense.weight"),
        (["dense.values=3"], "dense.values=3, but targets have 8: use_dense_targets"),
        (["train.profile_steps=(3,)"], "(3,) is not (first, last)"),
        (["train.profile_steps=(5, 4)"], "(5, 4) is not (first, last)"),
        (["train.profile_steps=(0, 4)"], "config.train.profile_steps[0]: 0 is less than 1"),
        (["train.profile_steps=(4, 41)"], "(4, 41) is not (first, last)"),
        (["checkpoint.every=0"], "config.checkpoint.every: 0 is less than 1"),
        (
            ["eval.every=40", "eval.datasets[1].split=held"],
            "eval.datasets[1], split 'held': data set 'general': ",
        ),
        (
            ["eval.at_start=True", "eval.datasets[0].worlds=none", "eval.datasets[0].path=no/set"],
            "eval.datasets[0], split 'validation': data set 'spatial': data directory no/set does",
        ),
        (["eval.every=40", "eval.datasets=()"], "eval.datasets is empty"),
    ],
)
def test_mistakes_are_one_line_and_code_2(data, tmp_path, capsys, overrides, message):
    assert train.main(arguments(data, tmp_path / "run", *overrides)) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert lines[-1].startswith("error: ")
    assert message in lines[-1]


def test_a_second_run_in_a_workdir_is_refused_before_it_touches_anything(data, tmp_path, capsys):
    with only_writer(tmp_path):
        assert train.main(arguments(data, tmp_path)) == 2
    assert f"error: another run is writing to {tmp_path}" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


@pytest.mark.parametrize("script", [train, evaluation_script])
def test_a_workdir_that_cannot_be_is_one_line_and_code_2(data, tmp_path, capsys, script):
    file = tmp_path / "file"
    file.touch()
    for workdir in (file / "run", tmp_path / ("x" * 300)):
        assert script.main(arguments(data, workdir)) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith(f"error: {tmp_path}")
        assert "; " in line


def test_a_batch_that_does_not_divide_is_refused(data, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(sharding.jax, "devices", lambda: jax.local_devices() * 8)
    assert train.main(arguments(data, tmp_path / "run", "data.batch_size=13")) == 2
    assert "batch_size 13 does not divide by the 8 parts" in capsys.readouterr().err


def start(data: Path, workdir: Path, *overrides: str) -> subprocess.Popen:
    command = [sys.executable, str(ROOT / "train.py"), *arguments(data, workdir, *overrides)]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "JAX_DISABLE_MOST_OPTIMIZATIONS": "1"},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def complaint(process: subprocess.Popen) -> str:
    return process.stderr.read()[-2000:] if process.stderr else ""


def wait_until(condition, process: subprocess.Popen) -> None:
    while not condition():
        assert process.poll() is None, complaint(process)
        time.sleep(0.005)


def steps_on_record(workdir: Path) -> int:
    path = workdir / "metrics.jsonl"
    return max(losses(workdir), default=0) if path.exists() else 0


@pytest.mark.slow
def test_a_run_killed_at_any_moment_ends_with_the_same_losses(data, tmp_path):
    """Two kills without workers and two with them, which read ahead; of each one falls into a save.

    So it goes on from nothing, from its own kind, and from a checkpoint without workers with them.
    """
    settings = ("train.steps=100", "train.log_every_steps=1")
    assert train.main(arguments(data, tmp_path / "whole", *settings)) == 0

    killed, rng = tmp_path / "killed", random.Random(0)
    saves = killed / "checkpoints"
    for kill, (workers, in_a_save) in enumerate([(0, False), (0, True), (2, True), (2, False)]):
        process = start(data, killed, *settings, f"data.workers={workers}")
        target = 10 * kill + rng.randrange(5, 10)
        wait_until(lambda target=target: steps_on_record(killed) >= target, process)
        if in_a_save:
            wait_until(lambda: any(saves.glob("*.orbax-checkpoint-tmp*")), process)
        else:
            time.sleep(rng.random() * 0.1)
        os.killpg(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    assert train.main(arguments(data, killed, *settings, "data.workers=2")) == 0
    assert rows(killed) == rows(tmp_path / "whole")
    assert len(losses(killed)) == 100


@pytest.mark.slow
def test_a_run_on_fresh_scenes_that_is_killed_ends_with_the_same_losses(data, tmp_path):
    settings = ["train.steps=16", "train.log_every_steps=1"]
    settings += [f"data.datasets[{member}].fresh=True" for member in (0, 1)]
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert train.main(arguments(data, whole, *settings)) == 0
    process = start(data, killed, *settings)
    wait_until(lambda: steps_on_record(killed) >= 6, process)
    os.killpg(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert train.main(arguments(data, killed, *settings)) == 0
    assert losses(killed) == losses(whole)


@pytest.mark.slow
def test_sigterm_saves_and_ends_well(data, tmp_path):
    process = start(data, tmp_path, "train.steps=10000", "checkpoint.every=10000")
    wait_until(lambda: steps_on_record(tmp_path) >= 10, process)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 0
    (saved,) = (tmp_path / "checkpoints").iterdir()
    assert checkpoint_damage(saved) is None
    assert int(saved.name) == steps_on_record(tmp_path) >= 10
