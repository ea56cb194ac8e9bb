"""How the tests write published files: a picture, tables, JSON."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet
from PIL import Image


def _png() -> bytes:
    file = io.BytesIO()
    rows = np.arange(12 * 16 * 3).astype(np.uint8).reshape(12, 16, 3)
    Image.fromarray(rows).save(file, "png")
    return file.getvalue()


PNG = _png()
PICTURE = {"bytes": PNG, "path": "a.png"}


def write_parquet(path: Path, rows: list[dict[str, Any]]) -> None:
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)


def write_lines(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def write_json(path: Path, document: Any) -> None:
    path.write_text(json.dumps(document))
