"""Compiling ahead of time: here for the CPU, and for a TPU where its compiler is installed."""

import dataclasses
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import jax
import pytest
from jax.experimental import topologies

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.experiment import MeshConfig
from spatialvlm_jax.planning import compiled, planner
from spatialvlm_jax.planning.topology import parse_topology
from tests.planning.conftest import EXPERIMENT

V5E = parse_topology("v5e:2x2")


def test_memory_messages_are_read():
    ran_out = "RESOURCE_EXHAUSTED: Ran out of memory"
    hbm = f"{ran_out} in memory space hbm. Used 20.50G of 15.75G hbm"
    temporaries = (
        f"{ran_out} on HBM, the total memory required for HLO temporaries (512.5M) exceeds"
    )
    assert compiled.used_bytes(hbm) == round(20.5 * 2**30)
    assert compiled.used_bytes(temporaries) == round(512.5 * 2**20)
    assert compiled.used_bytes(ran_out) == 0
    assert compiled.used_bytes("INTERNAL: Check failed") is None


@pytest.mark.usefixtures("compile_quickly_rather_than_well")
def test_the_step_is_measured():
    figures = compiled.measure(EXPERIMENT, jax.devices()[:1])
    assert figures.fits
    assert figures.total == figures.arguments + figures.temporary + figures.code
    assert figures.temporary > 0


def test_a_mistake_comes_back_in_one_line(tmp_path, monkeypatch):
    found = SimpleNamespace(devices=jax.devices()[:1])
    monkeypatch.setattr(topologies, "get_topology_desc", lambda **asked: found)
    wrong = dataclasses.replace(EXPERIMENT, mesh=MeshConfig(data=2))
    request, result = tmp_path / "request.json", tmp_path / "result.json"
    content = {"experiment": dataclasses.asdict(wrong), "topology": "v5e:2x2"}
    request.write_text(json.dumps(content))
    compiled.main(request, result)
    assert "does not make 1 devices" in json.loads(result.read_text())["error"]


@pytest.mark.usefixtures("traced_once")
def test_without_the_compiler_auto_falls_back_and_says_so(monkeypatch):
    monkeypatch.setattr(compiled, "has_compiler", lambda: False)
    plan = planner.plan_run(EXPERIMENT, V5E, "auto")
    assert plan.method == "analytic"
    assert "libtpu" in plan.why
    with pytest.raises(UserError, match=r"libtpu is not installed: .*tpu"):
        planner.plan_run(EXPERIMENT, V5E, "compiled")
    with pytest.raises(UserError, match="only TPU steps compile"):
        planner.plan_run(EXPERIMENT, parse_topology("h100:4"), "compiled")


@pytest.mark.usefixtures("traced_once")
def test_what_the_compiler_says_is_the_plan(monkeypatch):
    figures = compiled.Compiled(fits=False, total=20 * 2**30)
    monkeypatch.setattr(compiled, "has_compiler", lambda: True)
    monkeypatch.setattr(compiled, "compile_apart", lambda experiment, topology: figures)
    plan = planner.plan_run(EXPERIMENT, V5E, "auto")
    assert (plan.method, plan.hbm_bytes_per_device) == ("compiled", 20 * 2**30)
    assert not plan.fits
    unsaid = compiled.Compiled(fits=False, total=0)
    monkeypatch.setattr(compiled, "compile_apart", lambda experiment, topology: unsaid)
    plan = planner.plan_run(EXPERIMENT, V5E, "auto")
    assert not plan.fits
    assert plan.hbm_bytes_per_device == plan.memory.total


@pytest.mark.usefixtures("traced_once")
def test_a_compiler_that_fails_leaves_the_estimate(monkeypatch):
    def fail(*_):
        raise compiled.CompilationFailed("INTERNAL: no")

    monkeypatch.setattr(compiled, "has_compiler", lambda: True)
    monkeypatch.setattr(compiled, "compile_apart", fail)
    plan = planner.plan_run(EXPERIMENT, V5E, "auto")
    assert (plan.method, plan.why) == ("analytic", "the compiler failed: INTERNAL: no")


def test_a_process_without_a_result_is_reported_in_its_own_words(monkeypatch, tmp_path: Path):
    killed = tmp_path / "python"
    killed.write_text("#!/bin/sh\necho out of memory\nexit 1\n")
    killed.chmod(0o755)
    monkeypatch.setattr(compiled, "has_compiler", lambda: True)
    monkeypatch.setattr(sys, "executable", str(killed))
    with pytest.raises(compiled.CompilationFailed, match="without a result: out of memory"):
        compiled.compile_apart(EXPERIMENT, V5E)


def test_what_goes_wrong_in_the_process_comes_back_from_it(monkeypatch):
    """With the compiler it is the mesh that does not fit; without, that there is no compiler."""
    monkeypatch.setattr(compiled, "has_compiler", lambda: True)
    wrong = dataclasses.replace(EXPERIMENT, mesh=MeshConfig(data=2))
    with pytest.raises(compiled.CompilationFailed, match=r"does not make 4 devices|[Tt]pu|TPU"):
        compiled.compile_apart(wrong, V5E)


@pytest.mark.slow
@pytest.mark.tpu
def test_the_estimate_is_near_what_a_tpus_compiler_says():
    plan = planner.plan_run(EXPERIMENT, V5E, "compiled")
    assert plan.method == "compiled"
    assert plan.compiled["arguments"] == pytest.approx(plan.memory.state, rel=0.05)
    assert 1 / 3 < plan.memory.total / plan.hbm_bytes_per_device < 3
