"""Tables of text: a header, then one record a line, quoted where a field holds commas or lines."""

import csv
from collections.abc import Iterator
from pathlib import Path

from spatialvlm_jax.foreign_files.errors import FileError
from spatialvlm_jax.foreign_files.places import Placed, line_place

_MAX_COLUMNS = 1_000
MAX_CELL = 131_072


def read_csv_records(path: Path, max_cell: int = MAX_CELL) -> Iterator[dict[str, str] | None]:
    """The records of a table in UTF-8; fields are apart by commas, in a `.tsv` by tabs.

    A row with more or fewer fields than the header is given as None, an empty line not at all.

    Args:
      max_cell: characters that a field may have.
    Raises:
      FileError: the file cannot be read, is no such table, or has a column twice.
    """
    for _, record in read_placed_csv(path, max_cell):
        yield record


def read_placed_csv(path: Path, max_cell: int = MAX_CELL) -> Iterator[Placed]:
    """What `read_csv_records` gives, each with the line that it begins in."""
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file, delimiter=delimiter, strict=True)
            header = [name.strip() for name in _next(rows, max_cell) or []]
            _check_header(header, path)
            line = rows.line_num + 1
            while (row := _next(rows, max_cell)) is not None:
                if row:
                    matches = len(row) == len(header)
                    record = dict(zip(header, row, strict=True)) if matches else None
                    yield line_place(line), record
                line = rows.line_num + 1
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise FileError(f"{path} is not in UTF-8: save it so") from None
    except csv.Error as error:
        raise FileError(f"{path} is no table: line {rows.line_num}: {error}") from None


def _next(rows: Iterator[list[str]], max_cell: int) -> list[str] | None:
    """The next row, or None; the limit is of the whole process, so it is put back."""
    before = csv.field_size_limit(max_cell)
    try:
        return next(rows, None)
    finally:
        csv.field_size_limit(before)


def _check_header(header: list[str], path: Path) -> None:
    if not header or len(header) > _MAX_COLUMNS:
        raise FileError(
            f"{path} has {len(header)} columns in its first line; wanted are their names"
        )
    twice = sorted({name for name in header if header.count(name) > 1 and name})
    if twice:
        raise FileError(f"{path} has the column {twice[0][:80]!r} twice")
