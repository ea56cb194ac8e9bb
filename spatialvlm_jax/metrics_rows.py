"""Reading WORKDIR/metrics.jsonl: one JSON object a line, with "step"."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

FILE = "metrics.jsonl"


def read_rows(path: Path) -> list[dict[str, Any]]:
    """All rows of a metrics file; none if it is missing.

    A line torn by a kill is passed over, and so is one with anything but numbers in it.
    """
    if not path.exists():
        return []
    rows = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(row, dict) and type(row.get("step")) is int and _are_numbers(row.values()):
            rows.append(row)
    return rows


def _are_numbers(values: Iterable[Any]) -> bool:
    return all(type(value) in (int, float) for value in values)
