from pathlib import Path

import hypothesis
import hypothesis.strategies as st
import pytest

from spatialvlm_jax.foreign_files.csv_files import read_csv_records, read_placed_csv
from spatialvlm_jax.foreign_files.errors import FileError


def test_records_are_read_with_quotes_lines_and_tabs(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('\ufeffimage, question\n"a,b.jpg","how\nfar?"\n\nx\ny,z,w\n')
    assert list(read_csv_records(tmp_path / "a.csv")) == [
        {"image": "a,b.jpg", "question": "how\nfar?"},
        None,
        None,
    ]
    places = [place for place, _ in read_placed_csv(tmp_path / "a.csv")]
    assert places == ["line 2", "line 5", "line 6"]
    (tmp_path / "a.tsv").write_text("image\tquestion\na.jpg\twhere, and why?\n")
    assert list(read_csv_records(tmp_path / "a.tsv")) == [
        {"image": "a.jpg", "question": "where, and why?"}
    ]


def test_larger_fields_are_read_where_they_are_asked_for(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("image\n" + "x" * 200_000 + "\n")
    (record,) = read_csv_records(tmp_path / "a.tsv", max_cell=300_000)
    assert record == {"image": "x" * 200_000}
    with pytest.raises(FileError, match="larger than field limit"):
        list(read_csv_records(tmp_path / "a.tsv"))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "has 0 columns in its first line"),
        (b"image,image\na,b\n", "has the column 'image' twice"),
        (b"image\n\xff\n", "is not in UTF-8: save it so"),
        (b'image\n"a\n', "is no table: line 2: unexpected end of data"),
        (b"image\n" + b"x" * 200_000, "is no table: line 2: field larger than field limit"),
    ],
)
def test_what_is_no_table_is_told(data: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(data)
    with pytest.raises(FileError, match=message):
        list(read_csv_records(tmp_path / "a.csv"))
    with pytest.raises(FileError, match="cannot be read: No such file"):
        list(read_csv_records(tmp_path / "b.csv"))


@hypothesis.given(st.binary(max_size=200))
def test_any_bytes_are_records_or_one_error(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.mktemp("any") / "a.csv"
    path.write_bytes(data)
    try:
        records = list(read_csv_records(path))
    except FileError as error:
        assert str(path) in str(error)
        return
    assert all(record is None or record for record in records)
