"""A run's parameters.txt, read as a table, which a page shows at any width."""

import dataclasses
import re

_GAP = re.compile(r" {2,}")


@dataclasses.dataclass(frozen=True)
class ParameterTable:
    """Columns of `head`, rows as long as it, and the lines of text that are no rows."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]


def read(text: str) -> ParameterTable | None:
    """The table that a text begins with, whose columns stand apart by two spaces.

    The last cell of a row may be empty. Of a text without a table all lines are notes; None of an
    empty one.
    """
    lines = [tuple(_GAP.split(line.strip())) for line in text.splitlines() if line.strip()]
    if not lines:
        return None
    head = lines[0] if len(lines[0]) > 2 else ()
    rows = [line for line in lines[1:] if head and len(head) - len(line) in (0, 1)]
    notes = [line for line in lines[bool(head) :] if line not in rows]
    padded = tuple((*row, *[""] * (len(head) - len(row))) for row in rows)
    return ParameterTable(head, padded, tuple("  ".join(line) for line in notes))
