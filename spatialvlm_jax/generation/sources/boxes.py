"""Annotated 3D boxes in the Omni3D form, as objects.

An annotation has `bbox3D_cam` (eight corners), `center_cam`, `dimensions` and `R_cam`, metres,
camera frame. `dimensions` are (width, height, length): along the third, the second and the first
column of `R_cam`, whose second column points down from the object. The corners are the truth here:
they hold whatever order they come in, and where `R_cam` does not fit them, axes are found without
it.
"""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

CAMERA_UP = np.array([0.0, -1.0, 0.0])
_BOX_FIELDS = ("bbox2D_tight", "bbox2D_trunc", "bbox2D_proj")


class BoxError(ValueError):
    """An annotation without a usable 3D box; the message says what is wrong with it."""


def _finite(annotation: Mapping[str, Any], name: str, shape: tuple[int, ...]) -> np.ndarray | None:
    """A field as float64 of a shape, or None where it is missing, malformed, -1 or infinite."""
    try:
        values = np.asarray(annotation.get(name), np.float64)
    except (TypeError, ValueError):
        return None
    if values.shape != shape or not np.isfinite(values).all() or (values == -1).all():
        return None
    return values


def oriented_box(annotation: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Center float64[3], rotation float64[3, 3] and extents float64[3]; metres, camera frame.

    The rotation's columns are the box's axes, the third one its own up; the extents are full sizes
    along them: (length, width, height) where `R_cam` is right.

    Raises:
      BoxError: neither the corners nor center, dimensions and `R_cam` make a box.
    """
    corners = _finite(annotation, "bbox3D_cam", (8, 3))
    turn = _finite(annotation, "R_cam", (3, 3))
    if turn is not None and np.abs(turn.T @ turn - np.eye(3)).max() > 0.02:
        turn = None
    if corners is None:
        center = _finite(annotation, "center_cam", (3,))
        sizes = _finite(annotation, "dimensions", (3,))
        if center is None or sizes is None or turn is None:
            raise BoxError("no corners, nor center, dimensions and rotation")
        extents = sizes[::-1]
    else:
        center = corners.mean(axis=0)
        if turn is None or not _fits(corners - center, turn):
            turn = _axes_of(corners)
        extents = np.ptp((corners - center) @ turn, axis=0)
    if (extents <= 0.001).any() or (extents > 1000).any():
        raise BoxError(f"sizes {np.round(extents, 3).tolist()} m")
    return _upright(center, turn, extents)


def _upright(
    center: np.ndarray, turn: np.ndarray, extents: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The box with its up, which the second axis of `turn` lies along, as the third axis."""
    up = turn[:, 1] if turn[:, 1] @ CAMERA_UP > 0 else -turn[:, 1]
    rotation = np.stack([turn[:, 0], np.cross(up, turn[:, 0]), up], axis=1)
    return center, rotation, extents[[0, 2, 1]]


def _fits(offsets: np.ndarray, turn: np.ndarray) -> bool:
    """Whether corners, relative to their middle, are those of a box along the axes of `turn`."""
    halves = np.abs(offsets @ turn)
    return bool((np.ptp(halves, axis=0) <= 0.02 * halves.max() + 1e-3).all())


def _axes_of(corners: np.ndarray) -> np.ndarray:
    """Axes of a box from its corners in any order; the second is the one nearest to vertical.

    Raises:
      BoxError: the corners are not those of a box.
    """
    edges = corners[1:] - corners[0]
    lengths = np.linalg.norm(edges, axis=1)
    if lengths.min() < 1e-4:
        raise BoxError("two of its corners are the same")
    best: tuple[float, np.ndarray] | None = None
    for triple in itertools.combinations(range(7), 3):
        units = edges[list(triple)] / lengths[list(triple), None]
        skew = float(np.abs(units @ units.T - np.eye(3)).max())
        opposite = np.linalg.norm(edges - edges[list(triple)].sum(0), axis=1).min()
        error = skew + float(opposite / lengths.max())
        if best is None or error < best[0]:
            best = error, units
    assert best is not None
    if best[0] > 0.05:
        raise BoxError("its corners are not those of a box")
    # The nearest exact rotation (or reflection), by the polar decomposition.
    left, _, right = np.linalg.svd(best[1].T)
    axes = left @ right
    vertical = int(np.argmax(np.abs(CAMERA_UP @ axes)))
    others = [axis for axis in range(3) if axis != vertical]
    return axes[:, [others[0], vertical, others[1]]]


def project_points(points: np.ndarray, intrinsics: np.ndarray) -> np.ndarray:
    """Pixels float64[N, 2] of points float64[N, 3] in front of the camera."""
    pixels = points @ np.asarray(intrinsics).T
    return pixels[:, :2] / pixels[:, 2:]


def corners_of(center: np.ndarray, rotation: np.ndarray, extents: np.ndarray) -> np.ndarray:
    """The eight corners float64[8, 3] of an oriented box, in its own frame's coordinates."""
    signs = np.array(list(itertools.product((-0.5, 0.5), repeat=3)))
    return center + (signs * extents) @ rotation.T


def image_box(
    annotation: Mapping[str, Any], size: np.ndarray | Sequence[float]
) -> np.ndarray | None:
    """float32[4]: the annotated 2D box inside of a picture of (width, height); None if outside.

    The tight box where there is one, else the projected one.
    """
    limit = np.array([size[0], size[1]] * 2)
    for name in _BOX_FIELDS:
        box = _finite(annotation, name, (4,))
        if box is None or (box[2:] <= box[:2]).any():
            continue
        inside = np.clip(box, 0, limit)
        return None if (inside[2:] <= inside[:2]).any() else inside.astype(np.float32)
    return None


def box_truncation(
    annotation: Mapping[str, Any],
    corners: np.ndarray,
    intrinsics: np.ndarray,
    size: np.ndarray | Sequence[float],
) -> float:
    """Share of the projected box outside of the picture, as annotated or else from the corners."""
    stated = annotation.get("truncation", -1)
    if isinstance(stated, int | float) and 0 <= stated <= 1:
        return float(stated)
    if corners[:, 2].min() <= 0.01:
        return 1.0
    pixels = project_points(corners, intrinsics)
    low, high = pixels.min(axis=0), pixels.max(axis=0)
    inside = np.clip(high, 0, size) - np.clip(low, 0, size)
    return float(1 - np.prod(inside) / max(float(np.prod(high - low)), 1e-9))


def visible_shares(boxes: np.ndarray, depths: np.ndarray, cells: int = 48) -> np.ndarray:
    """float64[N]: share of each 2D box that no box of a nearer object covers.

    A low estimate of what is seen of an object, for sets that do not say: boxes are larger than
    what they hold.

    Args:
      boxes: float[N, 4], x0, y0, x1, y1. depths: float[N], metres.
    """
    steps = (np.arange(cells) + 0.5) / cells
    shares = np.ones(len(boxes))
    for index, box in enumerate(boxes):
        columns = box[0] + steps * (box[2] - box[0])
        rows = box[1] + steps * (box[3] - box[1])
        free = np.ones((cells, cells), np.bool_)
        for x0, y0, x1, y1 in boxes[depths < depths[index]]:
            free &= ~np.outer((rows >= y0) & (rows < y1), (columns >= x0) & (columns < x1))
        shares[index] = free.mean()
    return shares


def common_up(ups: np.ndarray, *, votes: int, max_angle: float) -> np.ndarray | None:
    """The direction float64[3] that most boxes stand along, or None where they do not agree.

    Args:
      ups: float[N, 3], unit: up of each box, camera frame.
      votes: boxes that must agree at least, and at least four fifths of all.
      max_angle: radians between one of them and their common direction.
    """
    if len(ups) == 0:
        return None
    middle = np.median(ups, axis=0)
    near = ups @ (middle / max(float(np.linalg.norm(middle)), 1e-9)) >= np.cos(max_angle)
    if near.sum() < max(votes, 0.8 * len(ups)):
        return None
    mean = ups[near].mean(axis=0)
    return mean / np.linalg.norm(mean)
