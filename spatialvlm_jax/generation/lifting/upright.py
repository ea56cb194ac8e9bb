"""Turning what was seen by a camera on its side, by quarters, so that up is up in the picture."""

import dataclasses

import numpy as np

from spatialvlm_jax.generation.experts.base import Perception, Region
from spatialvlm_jax.scene.intrinsics import turned_intrinsics

# Of up, at least this share lies in the picture's plane: one who looks down has no side up.
_IN_PICTURE = 0.5


def quarter_turns(up: np.ndarray | None) -> int:
    """Quarter turns against the clock, 0 to 3, that bring up nearest to the top of the picture.

    Args:
      up: float[3], unit, camera frame, or None where it is unknown.
    """
    if up is None or float(np.hypot(up[0], up[1])) < _IN_PICTURE:
        return 0
    return -round(float(np.arctan2(-up[0], -up[1])) / (np.pi / 2)) % 4


def turned(perception: Perception, quarters: int) -> Perception:
    """A perception with everything in it turned by quarters against the clock."""
    for _ in range(quarters):
        perception = _turned_once(perception)
    if not quarters:
        return perception
    extra = perception.photo.extra
    notes = [*extra.get("decode", ()), f"turned upright by {90 * quarters} degrees"]
    photo = dataclasses.replace(perception.photo, extra={**extra, "decode": notes})
    return dataclasses.replace(perception, photo=photo)


def _turned_once(perception: Perception) -> Perception:
    photo, metric = perception.photo, perception.depth
    width = photo.image.shape[1]
    up = None if photo.up is None else np.array([photo.up[1], -photo.up[0], photo.up[2]])
    return dataclasses.replace(
        perception,
        photo=dataclasses.replace(
            photo,
            image=np.ascontiguousarray(np.rot90(photo.image)),
            intrinsics=None
            if photo.intrinsics is None
            else turned_intrinsics(photo.intrinsics, width),
            up=up,
            encoded=None,
        ),
        regions=tuple(_region(region, width) for region in perception.regions),
        depth=dataclasses.replace(
            metric,
            depth=np.ascontiguousarray(np.rot90(metric.depth)),
            intrinsics=turned_intrinsics(metric.intrinsics, width),
        ),
        ground=_plane(perception.ground),
    )


def _plane(mask: np.ndarray | None) -> np.ndarray | None:
    return None if mask is None else np.ascontiguousarray(np.rot90(mask))


def _region(region: Region, width: int) -> Region:
    x0, y0, x1, y1 = region.box
    box = np.array([y0, width - x1, y1, width - x0], region.box.dtype)
    return dataclasses.replace(region, box=box, mask=_plane(region.mask))
