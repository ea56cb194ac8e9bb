"""Trials are run once each, whoever runs them and however often they are stopped."""

import subprocess
import sys
import threading
import time

import pytest

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.foreign_files.json_files import read_object
from spatialvlm_jax.signals import StopRequest
from spatialvlm_jax.storage.only_writer import only_writer
from spatialvlm_jax.sweeps.failures import read_failure
from spatialvlm_jax.sweeps.identity import check_code, digest_code
from spatialvlm_jax.sweeps.running import forget_failures, run_python
from tests.sweeps.stub_trials import read_journal, stub_program, stub_runner, stub_sweep
from tests.test_repository import ROOT

ALL = [
    f"{arm}{seed} {program}"
    for seed in "12"
    for arm in "abc"
    for program in ("train.py", "eval.py")
]


def test_all_arms_of_a_seed_come_before_the_next_seed_and_nothing_is_repeated(tmp_path):
    trials, journal = stub_sweep(tmp_path), tmp_path / "journal"
    for _ in range(2):
        assert stub_runner(stub_program(journal)).run(trials)
    assert read_journal(journal) == ALL
    assert all(trial.is_finished for trial in trials)
    config = read_object(trials[4].workdir / "config.json", "a run")
    assert (config["train"]["seed"], config["data"]["seed"]) == (2, 2)


def test_a_sweep_killed_half_way_and_started_again_repeats_no_finished_trial(tmp_path):
    slow, journal = tmp_path / "slow", tmp_path / "journal"
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.sweeps.stub_trials", str(tmp_path), str(slow)], cwd=ROOT
    )
    while not slow.is_file():
        assert process.poll() is None
        time.sleep(0.02)
    process.kill()
    process.wait()
    trials = stub_sweep(tmp_path)
    assert [trial.is_finished for trial in trials] == [True, True, *[False] * 4]
    stub_runner(stub_program(journal)).run(trials)
    assert read_journal(journal) == [*ALL[:5], *ALL[4:]]  # its third training begins again
    assert all(trial.is_finished for trial in trials)


def test_several_that_run_the_same_sweep_share_it_and_all_wait_for_its_end(tmp_path):
    trials, journal = stub_sweep(tmp_path, seeds=4), tmp_path / "journal"

    def behave(called: str) -> int:
        time.sleep(0.02)
        return 0

    def share() -> None:
        stub_runner(stub_program(journal, behave)).run(trials)
        assert all(trial.is_finished for trial in trials)

    threads = [threading.Thread(target=share) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    called = read_journal(journal)
    assert len(called) == len(set(called)) == 24


def test_a_failing_arm_is_kept_with_its_lines_and_the_rest_goes_on(tmp_path):
    trials, journal = stub_sweep(tmp_path), tmp_path / "journal"
    fails = stub_program(journal, lambda called: 2 if called.startswith("b") else 0)
    stub_runner(fails).run(trials)
    assert [trial.has_failed for trial in trials] == [False, True, False] * 2
    assert sum(trial.is_finished for trial in trials) == 4
    failure = read_failure(trials[1].workdir)
    assert failure["lines"] == ["b1 train.py said this"]
    assert failure["command"].startswith("python train.py --config=")

    stub_runner(stub_program(journal)).run(trials)
    assert not trials[1].is_finished
    forget_failures(trials)
    stub_runner(stub_program(journal)).run(trials)
    assert all(trial.is_finished and not trial.has_failed for trial in trials)


def test_the_first_failure_stops_the_sweep_where_that_is_wanted(tmp_path):
    trials, journal = stub_sweep(tmp_path), tmp_path / "journal"
    fails = stub_program(journal, lambda called: 1 if called == "b1 eval.py" else 0)
    assert not stub_runner(fails, fail_fast=True).run(trials)
    assert read_journal(journal) == ALL[:4]


def test_a_program_that_ends_well_and_leaves_nothing_has_failed(tmp_path):
    trials = stub_sweep(tmp_path, seeds=1)
    stub_runner(lambda words, log, should_stop: 0).run(trials)
    assert all(trial.has_failed for trial in trials)


def test_a_stop_leaves_the_trial_to_be_gone_on_with(tmp_path):
    trials, journal, request = stub_sweep(tmp_path), tmp_path / "journal", StopRequest()

    def behave(called: str) -> int:
        request.requested = called == "b1 train.py"
        return 0

    assert not stub_runner(stub_program(journal, behave), request=request).run(trials)
    assert read_journal(journal) == ALL[:3]
    assert [trial.is_over for trial in trials[:2]] == [True, False]


def test_what_a_killed_sweep_left_running_is_waited_for(tmp_path):
    trials, journal = stub_sweep(tmp_path, seeds=1), tmp_path / "journal"
    over: list[bool] = []

    def behave(called: str) -> int:
        assert over
        return 0

    runner = stub_runner(stub_program(journal, behave))
    with only_writer(trials[0].workdir):
        thread = threading.Thread(target=runner.run, args=[trials])
        thread.start()
        while not list(trials[0].workdir.glob("claim-*.json")):
            time.sleep(0.01)
        over.append(True)
    thread.join()
    assert all(trial.is_finished for trial in trials)


def test_something_is_done_after_every_trial_of_this_process(tmp_path):
    trials, seen = stub_sweep(tmp_path, seeds=1), []

    def note() -> None:
        seen.append(sum(trial.is_finished for trial in trials))

    stub_runner(stub_program(tmp_path / "journal"), after_trial=note).run(trials)
    assert seen == [1, 2, 3]


def test_a_trial_during_which_the_code_changed_is_not_taken_for_finished(tmp_path):
    code, trials = tmp_path / "checkout", stub_sweep(tmp_path)
    for name in ("train.py", "eval.py"):
        code.mkdir(exist_ok=True)
        (code / name).write_text(name)
    digest = digest_code(code)

    def behave(called: str) -> int:
        if called == "b1 train.py":
            (code / "train.py").write_text("changed")
        return 0

    program = stub_program(tmp_path / "journal", behave)
    runner = stub_runner(program, check=lambda: check_code(code, digest))
    with pytest.raises(UserError, match="changed while the sweep ran"):
        runner.run(trials)
    assert [trial.is_over for trial in trials[:2]] == [True, False]
    with pytest.raises(UserError, match="changed while the sweep ran"):
        runner.run(trials)
    assert read_journal(tmp_path / "journal") == ALL[:3]


def test_a_program_is_run_with_its_output_in_a_file_and_asked_to_stop(tmp_path):
    log = tmp_path / "log.txt"
    code = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"
    assert run_python(["-c", code], log, lambda: False) == 3
    assert sorted(log.read_text().split()) == ["err", "out"]
    assert run_python(["-c", "import time; time.sleep(600)"], log, lambda: True) == -15


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spatialvlm_jax.sweeps.running.SECONDS_BETWEEN_LOOKS", 0.02)
