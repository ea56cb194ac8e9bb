"""What the outline of a mask says: where it is, how much the frame cuts off, how much is hidden."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False)
class Silhouette:
    """A mask's outline.

    shape: (H, W) of the image. rows, columns: slices of the tight rectangle around the mask.
    crop: bool[h, w], the mask within the rectangle. pixels: how many there are.
    """

    shape: tuple[int, int]
    rows: slice
    columns: slice
    crop: np.ndarray
    pixels: int

    @property
    def box(self) -> np.ndarray:
        """float32[4], x0, y0, x1, y1, pixels."""
        edges = (self.columns.start, self.rows.start, self.columns.stop, self.rows.stop)
        return np.array(edges, np.float32)

    @property
    def touches(self) -> tuple[bool, bool, bool, bool]:
        """Whether the rectangle reaches the image's top, bottom, left, right border."""
        height, width = self.shape
        return (
            self.rows.start == 0,
            self.rows.stop == height,
            self.columns.start == 0,
            self.columns.stop == width,
        )

    def eroded(self, width: int) -> np.ndarray:
        """bool[h, w]: pixels whose four neighbours at 1 .. `width` pixels are in the mask, too.

        The image's border is no border of the mask: what it cuts off goes on.
        """
        crop = self.crop
        inner = crop.copy()
        top, bottom, left, right = self.touches
        for step in range(1, width + 1):
            inner[step:] &= crop[:-step]
            inner[:-step] &= crop[step:]
            inner[:, step:] &= crop[:, :-step]
            inner[:, :-step] &= crop[:, step:]
        inner[:width] &= top
        inner[len(inner) - width :] &= bottom
        inner[:, :width] &= left
        inner[:, inner.shape[1] - width :] &= right
        return inner

    def contour(self) -> tuple[np.ndarray, np.ndarray]:
        """Rows and columns, int64[M] each, of the image's pixels at the mask's border."""
        border = np.flatnonzero(self.crop & ~self.eroded(1))
        rows, columns = np.divmod(border, self.crop.shape[1])
        return rows + self.rows.start, columns + self.columns.start

    def core(self, width: int) -> np.ndarray:
        """bool[H, W]: the mask without `width` pixels at its border."""
        full = np.zeros(self.shape, np.bool_)
        full[self.rows, self.columns] = self.eroded(width)
        return full


def silhouette(mask: np.ndarray) -> Silhouette | None:
    """The outline of bool[H, W]; None for an empty mask."""
    lines, places = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(lines):
        return None
    rows = slice(int(lines[0]), int(lines[-1]) + 1)
    columns = slice(int(places[0]), int(places[-1]) + 1)
    crop = np.ascontiguousarray(mask[rows, columns])
    height, width = mask.shape
    return Silhouette((height, width), rows, columns, crop, int(np.count_nonzero(crop)))


# Share of an object taken to be outside where a border cuts it straight; see docs/lifting.md.
_CUT_SHARE = 0.5


def silhouette_truncation(outline: Silhouette) -> float:
    """Estimated fraction of the object that falls outside the image; 0 where it touches no border.

    At each border the length along which the mask touches it is compared with the mask's largest
    section parallel to that border: a round thing that is just touched gives little, a straight
    cut gives half, as how much lies beyond it is unknown.
    """
    crop, kept = outline.crop, 1.0
    sides = ((crop[0], 1), (crop[-1], 1), (crop[:, 0], 0), (crop[:, -1], 0))
    for touches, (side, axis) in zip(outline.touches, sides, strict=True):
        if touches:
            largest = np.count_nonzero(crop, axis=axis).max()
            kept *= 1 - _CUT_SHARE * (np.count_nonzero(side) / largest) ** 2
    return float(1 - kept)


_MAX_CONTOUR = 400


def visible_fraction(
    outline: Silhouette, depth: np.ndarray, mask: np.ndarray, jump: float, reach: int
) -> float:
    """Estimated share of the object within the image that nothing stands before.

    Where something `reach` pixels outside the mask's border is nearer by more than `jump`
    (relative) than what is as far inside, the object goes on behind it. The share of the border
    where it does is taken for the share of the object that is hidden.

    Args:
      depth: float32[H, W], metres. mask: bool[H, W].
    """
    rows, columns = outline.contour()
    step = max(-(-len(rows) // _MAX_CONTOUR), 1)
    rows, columns = rows[::step], columns[::step]
    if not len(rows):
        return 1.0
    height, width = depth.shape

    def at(down: int, right: int) -> tuple[np.ndarray, np.ndarray]:
        return (
            np.minimum(np.maximum(rows + down, 0), height - 1),
            np.minimum(np.maximum(columns + right, 0), width - 1),
        )

    covered = np.zeros(len(rows), np.bool_)
    for down, right in ((0, reach), (0, -reach), (reach, 0), (-reach, 0)):
        outside, inside = at(down, right), at(-down, -right)
        there, here = depth[outside], depth[inside]
        crosses = ~mask[outside] & mask[inside]
        covered |= crosses & (there < here * (1 - jump)) & (there > 0)
    return float(1 - covered.mean())
