"""Reading WORKDIR/metrics.jsonl: one JSON object a line, with "step"."""

import json
from pathlib import Path
from typing import Any

FILE = "metrics.jsonl"


def read_rows(path: Path) -> list[dict[str, Any]]:
    """All rows of a metrics file; none if it is missing. A line torn by a kill is passed over."""
    if not path.exists():
        return []
    rows = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(row, dict) and isinstance(row.get("step"), int):
            rows.append(row)
    return rows
