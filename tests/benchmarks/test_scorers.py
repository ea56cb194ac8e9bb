from pathlib import Path

import pytest

from benchmarks.scorers import LETTERS, NUMBERS, SUITES, Suite, summary, table
from spatialvlm_jax.evaluation.benchmarks.item import Mark

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"


@pytest.mark.parametrize("suite", SUITES, ids=[suite.title for suite in SUITES])
def test_the_robust_rule_gives_the_mark_that_is_due(suite: Suite) -> None:
    due = dict(suite.replies)
    assert list(suite.rules)[-1] == "robust"
    found = [marks[-1] for marks in suite.marks()]
    assert dict(zip(due, found, strict=True)) == pytest.approx(due)


@pytest.mark.parametrize("suite", SUITES, ids=[suite.title for suite in SUITES])
def test_the_page_has_the_marks_of_today(suite: Suite) -> None:
    assert table(suite) in PAGE.read_text(encoding="utf-8")


def test_the_summary_counts_due_marks() -> None:
    assert summary() in PAGE.read_text(encoding="utf-8")
    lines = [line.split(" | ") for line in summary().splitlines()[2:]]
    assert len(lines) == sum(len(suite.rules) for suite in SUITES)
    robust = [line[2].strip(" |").split(" of ") for line in lines if line[1] == "robust"]
    assert all(due == all_of_them for due, all_of_them in robust)


def test_other_rules_are_off_where_they_are_known_to_be() -> None:
    marks = dict(zip((reply for reply, _ in LETTERS.replies), LETTERS.marks(), strict=True))
    first_letter = list(LETTERS.rules).index("lmms-eval's first letter")
    assert marks["Based on the image, it is A."][first_letter] == 1
    assert marks["left"][first_letter] == 0
    numbers = dict(zip((reply for reply, _ in NUMBERS.replies), NUMBERS.marks(), strict=True))
    assert numbers["3.0m"][0] == 0


def test_a_mark_that_is_not_due_is_bold() -> None:
    suite = Suite("x", LETTERS.item, {"all": lambda item, reply: Mark(1.0)}, [("B", 1), ("|`", 0)])
    assert table(suite).splitlines()[2:] == [
        "| reply | due | all |",
        "|---|---|---|",
        "| `B` | 1 | 1 |",
        "| `` \\|` `` | 0 | **1** |",
    ]
