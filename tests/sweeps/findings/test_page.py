"""The page of the findings, from kept files."""

import re
from pathlib import Path

import pytest

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.sweeps.findings.catalog import FINDINGS
from spatialvlm_jax.sweeps.findings.kept import trial_file
from spatialvlm_jax.sweeps.findings.page import write_findings_page
from tests.sweeps.findings.kept_trials import ARMS, FINDING, keep_tiny


def page(folder: Path, findings=(FINDING,)) -> str:
    write_findings_page(folder / "findings.md", folder, findings)
    return (folder / "findings.md").read_text(encoding="utf-8")


def test_a_finished_sweep_stands_beside_the_papers_figures(tmp_path):
    keep_tiny(tmp_path)
    text = page(tmp_path)
    assert "## (a) Does it matter?\n\nTwo arms.\n\n**Qualitative accuracy, %**" in text
    assert "| frozen | 3 | 50.0 | " in text
    assert " | −25.0 | −25.0 to −25.0 | – | – | 50.0, 50.0, 50.0 |" in text
    assert "Apart from “trained”: frozen (−25.0).\n" in text
    assert "| trained | 3 | 0.125 | " in text
    assert "No arm is apart." in text
    assert "| trained | 37.2 |" in text
    assert "The paper says so." in text
    assert "trials are finished" not in text


def test_how_it_was_run_can_be_read(tmp_path):
    keep_tiny(tmp_path)
    text = page(tmp_path)
    for said in (
        "--config=configs/sweeps/findings_encoder.py --seeds=3",
        "seeds 1 to 3; branch point `dddddddddddddddd`",
        "commit cccccccccccc\n",
        "24 held-out questions a trial; 6 trials, 3.0 hours in all, 2026-11-30",
        "A processor, 2 cores; cpu; python 3.11.7, jax 0.10.2",
        "| first weights: decoder | same | same | same |",
        "| trained | – | 2 | aaaaaaaaaaaaaaaa |",
    ):
        assert said in text


def test_a_sweep_that_is_not_finished_says_how_far_it_is(tmp_path):
    keep_tiny(tmp_path, trials=3)
    text = page(tmp_path)
    assert "*3 of 6 trials are finished; the rest is to be run.*" in text
    assert "| trained | 2 | 75.0 | " in text
    assert "| frozen | 1 | 50.0 | " in text


def test_what_was_not_run_is_said_to_be_not_run(tmp_path):
    text = page(tmp_path, FINDINGS)
    assert text.count("*Not run yet.*") == 4
    assert "(d) What are more questions" in text
    assert "| frozen | 34.9 | 9.3 | 5.6 |" in text


def test_code_that_was_not_committed_is_told(tmp_path):
    keep_tiny(tmp_path)
    file = trial_file(tmp_path, ARMS[1].digest, 2)
    file.write_text(file.read_text().replace("c" * 40, f"{'c' * 40}+changes"))
    assert "commit cccccccccccc and cccccccccccc+changes\n" in page(tmp_path)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"counts": [', '"counts": [4, '),
        ('"counts": [', '"counts": [-'),
        ('"counts": [', '"counts": ["'),
        ('"squared_error"', '"squared_errors"'),
        ('"sums": [', '"sums": [1e999, '),
        ('"seconds": 1800.0', f'"seconds": {"9" * 400}'),
        ('"seconds": 1800.0', '"seconds": 1e999'),
        ("{", "<<<<<<< HEAD"),
        ("}", ""),
    ],
)
def test_a_kept_file_that_is_damaged_is_refused_in_a_line(tmp_path, old, new):
    keep_tiny(tmp_path)
    file = trial_file(tmp_path, ARMS[1].digest, 2)
    text = re.sub(r"\n\s+(?=[-\d\]])", "", file.read_text())
    assert old in text
    file.write_text(text.replace(old, new, 1))
    with pytest.raises(UserError) as caught:
        page(tmp_path)
    assert str(file) in str(caught.value)
    assert str(caught.value).endswith("remove it, and it is run again")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a" * 64, "../../../../etc/" + "a" * 48),
        ('"seeds": 3', '"seeds": 1000000000000'),
        ('"seeds": 3', '"seeds": -1'),
        ('"arms": [', '"arms": [], "unknown": ['),
        ("{", "{{"),
    ],
)
def test_a_kept_sweep_that_is_damaged_is_refused_in_a_line(tmp_path, old, new):
    keep_tiny(tmp_path)
    file = tmp_path / f"{FINDING.key}.json"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    with pytest.raises(UserError, match=str(file)) as caught:
        page(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_kept_file_of_another_trial_is_refused(tmp_path):
    keep_tiny(tmp_path)
    wrong = trial_file(tmp_path, ARMS[0].digest, 1)
    wrong.write_text(trial_file(tmp_path, ARMS[1].digest, 1).read_text())
    with pytest.raises(UserError, match="is of another trial"):
        page(tmp_path)
