"""RoboSpatial-Home's rule for points (Song et al., 2025; `evaluation.py` of its scorer).

The first "(x, y)" of a reply counts, else the first "[x, y]", else how its first list begins; it
must lie inside a polygon. All are fractions of the picture's width and height, from 0 to 1.
"""

import re
from collections.abc import Sequence

Point = tuple[float, float]

_NUMBER = r"\s{0,9}(\d{1,40}\.?\d{0,40})\s{0,9}"
_ROUND = re.compile(rf"\({_NUMBER},{_NUMBER}\)")
_LIST = re.compile(r"\[[^\]]{0,4000}")
_SIGNED = r"\s{0,9}([-+]?(?:\d{1,40}\.?\d{0,40}|\.\d{1,40}))\s{0,9}"
_BEGINS = re.compile(rf"\[\s{{0,9}}[(\[]?{_SIGNED},{_SIGNED}")
_SQUARE = re.compile(rf"\[{_NUMBER},{_NUMBER}\]")


def read_first_point(reply: str) -> Point | None:
    """The point of a reply, or None."""
    found = _ROUND.search(reply) or _SQUARE.search(reply)
    if found is None and (listed := _LIST.search(reply)):
        found = _BEGINS.match(listed[0])
    return None if found is None else (float(found[1]), float(found[2]))


def read_polygon(text: str) -> tuple[Point, ...]:
    """The corners of a polygon as it is published, "[(x, y), ...]"; fewer than three are none."""
    corners = [(float(x), float(y)) for x, y in _ROUND.findall(text)]
    return tuple(corners) if len(corners) >= 3 else ()


def is_inside(point: Point, polygon: Sequence[Point]) -> bool:
    """Whether a ray to the right crosses an odd number of edges."""
    x, y = point
    inside = False
    for (x_end, y_end), (x_start, y_start) in zip(
        polygon, [polygon[-1], *polygon[:-1]], strict=True
    ):
        crosses = (y_end > y) != (y_start > y)
        if crosses and x < (x_start - x_end) * (y - y_end) / (y_start - y_end) + x_end:
            inside = not inside
    return inside
