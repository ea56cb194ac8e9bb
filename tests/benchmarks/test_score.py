import pytest

from benchmarks.score import KINDS, seconds


@pytest.mark.parametrize("name", KINDS)
def test_files_of_each_kind_are_scored(name: str) -> None:
    clock, processor = seconds(name, 40)
    assert clock > 0
    assert processor > 0
