import pytest

from benchmarks.fuzzed import LONGEST, fuzzed_strings
from benchmarks.held_out import held_out_answers
from benchmarks.reading import figures, fuzz, outcome, read
from benchmarks.worded import KINDS, Worded, worded_answers


@pytest.mark.parametrize("seed", [11, 2026])
def test_worded_answers_are_read(seed):
    answers = worded_answers(1000, seed)
    total = figures(answers, [read(answer) for answer in answers])[-1]
    assert total["answers"] == 1000
    assert total["right"] >= 970
    assert total["wrong"] <= 10


def test_answers_that_were_written_out_are_read():
    answers = held_out_answers()
    total = figures(answers, [read(answer) for answer in answers])[-1]
    assert total["answers"] == 550
    assert total["right"] >= 0.97 * 550
    assert total["wrong"] <= 5


def test_every_kind_is_drawn_and_the_seed_decides():
    answers = worded_answers(100, 3)
    assert {answer.kind for answer in answers} == set(KINDS)
    assert answers == worded_answers(100, 3)
    assert answers != worded_answers(100, 4)


def test_a_wrong_value_is_told_from_none():
    said, unsaid = Worded("plain", "length", "", 1.2), Worded("refused", "length", "", None)
    assert [outcome(said, found) for found in (1.2001, None, 1.3)] == ["right", "missed", "wrong"]
    assert [outcome(unsaid, found) for found in (None, 1.2)] == ["right", "wrong"]


def test_fuzzed_strings_raise_nothing():
    rows = fuzz(300, 5)
    assert sum(row["strings"] for row in rows) == 300
    assert sum(row["exceptions"] for row in rows) == 0
    assert max(map(len, fuzzed_strings(300, 5))) > LONGEST / 10
