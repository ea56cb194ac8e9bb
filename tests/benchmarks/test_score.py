import pytest

from benchmarks.score import KINDS, QUESTIONS_A_PICTURE, measure


@pytest.mark.parametrize("name", KINDS)
def test_files_of_each_kind_are_scored_by_the_command(name: str) -> None:
    found = measure(name, 40)
    assert (found["benchmark"], found["replies"]) == (name, 40)
    assert found["replies_a_second"] == pytest.approx(40 / found["seconds"])
    assert found["processor_seconds"] > 0
    robust = found["headline"]["robust"]
    assert (robust["questions"], robust["pictures"]) == (40, 40 // QUESTIONS_A_PICTURE)
    assert 0 < robust["value"] < 1
    low, high = robust["ci95"]
    assert low < robust["value"] < high
