"""The page of the findings, from kept files."""

import dataclasses
import re
from pathlib import Path

import pytest

from spatialvlm_jax.atomic_write import write_json
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.sweeps.findings.catalog import FINDINGS
from spatialvlm_jax.sweeps.findings.kept import KeptSweep, save_kept_sweep, trial_file
from spatialvlm_jax.sweeps.findings.page import write_findings_page
from spatialvlm_jax.sweeps.findings.sums import GroupSums
from tests.sweeps.findings.kept_trials import ARMS, FINDING, keep_tiny, kept_trial


def page(folder: Path, findings=(FINDING,)) -> str:
    write_findings_page(folder / "findings.md", folder, findings)
    return (folder / "findings.md").read_text(encoding="utf-8")


def test_a_finished_sweep_stands_beside_the_papers_figures(tmp_path):
    keep_tiny(tmp_path)
    text = page(tmp_path)
    assert "## (a) Does it matter?\n\nTwo arms.\n\nWith plots: [the page" in text
    assert "**Qualitative accuracy, %**" in text
    assert "| frozen | 3 | 16 | 50.0 | " in text
    # All answers differ alike, which tells nothing of how far others would.
    assert " | −25.0 | – | – | – | 50.0, 50.0, 50.0 |" in text
    assert "Apart from “trained”: frozen (−25.0).\n" in text
    assert "| trained | 3 | 8 | 0.125 | " in text
    assert "No arm is apart." in text
    assert "| trained | 37.2 |" in text
    assert "The paper says so." in text
    assert "trials are finished" not in text


def test_all_figures_stand_in_one_table_at_the_top(tmp_path):
    keep_tiny(tmp_path)
    short = page(tmp_path).split("## In short")[1].split("##")[0]
    row = "| (a) Does it matter? | Qualitative accuracy, % | 50.0 | trained 75.0, frozen 50.0† |"
    assert row in short
    assert "| – | trained 0.125, frozen 0.1" in short
    assert short.count("†") == 2  # that of the head, too
    assert "**(a) Does it matter?** It does." in short
    assert " The best constant: 50.0.\n" in page(tmp_path)
    assert "In short" not in page(tmp_path / "none")


def test_what_a_figure_is_a_mean_over_is_told(tmp_path):
    keep_tiny(tmp_path)
    text = page(tmp_path)
    assert "Answers of a seed are about 40 pictures. Design effect: 0." in text
    assert "Seeds needed are for a difference of 10.0." in text
    assert (
        "Answers without a number have no error, and are left out: trained 0.0 %, frozen 20.0 %."
    ) in text


def test_pictures_are_those_that_the_sweep_was_told(tmp_path):
    record = keep_tiny(tmp_path)
    few = dataclasses.replace(record, overrides=("--config.eval.images=12",))
    save_kept_sweep(tmp_path, FINDING.key, KeptSweep(few, "c" * 40, "d" * 64))
    assert "Answers of a seed are about 12 pictures." in page(tmp_path)


def test_an_arm_without_answers_stays_in_its_table(tmp_path):
    record = keep_tiny(tmp_path)
    for seed in (1, 2, 3):
        trial = kept_trial(ARMS[1], seed)
        figures = {**trial.figures, "squared_error": GroupSums((0.0,) * 4, (0,) * 4)}
        file = trial_file(tmp_path, ARMS[1].digest, seed)
        write_json(file, dataclasses.asdict(dataclasses.replace(trial, figures=figures)))
    assert record.seeds == 3
    text = page(tmp_path)
    assert "| frozen | 3 | no answers | – | – | – | – | – | – | – |" in text
    assert "frozen 100.0 %." in text
    assert "Nothing to compare yet." in text
    assert "no answers" in (tmp_path / "tiny.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"questions": 4900}, "*A trial was asked 4,900 questions only, fewer than the 5,000"),
        ({"questions": 5900}, "not asked equally many questions, but 5,900 to 6,000: "),
        (
            {"digests": {"held-out questions": "others"}},
            "*Trials were not asked the same questions",
        ),
    ],
)
def test_trials_that_were_asked_too_little_or_otherwise_are_told(tmp_path, change, said):
    keep_tiny(tmp_path)
    assert said not in page(tmp_path)
    trial = dataclasses.replace(kept_trial(ARMS[1], 2), **change)
    write_json(trial_file(tmp_path, ARMS[1].digest, 2), dataclasses.asdict(trial))
    assert said in page(tmp_path)
    assert said.strip("*") in (tmp_path / "tiny.html").read_text(encoding="utf-8")


