import pytest

from spatialvlm_jax.text_table import align_columns, markdown_table


def test_columns_are_aligned() -> None:
    rows = [["name", "n"], ["a", "1,000"], ["longer", "2"]]
    assert align_columns(rows) == ["name        n", "a       1,000", "longer      2"]
    assert align_columns(rows, rule=True)[1:3] == ["------  -----", "a       1,000"]
    assert align_columns(rows, left=2) == ["name    n", "a       1,000", "longer  2"]


def test_rows_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        align_columns([["a", "b"], ["c"]])


def test_a_table_of_markdown_escapes_what_would_mean_something() -> None:
    rows = [["arm", "value"], ["a|b_c", "[50, 200]"]]
    assert markdown_table(rows) == (
        "| arm | value |\n| --- | ---: |\n| a\\|b\\_c | \\[50, 200\\] |"
    )
