"""`spatialvlm sweep`: what it plans, and what it refuses."""

import json
from pathlib import Path

import numpy as np

from spatialvlm_jax.cli import main
from spatialvlm_jax.sweeps import running
from spatialvlm_jax.sweeps.plan import changed_arms, plan_sweep
from spatialvlm_jax.sweeps.record import load_sweep
from spatialvlm_jax.weights.checkpoint_folders import write_manifest
from tests.sweeps.stored_answers import IMAGES, PER_IMAGE, write_answers
from tests.test_repository import ROOT

COMMAND = ["sweep", f"--config={ROOT / 'configs/debug.py'}"]
GRID = [
    "--grid",
    "optim.freeze=(),('encoder',)",
    "--grid",
    "data.datasets[0].noise_std_metres=0,0.3",
]


def test_a_dry_run_prints_the_arms_and_writes_nothing(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    out = tmp_path / "sweep"
    words = [*COMMAND, *GRID, "--seeds=3", f"--out={out}", "--config.train.steps=20", "--dry-run"]
    assert main(words) == 0
    text = capsys.readouterr().out
    assert "optim.freeze=('encoder',), data.datasets[0].noise_std_metres=0.3" in text
    assert "trials: 12, to run: 12, with steps: 240" in text
    assert "memory and hours of each arm: --topology=CHIP:SHAPE tells them" in text
    assert "the most that are run" not in text
    assert not out.exists()
    assert main([*words, "--until-mde=.02"]) == 0
    assert "these are the most that are run: seeds are added" in capsys.readouterr().out


def test_a_grid_of_the_command_line_sets_lists_and_fields_of_lists():
    plan = plan_sweep("configs/debug.py", [], [GRID[1], GRID[3]], 3, None, ROOT)
    arms = [plan.experiments[each.digest] for each in plan.record.arms]
    assert [each.optim.freeze for each in arms] == [(), (), ("encoder",), ("encoder",)]
    noise = [[one.noise_std_metres for one in each.data.datasets] for each in arms]
    assert noise == [[0, 0], [0.3, 0]] * 2
    assert len(plan.record.list_trials(Path("out"))) == 12


def test_arms_that_are_the_same_are_run_once(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    assert main([*COMMAND, "--grid=train.steps=40,4e1", f"--out={tmp_path}", "--dry-run"]) == 0
    text = capsys.readouterr().out
    assert "train.steps=4e1: the same as train.steps=40, and left out" in text
    assert "trials: 1, " in text


def test_all_arms_begin_with_the_checkpoint_of_a_step(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    step = tmp_path / "base" / "checkpoints" / "300"
    (step / "state").mkdir(parents=True)
    write_manifest(step)
    words = [*COMMAND, *GRID[:2], f"--out={tmp_path / 'out'}", "--dry-run"]
    assert main([*words, f"--from={tmp_path / 'base'}@300"]) == 0
    branched = capsys.readouterr().out
    assert main(words) == 0
    digests = [
        [line.split()[-1] for line in text.splitlines()[2:4]]
        for text in (branched, capsys.readouterr().out)
    ]
    assert len({*digests[0], *digests[1]}) == 4
    for place, said in (
        (f"{tmp_path / 'base'}@20", "no whole checkpoint of step 20; there are: 300"),
        (f"{tmp_path / 'base'}", "name a run and one of its checkpoints, as in runs/base@300"),
    ):
        assert main([*words, f"--from={place}"]) == 2
        assert said in capsys.readouterr().err


def test_mistakes_are_told_in_one_line(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    out = f"--out={tmp_path}"
    for words, said in (
        (["sweep", out], "--config and --out say what to run"),
        ([*COMMAND, out, "--grid=optim.peak_rl=1"], "did you mean peak_lr?"),
        ([*COMMAND, out, "--grid=train.steps=40,40"], "two arms of the sweep are called"),
        ([*COMMAND, out, "--trials="], "it is empty"),
        ([*COMMAND, out, "--until-mde=.02"], "--seeds=1 leaves none to add: name the most"),
        ([*COMMAND, out, "--until-mde=.02", "--seeds=2"], "--seeds=2 leaves none to add"),
        (["sweep", "table", str(tmp_path)], "holds no sweep (sweep.json)"),
    ):
        assert main(words) == 2
        assert said in capsys.readouterr().err
    monkeypatch.setenv("SPATIALVLM_PROCESSES", "2")
    assert main([*COMMAND, out]) == 2
    assert "a trial of a sweep is one process: unset" in capsys.readouterr().err
    monkeypatch.delenv("SPATIALVLM_PROCESSES")
    (tmp_path / "config.json").write_text("{}")
    assert main([*COMMAND, out]) == 2
    assert "is no sweep's: name a new folder" in capsys.readouterr().err
    monkeypatch.chdir(tmp_path)
    assert main([*COMMAND, f"--out={tmp_path / 'new'}"]) == 2
    assert "start it at the top of the checkout" in capsys.readouterr().err


def test_a_sweep_is_kept_as_it_was_planned(tmp_path):
    def plan(*overrides: str):
        return plan_sweep("configs/debug.py", overrides, ["train.steps=5,6"], 2, None, ROOT).record

    record = plan("--config.optim.warmup_steps=2")
    record.save(tmp_path)
    assert load_sweep(tmp_path) == record
    assert [each.title for each in record.list_trials(tmp_path)] == [
        "train.steps=5, seed 1", "train.steps=6, seed 1",
        "train.steps=5, seed 2", "train.steps=6, seed 2",
    ]  # fmt: skip
    assert changed_arms(record, record) == []
    assert changed_arms(plan("--config.optim.warmup_steps=1"), record) == [
        "train.steps=5", "train.steps=6",
    ]  # fmt: skip


def answering(monkeypatch, dataset=lambda steps: "spatial"):
    """Stands for both programs; what is right is drawn by seed and arm."""

    def run(words, log, should_stop):
        (workdir,) = [Path(word[10:]) for word in words if word.startswith("--workdir=")]
        if words[0] == "train.py":
            (workdir / "model.safetensors").touch()
        else:
            (workdir / "summary.json").write_text("{}")
            config = json.loads((workdir / "config.json").read_text())
            seed = [config["train"]["seed"], config["train"]["steps"]]
            right = np.random.default_rng(seed).random((IMAGES, PER_IMAGE)) < 0.75
            write_answers(workdir, lambda image, question: bool(right[image, question]))
            file = workdir / "predictions.jsonl"
            rows = [json.loads(line) for line in file.read_text().splitlines()]
            for row, is_right in zip(rows, right.flat, strict=True):
                row["dataset"] = dataset(seed[1])
                if row["unit"] and not is_right:
                    row["predicted_value"] *= 2
            file.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return 0

    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(running, "run_python", run)


def test_seeds_are_added_until_all_arms_can_show_the_wanted_difference(
    tmp_path, monkeypatch, capsys
):
    answering(monkeypatch)
    command = [*COMMAND, "--grid=train.steps=39,40", "--seeds=6"]
    # Two seeds, of one degree of freedom, cannot show a difference as large as shares can have.
    for wanted, seeds in (("1", 3), ("1e-5", 6)):
        out = tmp_path / wanted
        assert main([*command, f"--until-mde={wanted}", f"--out={out}"]) == 0
        assert load_sweep(out).seeds == seeds
        assert len(list((out / "trials").glob("*/*/finished.json"))) == 2 * seeds
        is_said = "seed 6 is the last, and 1e-05 cannot be shown" in capsys.readouterr().out
        assert is_said == (seeds == 6)


def test_arms_that_cannot_be_compared_are_trained_to_the_last_seed(tmp_path, monkeypatch, capsys):
    answering(monkeypatch, dataset=lambda steps: f"set {steps}")
    command = [*COMMAND, "--grid=train.steps=39,40", "--seeds=3", "--until-mde=.1"]
    assert main([*command, f"--out={tmp_path}"]) == 2
    assert "have no question in common" in capsys.readouterr().err
    assert len(list((tmp_path / "trials").glob("*/*/finished.json"))) == 6
