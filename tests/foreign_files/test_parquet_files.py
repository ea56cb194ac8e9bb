from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from spatialvlm_jax.foreign_files.errors import FileError
from spatialvlm_jax.foreign_files.parquet_files import (
    RowReader,
    Table,
    picture_bytes,
    read_parquet_records,
)


def write(path: Path, table: pyarrow.Table, **options: object) -> Path:
    pyarrow.parquet.write_table(table, path, **options)
    return path


def test_cells_are_read_on_and_back(tmp_path: Path) -> None:
    rows = pyarrow.table({"x": [bytes([i]) for i in range(50)], "y": list(range(50))})
    path = write(tmp_path / "x.parquet", rows, row_group_size=20)
    table = Table(path)
    assert (table.names, table.group_rows) == (["x", "y"], [20, 20, 10])
    numbers = [value for batch in table.batches(2, ["y"]) for value in batch.column(0).to_pylist()]
    assert numbers == list(range(40, 50))
    reader = RowReader(path, "x")
    asked = [(0, 0), (0, 3), (1, 19), (1, 2), (2, 9), (0, 19)]
    assert [reader.cell(*place)[0] for place in asked] == [20 * g + r for g, r in asked]
    with pytest.raises(FileError, match="row group 2 has no row 10"):
        reader.cell(2, 10)
    assert reader.cell(2, 9) == bytes([49])


def test_more_rows_than_bytes_are_refused(tmp_path: Path) -> None:
    rows = pyarrow.table({"x": pyarrow.nulls(3_000_000, pyarrow.binary())})
    path = write(tmp_path / "x.parquet", rows)
    assert path.stat().st_size < 9_000
    with pytest.raises(FileError, match=r"says that it has 3000000 rows in \d+ bytes: a bomb\?"):
        Table(path)


def test_columns_that_swell_are_refused(tmp_path: Path) -> None:
    rows = pyarrow.table({"x": [bytes(2**26 + 1)]})
    path = write(tmp_path / "x.parquet", rows, compression="zstd", use_dictionary=False)
    with pytest.raises(FileError, match=r"bytes are to become 671\d+: a bomb\?"):
        Table(path)


def test_one_large_value_a_thousand_times_is_decoded_in_small_batches(tmp_path: Path) -> None:
    large = pyarrow.DictionaryArray.from_arrays([0] * 2_000, [bytes(2**25)])
    path = write(tmp_path / "x.parquet", pyarrow.table({"x": large}), compression="zstd")
    assert path.stat().st_size < 200_000
    sizes = [
        batch.num_rows for batch, _ in zip(Table(path).batches(0, ["x"]), range(2), strict=False)
    ]
    assert sizes == [31, 31]


def test_the_size_of_a_column_is_found_whatever_its_name(tmp_path: Path) -> None:
    large = pyarrow.DictionaryArray.from_arrays([0] * 2_000, [bytes(2**25)])
    path = write(tmp_path / "x.parquet", pyarrow.table({"a.b": large}), compression="zstd")
    first = next(Table(path).batches(0, ["a.b"]))
    assert (first.schema.names, first.num_rows) == (["a.b"], 31)


def test_one_large_value_in_all_rows_is_not_decoded_for_each(tmp_path: Path) -> None:
    large = pyarrow.DictionaryArray.from_arrays([0] * 2_000, [bytes(2**25)])
    rows = pyarrow.table({"x": large})
    path = write(tmp_path / "x.parquet", rows, compression="zstd", store_schema=False)
    before, reader = pyarrow.total_allocated_bytes(), RowReader(path, "x")
    assert reader.cell(0, 1_999) == bytes(2**25)
    assert pyarrow.total_allocated_bytes() - before < 8 * 2**25


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        (None, "no image bytes in this row"),
        ("text", "no image bytes in this row"),
        (b"", "no image bytes in this row"),
        ({"path": "a.jpg", "bytes": None}, "no image bytes in this row"),
        ([], "0 images in one row"),
        ([b"a", b"b"], "2 images in one row"),
    ],
)
def test_cells_without_one_picture_are_named(cell: object, reason: str) -> None:
    with pytest.raises(FileError, match=reason):
        picture_bytes(cell)


@pytest.mark.parametrize("cell", [b"a", {"bytes": b"a"}, [b"a"], [{"bytes": b"a", "path": "x"}]])
def test_a_picture_is_bytes_a_record_or_a_list_of_one(cell: object) -> None:
    assert picture_bytes(cell) == b"a"


@pytest.mark.parametrize("data", [b"", b"PAR1", b"PAR1" + bytes(40) + b"PAR1", b"\x89PNG" * 9])
def test_what_is_no_table_is_named(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.parquet").write_bytes(data)
    with pytest.raises(FileError, match=r"x\.parquet is no parquet file that can be read"):
        Table(tmp_path / "x.parquet")


def test_damaged_pages_are_named(tmp_path: Path) -> None:
    path = write(tmp_path / "x.parquet", pyarrow.table({"x": [b"abc" * 99] * 9}))
    data = bytearray(path.read_bytes())
    data[4:40] = bytes(36)
    path.write_bytes(data)
    with pytest.raises(FileError, match=r"x\.parquet: row group 0 cannot be read"):
        RowReader(path, "x").cell(0, 0)


def test_a_file_says_whether_a_part_of_its_cells_is_there_in_all_rows(tmp_path: Path) -> None:
    cells = [{"bytes": b"a", "path": None}, {"bytes": b"b", "path": "b.png"}]
    path = write(tmp_path / "x.parquet", pyarrow.table({"a.top": cells}), row_group_size=1)
    table = Table(path)
    leaves = ("a.top.bytes", "a.top.path", "a.top", "bytes")
    assert [table.has_leaf(leaf) for leaf in leaves] == [True, True, False, False]
    assert [table.is_filled(leaf) for leaf in leaves] == [True, False, False, False]
    untold = write(path, pyarrow.table({"a.top": cells}), write_statistics=False)
    assert not Table(untold).is_filled("a.top.bytes")


def test_texts_that_are_not_utf_8_are_named(tmp_path: Path) -> None:
    ends, data = pyarrow.py_buffer(b"\0\0\0\0\2\0\0\0"), pyarrow.py_buffer(b"\xff\xfe")
    text = pyarrow.StringArray.from_buffers(1, ends, data)
    path = write(tmp_path / "x.parquet", pyarrow.table({"x": text}))
    with pytest.raises(FileError, match="row 0 of row group 0 holds a text that is not UTF-8"):
        RowReader(path, "x").cell(0, 0)
    with pytest.raises(FileError, match=r"x\.parquet: row group 0 holds a text that is not UTF-8"):
        list(read_parquet_records(path))
