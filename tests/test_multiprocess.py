"""A run of two real processes: it trains, evaluates, saves, goes on as one and as two, and stops.

Two processes with a device each do what one process with two devices does, to the bit; one device
does the same to rounding. Where one device is enough, it is that of the process that tests.
"""

import json
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest

import eval as evaluation_script
import train
from benchmarks.kill import Run, kill_run, wait_until
from spatialvlm_jax.evaluation.evaluators.distributions import SUFFIX
from spatialvlm_jax.evaluation.report.results import load_evaluations
from spatialvlm_jax.weights.checkpoint_folders import checkpoint_damage
from spatialvlm_jax.weights.safetensor_files import read_safetensors
from tests.generation.pictures import PictureSource, store_pictures

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("leave_no_trace"),
    pytest.mark.xdist_group("multiprocess"),
]
TRAINED = ("train.steps=8",)
# Decay multiplies every matrix by a million in each step.
BLOWS_UP = ("optim.peak_lr=1000", "optim.weight_decay=1000")
WATCHED = ("train.profile_steps=(3, 4)",)
EVALUATED = (
    *("eval.images=5", "eval.batch_size=3", "eval.max_answer_tokens=4"),
    *("eval.scored_values=8", "eval.probes=other_picture,swap"),
)


@pytest.fixture(scope="session")
def data(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("multiprocess_data")
    store_pictures(PictureSource(), {"train": 24, "validation": 5}, folder)
    return folder


@pytest.fixture(scope="module")
def pair(data, tmp_path_factory) -> Run:
    """Eight steps of two processes, evaluated at the end, two of them traced."""
    workdir = tmp_path_factory.mktemp("pair") / "run"
    run = Run(workdir, data, (*TRAINED, "eval.every=8", *EVALUATED, *WATCHED))
    run.finish(2)
    return run


@pytest.fixture(scope="module")
def one(pair, tmp_path_factory) -> Run:
    """The same of one process with two devices."""
    run = Run(tmp_path_factory.mktemp("one") / "run", pair.data, pair.overrides)
    run.finish(1, devices=2)
    return run


def weights(run: Run) -> dict[str, np.ndarray]:
    return read_safetensors(run.workdir / "model.safetensors")[0]


def assert_same(run: Run, other: Run) -> None:
    assert list(run.losses()) == list(range(1, 9))
    assert run.losses() == other.losses()
    mine, theirs = weights(run), weights(other)
    assert mine.keys() == theirs.keys()
    assert all((mine[name] == theirs[name]).all() for name in mine)


def test_two_processes_do_what_one_with_two_devices_does(pair, one):
    assert_same(one, pair)
    kept = [
        {
            step: {name: figure for name, figure in summary.items() if SUFFIX not in name}
            for step, summary in load_evaluations(run.workdir).items()
        }
        for run in (one, pair)
    ]
    assert kept[0] == kept[1] != {}
    for name in ("config.json", "parameters.txt"):
        assert (one.workdir / name).read_text() == (pair.workdir / name).read_text()


def test_each_process_leaves_its_own_trace(pair):
    folders = sorted((pair.workdir / "profile").iterdir())
    assert [folder.name for folder in folders] == ["process_0", "process_1"]
    for folder in folders:
        assert len(list(folder.rglob("*.xplane.pb"))) == 1


def test_two_processes_evaluate_as_one(pair, tmp_path):
    found, medians = [], []
    for processes in (1, 2):
        if processes == 1:
            assert evaluation_script.main(pair.arguments()) == 0
        else:
            pair.finish(processes, script="eval.py")
        summary = json.loads((pair.workdir / "summary.json").read_text())
        lines = (pair.workdir / "predictions.jsonl").read_text().splitlines()
        predictions = [json.loads(line) for line in lines]
        # What follows from likelihoods is the same to their rounding.
        read = [each.pop("distribution") for each in predictions if "distribution" in each]
        medians.append([each["median"] for each in read])
        rows = (pair.workdir / "report.html").read_text().split("<tr")
        page = [row for row in rows if "Median of the" not in row and "Truth in the" not in row]
        exact = {name: figure for name, figure in summary.items() if SUFFIX not in name}
        found.append((exact, predictions, page))
    assert found[0] == found[1]
    assert len(medians[0]) > 5
    assert medians[0] == pytest.approx(medians[1], rel=0.05)
    assert summary == load_evaluations(pair.workdir)[8]


def test_two_by_two_devices_split_otherwise_do_the_same_to_rounding(pair, tmp_path):
    mesh = ("config.mesh.data=1", "config.mesh.fsdp=2", "config.mesh.tensor=2")
    changes = tuple(change.removeprefix("config.") for change in mesh)
    run = Run(tmp_path / "run", pair.data, (*pair.overrides, *changes))
    run.finish(2, devices=2)
    alone = Run(tmp_path / "alone", pair.data, TRAINED)
    assert train.main(alone.arguments()) == 0
    for other in (run, alone):
        found, expected = other.losses(), pair.losses()
        assert found.keys() == expected.keys()
        np.testing.assert_allclose(list(found.values()), list(expected.values()), rtol=1e-4)


def test_sigterm_to_one_process_saves_and_ends_both(pair, tmp_path):
    run = Run(tmp_path / "run", pair.data, ("train.steps=10000", "checkpoint.every=10000"))
    started = run.start(2)
    wait_until(lambda: max(run.losses(), default=0) >= 5, run, started)
    started[1].send_signal(signal.SIGTERM)
    assert [process.wait() for process in started] == [0, 0], run.words()
    (saved,) = (run.workdir / "checkpoints").iterdir()
    assert checkpoint_damage(saved) is None
    assert int(saved.name) == max(run.losses()) >= 5


def test_a_bad_number_stops_both_and_each_keeps_its_rows(pair, tmp_path):
    run = Run(tmp_path / "run", pair.data, (*pair.overrides, *BLOWS_UP))
    started = run.start(2)
    assert [process.wait() for process in started] == [1, 1], run.words()
    kept = sorted(run.workdir.glob("non_finite_step_*.npz"))
    step = kept[0].name.removeprefix("non_finite_step_").split(".")[0]
    assert [path.name.removeprefix(f"non_finite_step_{step}") for path in kept] == [
        ".process_0.npz",
        ".process_1.npz",
    ]
    assert f"step {step}: loss" in run.log(0).read_text()
    assert len(np.load(kept[0])["tokens"]) == 4
    assert not any((run.workdir / "checkpoints").iterdir())


@pytest.mark.parametrize(
    ("before", "after", "damage", "reason"),
    [(1, 2, "truncated", "bytes, not"), (2, 1, "flipped", "has changed since")],
)
def test_another_number_of_processes_goes_on_from_before_a_damaged_checkpoint(
    pair, one, tmp_path, before, after, damage, reason
):
    """Damaged is what the last process wrote: it is named, and the checkpoint before it is used."""
    run = Run(tmp_path / "run", pair.data, TRAINED)
    shutil.copytree((one if before == 1 else pair).workdir, run.workdir)
    (run.workdir / "model.safetensors").unlink()
    newest = run.workdir / "checkpoints" / "8"
    folder = newest / "state" / f"ocdbt.process_{before - 1}"
    written = [path for path in folder.rglob("*") if path.is_file()]
    file = max(written, key=lambda path: path.stat().st_size)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 16
    file.write_bytes(content[:-1] if damage == "truncated" else content)

    run.finish(after, devices=2 // after)
    (warning,) = [line for line in run.log(0).read_text().splitlines() if "going back" in line]
    assert f"checkpoint {newest}: {file.relative_to(newest)} has " in warning
    assert reason in warning
    assert (run.workdir / "checkpoints" / "8.damaged").is_dir()
    assert checkpoint_damage(newest) is None
    assert_same(run, pair)


def test_kills_at_random_moments_change_nothing(data, tmp_path):
    result = kill_run(2, tmp_path, 0, data)
    assert result["differing"] == []
    assert any(kill["saving"] for kill in result["kills"])
    assert all(kill["survivor_ended_itself"] for kill in result["kills"])
