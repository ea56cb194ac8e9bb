"""Annotations in the Omni3D form that nobody should trust."""

import copy
import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from tests.hostile.attempt import LISTED, READ, REFUSED, Case, command, stored_or_listed

SAMPLE = Path(__file__).parents[1] / "data" / "omni3d_sample"
GOOD: dict[str, Any] = json.loads((SAMPLE / "omni3d_sample.json").read_text())


def _generate(content: str, folder: Path) -> str:
    (folder / "a.json").write_text(content)
    out = folder / "out"
    code, _, _ = command(
        *("generate", "--source=omni3d", f"--annotations={folder}/a.json"),
        *(f"--image-root={SAMPLE}", f"--out={out}", "--validation-images=0", "--quiet"),
    )
    return stored_or_listed(code, out, good=1, bad=1)


def changed(change: Callable[[dict[str, Any]], object]) -> str:
    """The sample with a change to it."""
    content = copy.deepcopy(GOOD)
    change(content)
    return json.dumps(content)


def _image(**fields: Any) -> str:
    return changed(lambda content: content["images"][0].update(fields))


def _objects(**fields: Any) -> str:
    return changed(lambda content: [each.update(fields) for each in content["annotations"]])


# A box is told twice: by its corners, and by its middle, sizes and rotation.
NO_CORNERS: dict[str, Any] = {"bbox3D_cam": None}
NO_SIZES: dict[str, Any] = {"center_cam": None, "dimensions": None, "R_cam": None}


def annotations() -> Iterator[Case]:
    """Two pictures with four objects each; one of them is changed, or all objects."""
    documents = {
        "empty": "",
        "not JSON": "dear diary",
        "deep": "[" * 100_000,
        "deep objects": '{"images":' * 100_000,
        "a list": "[]",
        "a number": "7",
        "nothing in it": "{}",
        "images that are an object": changed(lambda c: c.update(images={})),
        "images that are numbers": changed(lambda c: c.update(images=[1, 2])),
        "no images": changed(lambda c: c.update(images=[])),
        "no annotations": changed(lambda c: c.update(annotations=None)),
        "annotations that are words": changed(lambda c: c.update(annotations=["box"])),
        "a picture twice": changed(lambda c: c["images"].append(c["images"][0])),
        "a picture without a file": changed(lambda c: c["images"][0].pop("file_path")),
        "objects of no picture": _objects(image_id=99),
        "nothing without a name": _objects(category_name="", category_id=77),
    }
    for name, content in documents.items():
        yield Case(name, partial(_generate, content), (REFUSED,))
    yield from _parts()
    mirrored = [[-1, 0, 0], [0, 1, 0], [0, 0, 1]]
    harmless = {
        "as it is": json.dumps(GOOD),
        "a byte order mark": "\ufeff" + json.dumps(GOOD),
        "a rotation that mirrors": _objects(R_cam=mirrored),
        "one of two boxes of words": _objects(bbox2D_tight="here"),
    }
    for name, content in harmless.items():
        yield Case(name, partial(_generate, content), (READ,))


def _parts() -> Iterator[Case]:
    """A field of a picture or of its objects that says what cannot be."""
    nan, huge = float("nan"), 1e308
    corners = GOOD["annotations"][0]["bbox3D_cam"]
    parts = {
        "a file that climbs out": _image(file_path="../../../../etc/hosts"),
        "a file of zeros": _image(file_path="a\0b"),
        "a file name too long": _image(file_path="x" * 5000),
        "a file that is a number": _image(file_path=7),
        "K of words": _image(K="wide"),
        "K of NaN": _image(K=[[nan, 0, nan], [0, nan, nan], [0, 0, 1]]),
        "K of zeros": _image(K=[[0, 0, 0], [0, 0, 0], [0, 0, 0]]),
        "K of two numbers": _image(K=[500, 500]),
        "K of a deep list": _image(K=[[[[[[[[500]]]]]]]]),
        "no width": _image(width=0),
        "a width that is huge": _image(width=10**300),
        "a height below zero": _image(height=-530),
        "turned by words": _image(src_90_rotate="left"),
        "corners that are missing": _objects(**NO_SIZES, bbox3D_cam=None),
        "seven corners": _objects(**NO_SIZES, bbox3D_cam=corners[:7]),
        "corners of NaN": _objects(**NO_SIZES, bbox3D_cam=[[nan] * 3] * 8),
        "corners out of sight": _objects(**NO_SIZES, bbox3D_cam=[[huge] * 3] * 8),
        "corners in one point": _objects(**NO_SIZES, bbox3D_cam=[corners[0]] * 8),
        "sizes below zero": _objects(**NO_CORNERS, dimensions=[-1, -1, -1]),
        "sizes that are endless": _objects(**NO_CORNERS, dimensions=[float("inf")] * 3),
        "sizes of words": _objects(**NO_CORNERS, dimensions=["a", "b", "c"]),
        "a rotation of zeros": _objects(**NO_CORNERS, R_cam=[[0, 0, 0]] * 3),
        "a box that is everywhere": _objects(bbox2D_tight=[-huge, -huge, huge, huge]),
        "a name of a megabyte": _objects(category_name="chair " * 170_000),
        "a name of nothing": _objects(category_name="\u200b\u202e"),
        "a name that is a list": _objects(category_name=["chair"]),
    }
    for name, content in parts.items():
        yield Case(name, partial(_generate, content), (LISTED, REFUSED))
