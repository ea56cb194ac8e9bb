"""Command lines of a first day that cannot be meant: each is told in a line, and harms no file."""

import functools
import importlib
import io
import json
import shutil
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image
from safetensors.numpy import save

from spatialvlm_jax import cli
from tests.hostile.attempt import READ, REFUSED, Case, Fault, entry_point, written

PICTURES = ("0.png", "1.png", "2.png", "3.png")
PROGRAMS = ("train", "eval")
# The words of a command, "{}" for the folder that `_lay_out` fills; and a part of what is said.
Line = tuple[str, str]


def _question(**fields: object) -> str:
    record = {"image": "0.png", "question": "how wide?", "answer": "1 m", **fields}
    return json.dumps([record])


def _table(**columns: Sequence[object]) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table(dict(columns)), buffer)
    return buffer.getvalue()


def _boxes(**changes: object) -> str:
    """A COCO file of a box on each picture."""
    square = [4, 4, 12, 4, 12, 12, 4, 12]
    pictures = [
        {"id": i, "file_name": name, "width": 48, "height": 40} for i, name in enumerate(PICTURES)
    ]
    boxes = [
        {"id": i, "image_id": i, "category_id": 1, "bbox": [4, 4, 8, 8], "segmentation": [square]}
        for i in range(len(pictures))
    ]
    whole = {"images": pictures, "annotations": boxes, "categories": [{"id": 1, "name": "mug"}]}
    return json.dumps(whole | changes)


# Questions of one's own, by the name of the file.
QUESTIONS: dict[str, str | bytes] = {
    "good.csv": "image,question,answer\n" + "".join(f"{name},q?,1 m\n" for name in PICTURES),
    "semicolons.csv": "image;question;answer\n0.png;how wide?;1 m\n",
    "capitals.csv": "Image,Question,Answer\n0.png,how wide?,1 m\n",
    "header.csv": "image,question,answer\n",
    "empty.csv": "",
    "latin.csv": "image,question,answer\n0.png,wie groß?,1 m\n".encode("latin-1"),
    "utf16.csv": "image,question,answer\n0.png,how wide?,1 m\n".encode("utf-16"),
    "cut.json": _question()[:-9],
    "wrapped.json": json.dumps({"data": []}),
    "none.json": "[]",
    "absent.json": _question(image="9.png"),
    "climbs.json": _question(image="../photos/0.png"),
    "absolute.json": _question(image="/etc/hostname"),
    "comma.json": _question(value="1,5", unit="m"),
    "both.json": _question(value="12 cm", unit="m"),
    "negative.json": _question(answer="-3 m", value=-3, unit="m"),
    "zero.json": _question(answer="0 m", value=0, unit="m"),
    "huge.json": _question(answer="far", value=1e300, unit="m"),
    "endless.json": _question(answer="far", value="inf", unit="m"),
    "no_unit.json": _question(value=3, kind="quantitative"),
    "unit.json": _question(value=1, unit="parsecs"),
    "kind.json": _question(kind="metric"),
    "quality.json": _question(kind="qualitative", value=1, unit="m"),
    "no_value.json": _question(answer="a lamp", kind="quantitative"),
    "apart.json": _question(answer="120 cm", value=120, unit="m"),
    "type.json": _question(value=1, unit="m", type="a\n" * 99),
    "boxes.json": _boxes(),
    "elsewhere.json": _boxes(images=[{"id": 0, "file_name": "/a/0.png"}], annotations=[]),
    "results.json": json.dumps([{"image_id": 3, "bbox": [1, 1, 2, 2], "score": 0.5}]),
    "captions.jsonl": json.dumps({"annotation_id": 99, "caption": "red mug"}),
}


@functools.cache
def _tables() -> dict[str, str | bytes]:
    """Parquet files; writing one reserves a gibibyte, which other classes lack in their process."""
    return {
        "names.parquet": _table(image=["0.png"], question=["q?"], answer=["1 m"]),
        "columns.parquet": _table(pic=[b"x"], q=["q?"], a=["1 m"]),
        "no_rows.parquet": _table(image=[b"x"][:0], question=["q?"][:0], answer=["1 m"][:0]),
    }


def _lay_out(folder: Path) -> None:
    """Puts photos, questions, weights and files of experts into a folder."""
    for name in ("photos", "empty", "depth", "published", "set"):
        (folder / name).mkdir()
    for i, name in enumerate(PICTURES):
        Image.new("RGB", (48, 40), (40 * i, 90, 20)).save(folder / "photos" / name)
    for name, content in (QUESTIONS | _tables()).items():
        data = content.encode() if isinstance(content, str) else content
        (folder / name).write_bytes(data)
    (folder / "photos.zip").write_bytes((folder / "photos" / PICTURES[0]).read_bytes())
    (folder / "published" / "config.json").write_text('{"model_type": "paligemma"}')
    weights = save({"vision_tower.bias": np.ones(2, np.float32)})
    (folder / "published" / "model.safetensors").write_bytes(weights)
    (folder / "cut.safetensors").write_bytes(weights[:-3])
    (folder / "garbage.safetensors").write_bytes(b"garbage")
    (folder / "set" / "dataset_info.json").write_text("{}")


def _refused(line: Line, folder: Path) -> str:
    words, said = line
    _lay_out(folder)
    before = written(folder)
    name, *rest = words.replace("{}", str(folder)).split()
    if name in PROGRAMS:
        code, _, told = entry_point(importlib.import_module(name).main, *rest, quiet=False)
    else:
        code, _, told = entry_point(cli.main, name, *rest)
    if code == 2 and said not in told:
        raise Fault(f"{said!r} is not said: {told!r}")
    shutil.rmtree(folder / "out", ignore_errors=True)  # a ledger of what was lost may be there
    after = written(folder)
    if lost := [name for name in before if before[name] != after.get(name)]:
        raise Fault(f"{lost[0]} is not as it was")
    return REFUSED if code == 2 else READ


def cases(lines: Sequence[Line]) -> Iterator[Case]:
    """Each line in a folder of its own, where it is to be refused with the words beside it."""
    for line in lines:
        yield Case(line[0], partial(_refused, line), (REFUSED,))
