"""Whether what is annotated of a picture agrees with itself: boxes, axes, unit, camera."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from spatialvlm_jax.generation.outcomes import Rejected
from spatialvlm_jax.generation.sources.boxes import image_box, project_points
from spatialvlm_jax.scene.records import Object3D

# Of a 2D box, at least this share lies where the 3D box projects. What is hidden makes 2D boxes
# smaller, so that nothing can be said of the other way round.
_COVERED = 0.5
# A picture whose things are longer than this, by their median, is not annotated in metres.
_LONGEST = 50.0
_AXES = {
    "y up and z backward, as in OpenGL": np.array([1.0, -1.0, -1.0]),
    "y up": np.array([1.0, -1.0, 1.0]),
    "z backward": np.array([1.0, 1.0, -1.0]),
    "x to the left": np.array([-1.0, 1.0, 1.0]),
}


def check_intrinsics(intrinsics: np.ndarray, width: float, height: float) -> None:
    """Refuses the camera of another picture.

    Args:
      intrinsics: float64[3, 3], pixels. width, height: pixels of the picture.

    Raises:
      Rejected: its principal point lies outside of the picture, or in the middle of a picture of
        the same shape and another size.
    """
    x, y = float(intrinsics[0, 2]), float(intrinsics[1, 2])
    at, size = f"({x:.0f}, {y:.0f})", f"{width:.0f} x {height:.0f}"
    if not (0 <= x <= width and 0 <= y <= height):
        raise Rejected(
            "decode",
            f"the principal point {at} lies outside of the picture of {size}: "
            "intrinsics of another size?",
        )
    across, down = 2 * x / width, 2 * y / height
    if abs(across - down) < 0.02 and abs(across - 1) > 0.3:
        raise Rejected(
            "decode",
            f"the principal point {at} is the middle of {2 * x:.0f} x {2 * y:.0f} pixels, but the "
            f"picture has {size}: intrinsics of another size?",
        )


def agrees(box: np.ndarray, corners: np.ndarray, intrinsics: np.ndarray, size: np.ndarray) -> bool:
    """Whether a 2D box lies where a 3D box projects.

    Args:
      box: float[4], x0, y0, x1, y1, pixels. corners: float64[8, 3], metres, camera frame, all in
        front of it. size: float[2], width and height of the picture.
    """
    pixels = project_points(corners, intrinsics)
    low = np.maximum(box[:2], np.clip(pixels.min(axis=0), 0, size))
    high = np.minimum(box[2:], np.clip(pixels.max(axis=0), 0, size))
    common = float(np.prod(np.maximum(high - low, 0)))
    return common >= _COVERED * float(np.prod(box[2:] - box[:2]))


def is_copy(one: Object3D, other: Object3D) -> bool:
    """Whether two objects are one that was annotated twice."""
    near = 0.05 * float(min(one.extents.max(), other.extents.max()))
    return (
        one.category == other.category
        and float(np.linalg.norm(one.center - other.center)) < near
        and bool((np.abs(np.sort(one.extents) - np.sort(other.extents)) < near).all())
    )


def _corners(annotation: Mapping[str, Any]) -> np.ndarray | None:
    try:
        corners = np.asarray(annotation.get("bbox3D_cam"), np.float64)
    except (TypeError, ValueError):
        return None
    usable = corners.shape == (8, 3) and np.isfinite(corners).all() and (corners != -1).any()
    return corners if usable else None


def check_unit(annotations: Sequence[Mapping[str, Any]]) -> None:
    """Raises Rejected for boxes in millimetres or centimetres."""
    found = [corners for each in annotations if (corners := _corners(each)) is not None]
    if not found:
        return
    longest = float(np.median([np.ptp(corners, axis=0).max() for corners in found]))
    if longest > _LONGEST:
        unit = "millimetres" if longest > 5 * _LONGEST else "centimetres"
        raise Rejected("boxes", f"boxes of {longest:.0f} m: annotated in {unit}? metres are wanted")


def check_axes(
    annotations: Sequence[Mapping[str, Any]], intrinsics: np.ndarray, size: np.ndarray
) -> None:
    """Raises Rejected for boxes that fit the picture only with some axes turned round."""
    found = [
        (box, corners)
        for each in annotations
        if (box := image_box(each, size)) is not None and (corners := _corners(each)) is not None
    ]

    def fitting(signs: np.ndarray) -> int:
        turned = [(box, corners * signs) for box, corners in found]
        return sum(
            bool(corners[:, 2].min() > 0) and agrees(box, corners, intrinsics, size)
            for box, corners in turned
        )

    if 2 * fitting(np.ones(3)) >= len(found):
        return
    for name, signs in _AXES.items():
        if 2 * fitting(signs) > len(found):
            raise Rejected(
                "boxes",
                f"the boxes fit the picture only with {name}; "
                "wanted are x right, y down and z forward (OpenCV)",
            )
