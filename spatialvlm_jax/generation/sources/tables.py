"""Pictures in parquet tables: a column of bytes, or of structs with `bytes` (and `path`)."""

import functools
from collections.abc import Iterator
from pathlib import Path

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.foreign_files.errors import FileError
from spatialvlm_jax.foreign_files.parquet_files import RowReader, Table, picture_bytes
from spatialvlm_jax.generation.outcomes import Failed, Rejected

_MAX_ROWS = 50_000_000  # a list of all of them is held


def list_table(path: Path, column: str) -> Iterator[tuple[int, int, str]]:
    """Row group, row in it, and a name ("image/17": column and row of the table) of every row.

    Raises:
      FileError: the file is no table, or states sizes that cannot be.
      UserError: it has no such column, or too many rows.
    """
    table = Table(path)
    if sum(table.group_rows) > _MAX_ROWS:
        raise UserError(
            f"{path} has {sum(table.group_rows)} rows, more than {_MAX_ROWS}: divide it"
        )
    if column not in table.names:
        raise UserError(
            f"{path} has no column {column!r} but {', '.join(table.names)}; see --column"
        )
    number = 0
    for group, size in enumerate(table.group_rows):
        for row in range(size):
            yield group, row, f"{column}/{number}"
            number += 1


def read_row(path: Path, member: str, group: int, row: int) -> bytes:
    """The bytes of one picture.

    Raises:
      Failed: the row cannot be decoded.
      Rejected: it holds no picture, or several.
    """
    try:
        cell = _reader(path, member.rpartition("/")[0]).cell(group, row)
    except FileError as error:
        raise Failed("decode", str(error)) from None
    try:
        return picture_bytes(cell)
    except FileError as error:
        raise Rejected("decode", str(error)) from None


@functools.lru_cache(maxsize=2)
def _reader(path: Path, column: str) -> RowReader:
    """Reads on from the row that was asked for last: rows are asked for in order."""
    return RowReader(path, column)
