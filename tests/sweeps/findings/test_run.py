"""What is told of the code that trials run, and what is kept of whom."""

import dataclasses
import subprocess
from pathlib import Path

import pytest

from spatialvlm_jax.atomic_write import write_json
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.signals import StopRequest
from spatialvlm_jax.sweeps.findings.kept import forget_unused, load_kept_trials, trial_file
from spatialvlm_jax.sweeps.findings.run import FindingsRun, describe_commit, run_findings
from tests.sweeps.findings.kept_trials import ARMS, FINDING, keep_tiny, kept_trial
from tests.test_repository import ROOT


def checkout(folder: Path) -> str:
    """A checkout with a file of code; its commit."""
    (folder / "configs").mkdir(parents=True)
    (folder / "configs" / "a.py").write_text("one")
    who = ("-c", "user.name=a", "-c", "user.email=a@b")
    for words in (("init", "-q"), ("add", "."), (*who, "commit", "-qm", "one")):
        subprocess.run(["git", "-C", folder, *words], check=True)
    found = subprocess.run(
        ["git", "-C", folder, "rev-parse", "HEAD"], check=True, capture_output=True, text=True
    )
    return found.stdout.strip()


def test_code_that_is_not_committed_is_told_and_other_files_do_not_count(tmp_path):
    commit = checkout(tmp_path / "here")
    (tmp_path / "here" / "notes.md").write_text("other")
    assert describe_commit(tmp_path / "here") == commit
    (tmp_path / "here" / "configs" / "b.py").write_text("new")
    assert describe_commit(tmp_path / "here") == f"{commit}+changes"


def test_without_git_there_is_no_commit_to_tell(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(UserError, match="run them in a checkout of git"):
        describe_commit(tmp_path)


def test_what_no_sweep_has_is_forgotten(tmp_path):
    record = keep_tiny(tmp_path)
    stranger = tmp_path / "trials" / ("e" * 16)
    stranger.mkdir()
    forget_unused(tmp_path, [FINDING.key])
    assert not stranger.exists()
    assert len(load_kept_trials(tmp_path, record)) == 6
    forget_unused(tmp_path, [])
    assert load_kept_trials(tmp_path, record) == []


def test_runs_that_are_lost_leave_no_tables_that_say_that_nothing_is_finished(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(ROOT)
    keep, out = tmp_path / "keep", tmp_path / "out"
    run = FindingsRun([FINDING], [FINDING], out, keep, tmp_path / "page.md", seeds=1)
    keep.mkdir()
    run.branch_point.write_bytes(b"weights")
    trials = run.plan(FINDING).record.list_trials(out)
    for arm, trial in zip(ARMS, trials, strict=True):
        kept = dataclasses.replace(kept_trial(arm, 1), digest=trial.arm.digest)
        write_json(trial_file(keep, kept.digest, 1), dataclasses.asdict(kept))
    (out / FINDING.key).mkdir(parents=True)
    (out / FINDING.key / "index.html").write_text("0 of 2 trials finished")
    assert run_findings(run, StopRequest())
    assert not list((out / FINDING.key).glob("*.html"))
    assert "2 of 2 trials are kept, and not run again: " in capsys.readouterr().out
    assert "75.0" in (keep / "tiny.html").read_text(encoding="utf-8")
