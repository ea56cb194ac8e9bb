"""Parquet tables in small batches of rows.

A few hundred bytes can say that they hold a billion rows, or one text a thousand times over. So
stated sizes are checked when a table is opened, and never more rows are decoded at once than fit
into memory if each is as large as its whole column.
"""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from spatialvlm_jax.foreign_files.errors import FileError

_BATCH_BYTES = 2**30
_MAX_BATCH_ROWS = 1024
# A column that is larger than both, packed and alike, is no honest one.
_MAX_UNPACKED_BYTES, _MAX_RATIO = 2**26, 100
# Rows that are all alike take next to nothing.
_MIN_ROWS_ALLOWED = 10_000
_NARROW = {"halffloat": np.float16, "float": np.float32}


class Table:
    """A parquet file whose stated sizes are plausible.

    names: its columns. group_rows: how many rows each of its row groups has.
    """

    def __init__(self, path: Path):
        """Opens the file; nothing but its description is read.

        Raises:
          FileError: it is no parquet file, or states sizes that cannot be.
        """
        from pyarrow import parquet

        self._path = path
        try:
            size = path.stat().st_size
            metadata = parquet.read_metadata(path)
            leaves = [metadata.schema.column(i) for i in range(metadata.num_columns)]
            # A value that many rows share is not decoded for each of them.
            texts = [leaf.path for leaf in leaves if leaf.physical_type == "BYTE_ARRAY"]
            self._file: Any = parquet.ParquetFile(path, metadata=metadata, read_dictionary=texts)
            groups = [metadata.row_group(i) for i in range(metadata.num_row_groups)]
            self.names: list[str] = self._file.schema_arrow.names
            self.group_rows = [group.num_rows for group in groups]
            columns = [group.column(i) for group in groups for i in range(group.num_columns)]
            stated = [
                (each.total_uncompressed_size, each.total_compressed_size) for each in columns
            ]
        except Exception as error:  # what a damaged description leads the parser to
            raise FileError(f"{path} is no parquet file that can be read: {error}") from None
        rows = sum(self.group_rows)
        if min(self.group_rows, default=0) < 0 or rows > max(size, _MIN_ROWS_ALLOWED):
            raise FileError(f"{path} says that it has {rows} rows in {size} bytes: a bomb?")
        for unpacked, packed in stated:
            if unpacked > max(_MAX_UNPACKED_BYTES, _MAX_RATIO * packed):
                raise FileError(f"{path}: {packed} bytes are to become {unpacked}: a bomb?")

    def batches(self, group: int, columns: Sequence[str]) -> Iterator[Any]:
        """The rows of a row group in order, as `pyarrow.RecordBatch`es of these columns.

        Raises:
          FileError: they cannot be decoded.
        """
        try:
            yield from self._file.iter_batches(
                batch_size=self._batch_rows(group, columns), row_groups=[group], columns=columns
            )
        except Exception as error:
            raise FileError(f"{self._path}: row group {group} cannot be read: {error}") from None

    def has_leaf(self, leaf: str) -> bool:
        """Whether there is a column, or a part of one, at a path such as "image.bytes"."""
        schema = self._file.metadata.schema
        return any(schema.column(i).path == leaf for i in range(len(schema)))

    def is_filled(self, leaf: str) -> bool:
        """Whether the file says of every row that it has a value there."""
        groups = map(self._file.metadata.row_group, range(len(self.group_rows)))
        chunks = (group.column(i) for group in groups for i in range(group.num_columns))
        told = [chunk.statistics for chunk in chunks if chunk.path_in_schema == leaf]
        return self.has_leaf(leaf) and all(
            each is not None and each.has_null_count and each.null_count == 0 for each in told
        )

    def _batch_rows(self, group: int, columns: Sequence[str]) -> int:
        metadata = self._file.metadata.row_group(group)
        chunks = [metadata.column(i) for i in range(metadata.num_columns)]
        largest = max(
            (
                chunk.total_uncompressed_size
                for chunk in chunks
                if any(f"{chunk.path_in_schema}.".startswith(f"{name}.") for name in columns)
            ),
            default=0,
        )
        return max(1, min(_MAX_BATCH_ROWS, _BATCH_BYTES // max(largest, 1)))


class RowReader:
    """Single cells of one column, read on from the row that was asked for last.

    Rows asked for in order are decoded once; going back starts the row group again.
    """

    def __init__(self, path: Path, column: str):
        self._table, self._column = Table(path), column
        self._group, self._start, self._stop = -1, 0, 0
        self._batches: Iterator[Any] = iter(())
        self._batch: Any = None

    def cell(self, group: int, row: int) -> Any:
        """The Python value at a row of a row group.

        Raises:
          FileError: it cannot be decoded.
        """
        if group != self._group or row < self._start:
            self._batches = self._table.batches(group, [self._column])
            self._group, self._start, self._stop = group, 0, 0
        while row >= self._stop:
            self._batch = next(self._batches, None)
            if self._batch is None:
                self._group = -1
                raise FileError(f"row group {group} has no row {row}")
            self._start, self._stop = self._stop, self._stop + self._batch.num_rows
        with _texts_of_utf8(f"row {row} of row group {group}"):
            return self._batch.column(0)[row - self._start].as_py()


@contextlib.contextmanager
def _texts_of_utf8(where: str) -> Iterator[None]:
    """Texts are decoded one by one, and nobody vouches for them; raises FileError."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise FileError(f"{where} holds a text that is not UTF-8: {error}") from None


def batch_records(batch: Any) -> Iterator[dict[str, Any]]:
    """The rows of a batch, numbers of few bits as they are written: 0.3, not 0.3000000119."""
    kinds = {field.name: _NARROW.get(str(field.type)) for field in batch.schema}
    narrow = {name: kind for name, kind in kinds.items() if kind is not None}
    for record in batch.to_pylist():
        given = {name: kind for name, kind in narrow.items() if record[name] is not None}
        yield record | {name: float(str(kind(record[name]))) for name, kind in given.items()}


def read_parquet_records(path: Path, without: Sequence[str] = ()) -> Iterator[dict[str, Any]]:
    """The rows of a file in order.

    Args:
      without: columns that are not read.
    Raises:
      FileError: it is no parquet file, or cannot be decoded.
    """
    table = Table(path)
    columns = [name for name in table.names if name not in without]
    for group in range(len(table.group_rows)):
        for batch in table.batches(group, columns):
            with _texts_of_utf8(f"{path}: row group {group}"):
                records = list(batch_records(batch))
            yield from records


def picture_bytes(cell: Any) -> bytes:
    """The bytes of the one picture in a cell: bytes, a record with `bytes`, or a list of one.

    Raises:
      FileError: there are none, or there are several pictures.
    """
    if isinstance(cell, list):
        if len(cell) != 1:
            raise FileError(f"{len(cell)} images in one row")
        cell = cell[0]
    if isinstance(cell, Mapping):
        cell = cell.get("bytes")
    if not isinstance(cell, bytes) or not cell:
        raise FileError("no image bytes in this row")
    return cell
