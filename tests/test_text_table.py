import pytest

from spatialvlm_jax.text_table import align_columns


def test_columns_are_aligned() -> None:
    rows = [["name", "n"], ["a", "1,000"], ["longer", "2"]]
    assert align_columns(rows) == ["name        n", "a       1,000", "longer      2"]
    assert align_columns(rows, rule=True)[1:3] == ["------  -----", "a       1,000"]
    assert align_columns(rows, left=2) == ["name    n", "a       1,000", "longer  2"]


def test_rows_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        align_columns([["a", "b"], ["c"]])
