"""Trials at a time use the devices that they were given."""

import os
import threading
from types import SimpleNamespace

import pytest

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.signals import StopRequest
from spatialvlm_jax.sweeps import jobs, running
from spatialvlm_jax.sweeps.jobs import (
    DevicePart,
    divide_devices,
    divide_machine,
    divided,
    fitting_jobs,
    has_tpus,
    run_jobs,
)
from spatialvlm_jax.sweeps.on_ray import ClusterPart
from tests.sweeps.stub_trials import read_journal, stub_program, stub_runner, stub_sweep

SAY_DEVICES = "import os; print(sorted(os.sched_getaffinity(0)), os.getenv('CUDA_VISIBLE_DEVICES'))"


def test_every_device_is_in_one_part():
    parts = divide_devices(3, range(8), ["0", "1", "GPU-a", "5"])
    assert [part.cores for part in parts] == [(0, 1, 2), (3, 4, 5), (6, 7)]
    assert [part.gpus for part in parts] == [("0", "1"), ("GPU-a",), ("5",)]
    assert divide_devices(2, range(2), []) == [DevicePart((0,)), DevicePart((1,))]


def test_as_many_fit_as_there_are_gpus_or_else_cores(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,2,3")
    assert fitting_jobs() == 3
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert fitting_jobs(most=1000) == len(os.sched_getaffinity(0))
    assert fitting_jobs(most=1) == 1


@pytest.mark.parametrize(("gpus", "what"), [(["0"], "1 GPUs"), ([], "2 cores")])
def test_more_jobs_than_devices_are_refused(gpus, what):
    with pytest.raises(UserError, match=f"has {what}; take fewer"):
        divide_devices(2 if gpus else 3, range(2), gpus)


def on_bus(folder, *devices: tuple[str, str]):
    """A machine with these devices, vendor and device each."""
    for number, (vendor, device) in enumerate(devices):
        place = folder / f"0000:00:0{number}.0"
        place.mkdir(parents=True)
        (place / "vendor").write_text(f"{vendor}\n")
        (place / "device").write_text(f"{device}\n")
    return folder


def test_chips_of_tpus_are_found_on_the_bus(tmp_path, monkeypatch):
    monkeypatch.delenv("JAX_PLATFORMS", raising=False)
    network, gpu, chip = ("0x1ae0", "0x0042"), ("0x10de", "0x0063"), ("0x1ae0", "0x0063")
    assert not has_tpus(tmp_path / "none")
    assert not has_tpus(on_bus(tmp_path / "no", network, gpu))
    bus = on_bus(tmp_path / "yes", network, chip)
    assert has_tpus(bus)
    monkeypatch.setenv("JAX_PLATFORMS", "cpu")
    assert not has_tpus(bus)


def test_trials_at_a_time_are_refused_where_nothing_divides_the_chips(monkeypatch):
    monkeypatch.setattr(jobs, "has_tpus", lambda: True)
    with pytest.raises(UserError, match="TPU chips are not divided.*take --jobs=1"):
        divide_machine(2)
    assert fitting_jobs() == 1


def test_trials_at_a_time_are_refused_on_a_cluster_of_tpus(tmp_path):
    machines = [{"Alive": True, "Resources": {"CPU": 8.0, "TPU": 4.0}}]
    part = ClusterPart(SimpleNamespace(nodes=lambda: machines), tmp_path, "code")
    runner = stub_runner(stub_program(tmp_path / "journal"))
    with pytest.raises(UserError, match="--jobs=2: .*TPU chips are not divided; take --jobs=1"):
        part.divide(runner, 2)
    assert len(part.divide(runner, 1)) == 1
    machines[0]["Alive"] = False
    assert len(part.divide(runner, 2)) == 2


def test_a_program_runs_on_its_part_and_the_others_keep_theirs(tmp_path):
    before = os.sched_getaffinity(0)
    core = max(before)
    part, log = DevicePart((core,), ("3", "5")), tmp_path / "log.txt"

    def work() -> None:
        assert part.run(["-c", SAY_DEVICES], log, lambda: False) == 0

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert log.read_text() == f"[{core}] 3,5\n"
    assert os.sched_getaffinity(0) == before


def test_parts_run_trials_at_the_same_time_each_once(tmp_path, monkeypatch):
    if len(os.sched_getaffinity(0)) < 2:
        monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 1})
        monkeypatch.setattr(os, "sched_setaffinity", lambda process, cores: None)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,7")
    trials, journal = stub_sweep(tmp_path), tmp_path / "journal"
    program, both, given = stub_program(journal), threading.Barrier(2, timeout=60), set()

    def run(words, log, should_stop, environment):
        given.add(environment["CUDA_VISIBLE_DEVICES"])
        both.wait()  # ends only where two run at once
        return program(words, log, should_stop)

    monkeypatch.setattr(running, "run_python", run)
    assert run_jobs(divided(stub_runner(program), 2), trials)
    assert given == {"4", "7"}
    called = read_journal(journal)
    assert len(called) == len(set(called)) == 12


def test_a_stop_ends_all_of_them(tmp_path):
    trials, request = stub_sweep(tmp_path), StopRequest()
    request.requested = True
    runners = [stub_runner(stub_program(tmp_path / "j"), request=request) for _ in range(2)]
    assert not run_jobs(runners, trials)
    assert not (tmp_path / "j").exists()
