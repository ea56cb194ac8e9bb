"""Where small labels go beside what they name: inside the drawing, none over another."""

import dataclasses
import itertools
from collections.abc import Iterator, Sequence


@dataclasses.dataclass(frozen=True)
class Rectangle:
    """Left, top, right and bottom, in the drawing's units, y down."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def width(self) -> float:
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        return self.y1 - self.y0

    @property
    def middle(self) -> tuple[float, float]:
        return (self.x0 + self.x1) / 2, (self.y0 + self.y1) / 2

    def overlaps(self, other: "Rectangle") -> bool:
        """Whether they share more than an edge."""
        across = self.x0 < other.x1 and other.x0 < self.x1
        return across and self.y0 < other.y1 and other.y0 < self.y1


def place_labels(
    named: Sequence[Rectangle],
    sizes: Sequence[tuple[float, float]],
    frame: Rectangle,
    taken: Sequence[Rectangle] = (),
) -> list[Rectangle | None]:
    """A place for each label, as near to what it names as there is one.

    Args:
      named: what the labels name. sizes: their widths and heights.
      frame: the drawing. taken: where nothing may go.

    Returns:
      Of each label its place, which lies in the frame and overlaps no other; None where there is
      no room.
    """
    placed: list[Rectangle | None] = []
    full = list(taken)
    for item, size in zip(named, sizes, strict=True):
        free = (
            place
            for place in _candidates(item, size, frame)
            if not any(place.overlaps(other) for other in full)
        )
        place = next(free, None)
        placed.append(place)
        if place is not None:
            full.append(place)
    return placed


def _candidates(
    item: Rectangle, size: tuple[float, float], frame: Rectangle
) -> Iterator[Rectangle]:
    """Over its upper left corner, in it, at the others, beside it; then all over the frame."""
    width, height = size
    if width > frame.width or height > frame.height:
        return
    rows = (item.y0 - height, item.y0, item.y1, item.y1 - height)
    columns = (item.x0, item.x1 - width, item.x0 - width, item.x1)
    for x, y in itertools.product(columns, rows):
        yield _inside(x, y, size, frame)
    across, down = (int(frame.width // width), int(frame.height // height))
    x, y = item.middle
    grid = [
        Rectangle(left, top, left + width, top + height)
        for i, j in itertools.product(range(across), range(down))
        for left, top in [(frame.x0 + i * width, frame.y0 + j * height)]
    ]
    yield from sorted(grid, key=lambda r: (r.middle[0] - x) ** 2 + (r.middle[1] - y) ** 2)


def _inside(x: float, y: float, size: tuple[float, float], frame: Rectangle) -> Rectangle:
    width, height = size
    x = min(max(x, frame.x0), frame.x1 - width)
    y = min(max(y, frame.y0), frame.y1 - height)
    return Rectangle(x, y, x + width, y + height)
