"""How lmms-eval and VLMEvalKit find points in replies to RoboSpatial-Home (August 2026).

Both ask for JSON, `[{"point_2d": [x, y]}]`, in thousandths of the picture's width and height, which
the benchmark does not. Each has faults of its own, which are kept.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool

from spatialvlm_jax.evaluation.rules.literals import LONGEST, UNREADABLE, read_literal
from spatialvlm_jax.evaluation.rules.points import Point

Size = tuple[int, int]  # width and height, pixels

_FENCE = re.compile(r"```\w*\n")
_NUMBER = r"[-+]?\d{1,40}(?:\.\d{0,40})?"
_BRACKETS = re.compile(rf"\(({_NUMBER}(?:,\s{{0,40}}{_NUMBER}){{0,9}})\)")


def fenced_pixels(reply: str, size: Size) -> list[tuple[int, int]]:
    """lmms-eval: the pixels of all points of the first fence of backticks; none where it fails."""
    opened = _FENCE.search(reply)
    end = reply.find("```", opened.end()) if opened else -1
    if opened is None or end < 0:
        return []
    try:
        records = json.loads(reply[opened.end() : end].strip()[:LONGEST])
        points = [each["point_2d"] for each in _records(records) if "point_2d" in each]
        return [
            (int(point[0] / 1000 * size[0]), int(point[1] / 1000 * size[1]))
            for point in points
            if isinstance(point, list) and len(point) == 2
        ]
    except UNREADABLE:
        return []


def _records(found: Any) -> Iterator[dict[str, Any]]:
    for each in found if isinstance(found, list) else ():
        if isinstance(each, dict):
            yield each


def is_in_mask(pixels: Sequence[tuple[int, int]], mask: Bool[np.ndarray, "H W"]) -> bool:
    """lmms-eval: whether any of the pixels is one of the mask."""
    height, width = mask.shape
    return any(0 <= x < width and 0 <= y < height and mask[y, x] for x, y in pixels)


def first_harness_point(reply: str, size: Size) -> Point | None:
    """VLMEvalKit: the first point of a reply as shares of width and height, or None.

    A reply that is JSON or Python alone, perhaps in a fence: numbers up to 1.5 are shares, up to
    1000 thousandths, others pixels. Else "(x, y)", or the corner of "(x, y, x, y)", in any text:
    numbers up to 1.5 are shares, all others pixels, so that thousandths are not read there.
    """
    for record in _records(_as_list(_literal(_without_fence(reply.strip())))):
        point = record.get("point_2d") or record.get("point")
        if isinstance(point, list | tuple) and len(point) == 2:
            try:
                x, y = map(float, point)
            except UNREADABLE:
                continue
            largest = max(abs(x), abs(y))
            scale = (1, 1) if largest <= 1.5 else (1000, 1000) if largest <= 1000 else size
            return x / scale[0], y / scale[1]
    return next(_bracketed(reply, size), None)


def _bracketed(reply: str, size: Size) -> Iterator[Point]:
    for found in _BRACKETS.finditer(reply):
        numbers = [float(number) for number in found[1].split(",")]
        scale = (1, 1) if max(map(abs, numbers)) <= 1.5 else size
        if len(numbers) == 2:
            yield numbers[0] / scale[0], numbers[1] / scale[1]
        if len(numbers) == 4:
            pixels = [round(n / scale[at % 2] * size[at % 2]) for at, n in enumerate(numbers)]
            left, right = sorted(pixels[::2])
            top, bottom = sorted(pixels[1::2])
            if left < right and top < bottom:
                yield left / size[0], top / size[1]


def _without_fence(text: str) -> str:
    if not text.startswith("```"):
        return text
    _, line_ends, inner = text.partition("\n")
    return (inner if line_ends else text.lstrip("`")).strip().removesuffix("```").strip()


def _literal(text: str) -> Any:
    """A text that is JSON, or Python's literals alone; None where it is neither."""
    for read in (json.loads, read_literal):
        try:
            return read(text[: LONGEST + 1])
        except UNREADABLE:
            continue
    return None


def _as_list(found: Any) -> Any:
    return [found] if isinstance(found, dict) else found


def is_inside_by_harness(point: Point, polygon: Sequence[Point]) -> bool:
    """VLMEvalKit: whether a ray to the right crosses an odd number of edges, ends included.

    An edge that is upright counts wherever the point is, also to its right: nothing is inside a
    rectangle whose sides are upright.
    """
    x, y = point
    inside = False
    for (x_start, y_start), (x_end, y_end) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        if min(y_start, y_end) < y <= max(y_start, y_end):
            crossing = (y - y_start) * (x_end - x_start) / (y_end - y_start) + x_start
            inside ^= x_start == x_end or x <= crossing
    return inside
