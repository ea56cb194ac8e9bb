"""The real entry point with stored features: its losses are those of a run on pictures."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import train
from benchmarks.kill import Run
from data_loaders import features as feature_files
from spatialvlm_jax.evaluation.report.results import load_evaluations
from spatialvlm_jax.weights.safetensor_files import read_safetensors
from tests.data_loaders.test_features import photos
from tests.test_train import ROOT, arguments, losses

pytestmark = [
    pytest.mark.usefixtures("leave_no_trace"),
    pytest.mark.xdist_group("cached_encoder"),
]
FROZEN = ("optim.freeze=('encoder',)", "train.steps=4")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory) -> tuple[str, ...]:
    """A mixture of stored pictures and of photos read where they lie."""
    config = photos(tmp_path_factory.mktemp("photos"))
    changes = {"format": "jsonl", "path": config.path, "images": config.images, "worlds": "none"}
    changes |= {"kinds": "()"}
    member = (f"data.datasets[1].{name}={value}" for name, value in changes.items())
    return (*member, "dense.weight=0")


@pytest.fixture(scope="module")
def plain(data, pictures, tmp_path_factory) -> Path:
    """The workdir of a run that encodes its pictures."""
    workdir = tmp_path_factory.mktemp("plain")
    assert train.main(arguments(data, workdir, *FROZEN, *pictures)) == 0
    return workdir


@pytest.fixture(scope="module")
def features(data, pictures, plain, tmp_path_factory) -> Path:
    """Features that a run computed, after the same checks as every run."""
    folder = tmp_path_factory.mktemp("cached") / "features"
    workdir = folder.parent / "run"
    changes = (*FROZEN, *pictures, f"data.features={folder}")
    assert train.main(arguments(data, workdir, *changes)) == 0
    return folder


def test_a_run_on_features_is_the_run_on_pictures(plain, features):
    cached = features.parent / "run"
    assert list(losses(cached)) == [1, 2, 3, 4]
    assert losses(cached) == pytest.approx(losses(plain), rel=1e-6)
    (mine, _), (theirs, _) = (
        read_safetensors(each / "model.safetensors") for each in (cached, plain)
    )
    assert mine.keys() == theirs.keys()
    # With and without the encoder two programs are compiled, which may round differently.
    for name in mine:
        np.testing.assert_allclose(mine[name], theirs[name], rtol=1e-5, atol=1e-6, err_msg=name)
    index = json.loads((features / "index.json").read_text())
    found = {entry["name"]: entry["examples"] for entry in index["data_sets"].values()}
    assert found == {"spatial": 24, "general": 5}


@pytest.mark.slow
def test_a_run_goes_on_from_pictures_to_features_and_back(
    data, pictures, plain, features, tmp_path
):
    files = {path: path.stat().st_mtime_ns for path in features.glob("*.array_record*")}
    for steps, folder in ((2, ""), (3, features), (4, "")):
        changes = (*FROZEN[:1], f"train.steps={steps}", f"data.features={folder}")
        assert train.main(arguments(data, tmp_path, *pictures, *changes)) == 0
    assert losses(tmp_path) == losses(plain)
    assert {path: path.stat().st_mtime_ns for path in features.glob("*.array_record*")} == files


@pytest.mark.slow
@pytest.mark.parametrize(("dtype", "rounding"), [("float32", 1e-6), ("bfloat16", 2e-3)])
def test_dense_targets_parts_of_a_batch_and_evaluation_work_on_features(
    data, tmp_path, dtype, rounding
):
    changes = [*FROZEN, "train.accumulate=2", "dense.weight=0.5", f"model.compute_dtype={dtype}"]
    assert train.main(arguments(data, tmp_path / "plain", *changes)) == 0
    changes += [f"data.features={tmp_path / 'features'}", "eval.every=4", "eval.images=4"]
    assert train.main(arguments(data, tmp_path / "cached", *changes)) == 0
    plain, cached = losses(tmp_path / "plain"), losses(tmp_path / "cached")
    np.testing.assert_allclose(list(cached.values()), list(plain.values()), rtol=rounding)
    assert list(load_evaluations(tmp_path / "cached")) == [4]


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["optim.freeze=()"], "data.features: it needs an encoder that does not train"),
        (["model.adapters.rank=2", "model.adapters.targets=('encoder/*',)"], "in every step"),
        (["train.seed=3"], ": weights is "),
    ],
)
def test_what_cannot_be_is_one_line_and_code_2(
    data, features, tmp_path, capsys, overrides, message
):
    changes = (*FROZEN, f"data.features={features}", *overrides)
    assert train.main(arguments(data, tmp_path, *changes)) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert lines[-1].startswith("error: ")
    assert message in lines[-1]


# Files of one picture each, a while apart, so that there is a moment to kill it.
SLOWLY = """
import runpy, sys, time
from data_loaders import feature_cache, features

write = feature_cache.write_shard
def write_slowly(path, records, **options):
    write(path, records, **options)
    time.sleep(0.1)
feature_cache.write_shard, features.SHARD_BYTES = write_slowly, 1
sys.argv.pop(0)
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_features_that_were_computed_before_a_kill_are_not_computed_again(
    data, pictures, plain, tmp_path, monkeypatch, number
):
    monkeypatch.setattr(feature_files, "SHARD_BYTES", 1)
    folder, workdir = tmp_path / "features", tmp_path / "run"
    changes = (*FROZEN, *pictures, f"data.features={folder}")
    script = [sys.executable, "-c", SLOWLY, str(ROOT / "train.py")]
    environment = {**os.environ, "JAX_DISABLE_MOST_OPTIMIZATIONS": "1", "JAX_PLATFORMS": "cpu"}

    def files() -> dict[Path, int]:
        found = folder.glob("*.array_record-?????-of-?????")
        return {path: path.stat().st_mtime_ns for path in found}

    process = subprocess.Popen(
        [*script, *arguments(data, workdir, *changes)],
        cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    while len(files()) < 5:
        assert process.poll() is None, process.communicate()[1][-2000:]
        time.sleep(0.01)
    process.send_signal(number)
    assert process.wait() == (0 if number == signal.SIGTERM else -number)
    kept = files()
    assert 5 <= len(kept) < 29
    assert train.main(arguments(data, workdir, *changes)) == 0
    assert len(files()) == 29
    assert kept.items() <= files().items()
    assert not list(folder.glob("*.incomplete-*"))
    assert losses(workdir) == pytest.approx(losses(plain), rel=1e-6)


@pytest.mark.slow
def test_two_devices_and_two_processes_compute_and_read_them(data, tmp_path):
    def run(name: str, processes: int, *changes: str) -> dict[int, float]:
        run = Run(tmp_path / name, data, (*FROZEN, *changes))
        if processes:  # otherwise it is this one, with one device
            run.finish(processes, devices=2 // processes)
        else:
            assert train.main(run.arguments()) == 0
        return run.losses()

    places = [tmp_path / name for name in ("one_process", "two_processes")]
    plain = run("plain", 0)
    cached = run("cached", 1, f"data.features={places[0]}")
    split = run("split", 2, "mesh.data=1", "mesh.fsdp=2", f"data.features={places[1]}")
    assert list(plain) == list(cached) == list(split) == [1, 2, 3, 4]
    for found in (cached, split):
        np.testing.assert_allclose(list(found.values()), list(plain.values()), rtol=1e-4)
    one, two = (sorted(p.read_bytes() for p in each.glob("*.array_record-*")) for each in places)
    assert one == two != []
