"""Where a record stands in its file, as errors tell it: one way of counting for all files.

Lines count from 1, as editors show them. Records of files without lines count from 0, as the ids of
questions that have none of their own do, and the `doc_id` of lmms-eval.
"""

from collections.abc import Iterable, Iterator
from typing import Any

# The place of a record, and the record.
Placed = tuple[str, Any]


def line_place(number: int) -> str:
    """ "line 3" of a number from 1."""
    return f"line {number}"


def record_place(index: int) -> str:
    """ "record 2 (from 0)" of an index from 0."""
    return f"record {index} (from 0)"


def placed(records: Iterable[Any]) -> Iterator[Placed]:
    """Records of a file without lines, each with its place."""
    for index, record in enumerate(records):
        yield record_place(index), record
