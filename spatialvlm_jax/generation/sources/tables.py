"""Pictures in parquet tables: a column of bytes, or of structs with `bytes` (and `path`)."""

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.generation.outcomes import Rejected

_MAX_ROWS = 50_000_000


def list_table(path: Path, column: str) -> Iterator[tuple[int, int, str]]:
    """Row group, row in it, and a name ("image/17": column and row of the table) of every row.

    Raises:
      UserError: the file is no table, or has no such column.
    """
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(path) as table:
            names = table.schema_arrow.names
            sizes = [
                table.metadata.row_group(group).num_rows for group in range(table.num_row_groups)
            ]
    except Exception as error:  # the reader raises what damaged files lead it to
        raise UserError(f"{path} is not a parquet table: {error}") from None
    if sum(sizes) > _MAX_ROWS:
        raise UserError(f"{path} has {sum(sizes)} rows, more than {_MAX_ROWS}: divide it")
    if column not in names:
        raise UserError(f"{path} has no column {column!r} but {', '.join(names)}; see --column")
    number = 0
    for group, size in enumerate(sizes):
        for row in range(size):
            yield group, row, f"{column}/{number}"
            number += 1


def read_row(path: Path, member: str, group: int, row: int) -> bytes:
    """The bytes of one picture.

    Raises:
      Rejected: the row holds none.
    """
    value = _row_group(str(path), group, member.rpartition("/")[0])[row].as_py()
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, dict):
        value = value.get("bytes")
    if not isinstance(value, bytes):
        raise Rejected("decode", "the row holds no bytes")
    return value


@functools.lru_cache(maxsize=2)
def _row_group(path: str, group: int, column: str) -> Any:
    """One column of one row group; rows are read in order, so the last one is the next one's."""
    import pyarrow.parquet

    with pyarrow.parquet.ParquetFile(path) as table:
        leaves = (table.schema.column(number) for number in range(len(table.schema)))
        mine = [leaf for leaf in leaves if leaf.path.split(".")[0] == column]
        texts = [leaf.path for leaf in mine if leaf.physical_type == "BYTE_ARRAY"]
    # A value that many rows share stays one: a kilobyte could become gigabytes.
    with pyarrow.parquet.ParquetFile(path, read_dictionary=texts) as table:
        return table.read_row_group(group, columns=[column]).column(column)
