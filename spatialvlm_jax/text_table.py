"""Tables in plain text and in Markdown."""

from collections.abc import Sequence


def align_columns(rows: Sequence[Sequence[str]], *, rule: bool = False, left: int = 1) -> list[str]:
    """One line a row: the first columns to the left, others to the right, two spaces between.

    Args:
      rows: the head first; all of one length.
      rule: draw a line under the head. left: how many columns begin at their left.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    ruled = [rows[0], ["-" * width for width in widths], *rows[1:]] if rule else rows
    return [
        "  ".join(
            cell.ljust(width) if place < left else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in ruled
    ]


def markdown_table(rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """A table of Markdown, all but its first `left` columns to the right; the head is the first
    row."""
    head, *rest = [[escape_markdown(cell) for cell in row] for row in rows]
    rule = [*["---"] * left, *["---:"] * (len(head) - left)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *rest))


def escape_markdown(text: str) -> str:
    """Text that Markdown takes for nothing else."""
    escaped = text.replace("\\", "\\\\")
    for letter in "|*_<>[]`":
        escaped = escaped.replace(letter, f"\\{letter}")
    return escaped
