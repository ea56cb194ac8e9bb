"""Every hostile input, and whether the suite would notice if one did harm."""

import time
from pathlib import Path

import pytest

from spatialvlm_jax.commands import card
from spatialvlm_jax.errors import UserError
from tests.hostile import attempt
from tests.hostile.attempt import LISTED, READ, REFUSED, Case, Fault, try_case
from tests.hostile.suite import CLASSES, GIBIBYTES, run_apart, table

LEAST_INPUTS = 300


@pytest.mark.slow
@pytest.mark.parametrize("name", list(CLASSES))
def test_every_input_of_a_class_is_refused_listed_or_rightly_read(name: str) -> None:
    row = run_apart(name)
    assert row["faults"] == []
    assert row["tried"] == row[REFUSED] + row[LISTED] + row[READ] >= 15
    assert row["peak_mebibytes"] < GIBIBYTES * 1024


@pytest.mark.slow
def test_there_are_hundreds_of_inputs() -> None:
    assert sum(len(list(cases())) for cases in CLASSES.values()) >= LEAST_INPUTS


def test_a_traceback_a_hang_and_a_silent_acceptance_are_faults(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(attempt, "SECONDS", 1)

    def raises(folder: Path) -> str:
        raise KeyError("a bug")

    def hangs(folder: Path) -> str:
        time.sleep(30)
        return REFUSED

    told = {
        raises: "KeyError at test_suite.py",
        hangs: "hangs: no answer in 1 s",
        lambda folder: READ: "it is read",
    }
    for action, fault in told.items():
        assert fault in try_case(Case("x", action)).fault
    assert try_case(Case("x", lambda folder: LISTED)).fault == ""


@pytest.mark.parametrize(
    ("said", "fault"),
    [("one\ntwo", ""), ("x" * 3000, ""), ("Traceback (most recent call last)", "a traceback")],
)
def test_a_refusal_is_one_line(monkeypatch: pytest.MonkeyPatch, said: str, fault: str) -> None:
    def run(args: object) -> int:
        raise UserError(said)

    monkeypatch.setattr(card, "run", run)
    if fault:
        with pytest.raises(Fault, match=fault):
            attempt.command("card", "nowhere")
    else:
        assert attempt.command("card", "nowhere")[0] == 2


@pytest.mark.parametrize("said", ["", "one\ntwo\n", "x" * 3000])
def test_what_is_no_line_of_readable_length_is_a_fault(said: str) -> None:
    with pytest.raises(Fault, match="a refusal of"):
        attempt.check_line(said)


def test_the_table_sums_its_rows() -> None:
    row = {"class": "a", "tried": 3, REFUSED: 1, LISTED: 1, READ: 1, "faults": []}
    lines = table([{**row, "peak_mebibytes": 7, "seconds": 1.5}] * 2).splitlines()
    assert lines[2] == "| `a` | 3 | 1 | 1 | 1 | 0 | 7 | 1.5 |"
    assert lines[4] == "| all | 6 | 2 | 2 | 2 | 0 | 7 | 3 |"
    assert lines[-1].startswith("Measured on ")