def test_arms_are_called_what_they_are(tmp_path):
    keep_tiny(tmp_path)
    finding = dataclasses.replace(FINDING, called=(("frozen", "partly <frozen>"),))
    text = page(tmp_path, [finding])
    assert "| partly \\<frozen\\> | 3 | 16 | 50.0 |" in text
    assert "Apart from “trained”: partly \\<frozen\\> (−25.0)." in text
    own = (tmp_path / "tiny.html").read_text(encoding="utf-8")
    assert "partly &lt;frozen&gt;" in own
    assert "<frozen>" not in own


def test_each_finding_has_a_page_of_its_own_beside_what_is_kept(tmp_path):
    folder = tmp_path / "docs" / "findings"
    keep_tiny(folder)
    write_findings_page(tmp_path / "docs" / "findings.md", folder, [FINDING])
    text = (tmp_path / "docs" / "findings.md").read_text(encoding="utf-8")
    assert "[the page of this sweep](findings/tiny.html)" in text
    own = (folder / "tiny.html").read_text(encoding="utf-8")
    assert "<h1>(a) Does it matter?</h1>" in own
    assert own.count("<svg") == 4
    assert own.count('class="dots s1"') == 4  # the seeds of two arms in two figures
    assert "frozen −25.0" in own
    assert "37.2" in own
    assert "--config=configs/sweeps/findings_encoder.py --seeds=3" in own
    assert "config.optim.freeze=(&#39;encoder&#39;,)" in own
    assert not re.search(r'(?:src|href)="|https?://|@import', own)
    assert len(own) < 50_000


def test_how_it_was_run_can_be_read(tmp_path):
    keep_tiny(tmp_path)
    text = page(tmp_path)
    for said in (
        "--config=configs/sweeps/findings_encoder.py --seeds=3",
        "- seeds: 1 to 3\n",
        "- branch point, SHA-256: dddddddddddddddd\n",
        "- commit: cccccccccccc\n",
        "- held-out questions of each trial: 6,000, about 40 pictures\n",
        "- trials: 6, 3.0 hours in all\n- dates: 2026-11-30\n",
        "- machine: A processor, 2 cores; cpu\n- versions: python 3.11.7, jax 0.10.2\n",
        "| first weights: decoder | same | same | same |",
        "| trained | – | 2 | aaaaaaaaaaaaaaaa |",
    ):
        assert said in text


def test_a_sweep_that_is_not_finished_says_how_far_it_is(tmp_path):
    keep_tiny(tmp_path, trials=3)
    text = page(tmp_path)
    assert "*3 of 6 trials are finished; the rest is to be run.*" in text
    assert "| trained | 2 | 16 | 75.0 | " in text
    assert "| frozen | 1 | 16 | 50.0 | " in text


def test_what_was_not_run_is_said_to_be_not_run(tmp_path):
    text = page(tmp_path, FINDINGS)
    assert text.count("*Not run yet.*") == 4
    assert "(d) What are more questions" in text
    assert "| frozen | 34.9 | 9.3 | 5.6 |" in text


def test_code_that_was_not_committed_is_told(tmp_path):
    keep_tiny(tmp_path)
    file = trial_file(tmp_path, ARMS[1].digest, 2)
    file.write_text(file.read_text().replace("c" * 40, f"{'c' * 40}+changes"))
    assert "commit: cccccccccccc and cccccccccccc+changes\n" in page(tmp_path)


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
