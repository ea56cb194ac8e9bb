"""A sweep on a two-node Ray cluster; run by `make test-ray`, where there is loopback only."""

import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from spatialvlm_jax.cli import main
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.ray_cluster import connected
from spatialvlm_jax.sweeps.identity import digest_code
from spatialvlm_jax.sweeps.on_ray import ATTEMPTS, ClusterPart
from tests.ray_machines import two_machines
from tests.test_repository import ROOT

# Programs of a checkout of their own. Training fails for one arm and notes on which machine it ran;
# answers depend on arm and seed as the configuration says them.
TRAIN = """
import os, pathlib, json, sys, time
words = dict(word[2:].split("=", 1) for word in sys.argv[1:])
workdir = pathlib.Path(words["workdir"])
machine = os.environ.get("RAY_RAYLET_PID")
pathlib.Path("machines").mkdir(exist_ok=True)
pathlib.Path("machines", str(machine)).touch()
if json.loads((workdir / "config.json").read_text())["train"]["steps"] == 30:
    sys.exit("this arm is broken")
time.sleep(3)  # so that one machine alone is not done with all before the other begins
(workdir / "model.safetensors").write_text("weights")
"""
EVALUATE = """
import json, pathlib, sys
sys.path.insert(0, {root!r})
from tests.sweeps.stored_answers import write_answers
words = dict(word[2:].split("=", 1) for word in sys.argv[1:])
workdir = pathlib.Path(words["workdir"])
train = json.loads((workdir / "config.json").read_text())["train"]
write_answers(workdir, lambda image, question: (image * train["steps"] + train["seed"]) % 3 > 0)
(workdir / "summary.json").write_text("{{}}")
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    with two_machines({"num_cpus": 2}, {"num_cpus": 2}) as made:
        yield made


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "train.py").write_text(TRAIN)
    (tmp_path / "eval.py").write_text(EVALUATE.format(root=str(ROOT)))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def sweep(out: str, *words: str) -> int:
    grid = "--grid=train.steps=40,20,30"
    return main(["sweep", f"--config={ROOT / 'configs/debug.py'}", grid, f"--out={out}", *words])


@pytest.mark.ray
def test_a_cluster_gives_the_table_that_this_machine_gives(cluster: Any, checkout: Path) -> None:
    assert sweep("one_machine", "--seeds=2") == 1
    assert [each.name for each in Path("machines").iterdir()] == ["None"]
    Path("machines", "None").unlink()
    # Relative to the checkout, as is usual.
    assert sweep("two_nodes", "--seeds=2", f"--ray={cluster.address}", "--jobs=4") == 1
    machines = {each.name for each in Path("machines").iterdir()}
    assert len(machines) == 2
    assert "None" not in machines
    assert Path("two_nodes/table.csv").read_text() == Path("one_machine/table.csv").read_text()
    table = Path("two_nodes/table.md").read_text()
    assert table == Path("one_machine/table.md").read_text().replace("one_machine", "two_nodes")
    assert "this arm is broken" in table
    del checkout


@pytest.mark.ray
def test_a_program_is_asked_to_stop_and_says_how_it_ended(cluster: Any, checkout: Path) -> None:
    begun, log = checkout / "begun", checkout / "log.txt"
    code = f"import pathlib, time; pathlib.Path({str(begun)!r}).touch(); time.sleep(600)"
    with connected(cluster.address) as ray:
        part = ClusterPart(ray, checkout, digest_code(checkout))
        assert part.run(["-c", "import sys; print('said'); sys.exit(3)"], log, lambda: False) == 3
        assert log.read_text() == "said\n"
        assert part.run(["-c", code], log, begun.exists) == -15


@pytest.mark.ray
def test_a_program_that_is_lost_with_its_worker_begins_again(cluster: Any, checkout: Path) -> None:
    runs, log = checkout / "runs", checkout / "log.txt"
    once = (
        f"import os; file = open({str(runs)!r}, 'a+'); print('run', file=file, flush=True);"
        "file.seek(0); len(file.readlines()) > 1 or os.kill(os.getppid(), 9)"
    )
    ever = once.replace("> 1", "> 9")
    with connected(cluster.address) as ray:
        part = ClusterPart(ray, checkout, digest_code(checkout))
        assert part.run(["-c", once], log, lambda: False) == 0
        assert len(runs.read_text().split()) == 2
        assert part.run(["-c", ever], log, lambda: False) == -9
        assert len(runs.read_text().split()) == 2 + ATTEMPTS


@pytest.mark.ray
def test_what_cannot_run_on_a_machine_is_told_in_one_line(cluster: Any, checkout: Path) -> None:
    log = checkout / "log.txt"
    with connected(cluster.address) as ray:
        part = ClusterPart(ray, checkout, "another digest")
        with pytest.raises(UserError, match=r"^\S+, a machine of the Ray cluster: the code of"):
            part.run(["-c", ""], log, lambda: False)
        nowhere = dataclasses.replace(part, checkout=checkout / "nowhere")
        with pytest.raises(UserError, match="a machine of the Ray cluster: .*No such file"):
            nowhere.run(["-c", ""], log, lambda: False)
        with pytest.raises(UserError, match=r"none of \d machines .* has 64 cores and 0 GPUs"):
            dataclasses.replace(part, cores=64).check()
        dataclasses.replace(part, cores=2).check()


def test_without_ray_the_extra_is_named(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    assert sweep("out", "--ray-address=local") == 2
    assert "make setup-ray" in capsys.readouterr().err
    assert os.getcwd() == str(checkout)
