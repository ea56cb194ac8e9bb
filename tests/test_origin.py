"""The commit of a folder, with what differs from it; and the processor."""

import subprocess
from pathlib import Path

import pytest

from spatialvlm_jax.origin import git_revision, processor_name


def test_new_files_count_where_code_is_named_alone(tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "a.py").write_text("one")
    (tmp_path / "notes.md").write_text("one")
    who = ("-c", "user.name=a", "-c", "user.email=a@b")
    for words in (("init", "-q"), ("add", "."), (*who, "commit", "-qm", "one")):
        subprocess.run(["git", "-C", tmp_path, *words], check=True)
    commit = git_revision(tmp_path)
    assert len(commit) == 40
    assert set(commit) <= set("0123456789abcdef")
    (tmp_path / "code" / "new.py").write_text("two")
    assert git_revision(tmp_path) == commit
    assert git_revision(tmp_path, ["code"]) == f"{commit}+changes"
    (tmp_path / "code" / "new.py").unlink()
    (tmp_path / "notes.md").write_text("two")
    assert git_revision(tmp_path) == f"{commit}+changes"
    assert git_revision(tmp_path, ["code"]) == commit


def test_outside_git_it_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert git_revision(tmp_path) == "unknown"


def test_a_processor_has_a_name() -> None:
    name = processor_name()
    assert name == name.strip() != ""
    assert "\n" not in name
