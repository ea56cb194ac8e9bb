"""Tables in plain text."""

from collections.abc import Sequence


def align_columns(rows: Sequence[Sequence[str]], *, rule: bool = False) -> list[str]:
    """One line a row: the first column to the left, others to the right, two spaces between.

    Args:
      rows: the head first; all of one length.
      rule: draw a line under the head.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    ruled = [rows[0], ["-" * width for width in widths], *rows[1:]] if rule else rows
    return [
        "  ".join(
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in ruled
    ]
