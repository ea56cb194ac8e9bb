"""Boxes on a floor, seen by rays: analytic depth, masks and perceptions of them."""

from collections.abc import Sequence

import numpy as np

from spatialvlm_jax.generation.experts.base import MetricDepth, Perception, Photo, Region
from spatialvlm_jax.scene.records import Object3D, Scene
from tests.generation.scenes import camera_from_canonical, thing

HEIGHT, WIDTH, FOCAL = 480, 640, 600.0
INTRINSICS = np.array([[FOCAL, 0, WIDTH / 2], [0, FOCAL, HEIGHT / 2], [0, 0, 1.0]])


def pixel_rays() -> np.ndarray:
    """float64[H, W, 3], z = 1, through the pixels' centres."""
    rows, columns = np.indices((HEIGHT, WIDTH)) + 0.5
    x = (columns - INTRINSICS[0, 2]) / FOCAL
    y = (rows - INTRINSICS[1, 2]) / FOCAL
    return np.stack([x, y, np.ones_like(x)], -1)


def plane_depth(normal: Sequence[float] | np.ndarray, distance: float) -> np.ndarray:
    """float64[H, W]: depth of the plane normal . X = distance, inf where it is not seen."""
    facing = pixel_rays() @ np.asarray(normal, np.float64)
    with np.errstate(divide="ignore"):
        depth = distance / facing
    return np.where(depth > 0, depth, np.inf)


def box_depth(box: Object3D) -> np.ndarray:
    """float64[H, W]: depth of a box in the camera frame, inf beside it."""
    origin = -box.center @ box.rotation
    direction = pixel_rays() @ box.rotation
    with np.errstate(divide="ignore"):
        first = (-box.extents / 2 - origin) / direction
        second = (box.extents / 2 - origin) / direction
    enter = np.minimum(first, second).max(-1)
    leave = np.maximum(first, second).min(-1)
    return np.where((enter <= leave) & (enter > 0), enter, np.inf)


def look(
    *boxes: Object3D,
    pitch: float = 0.4,
    roll: float = 0.0,
    camera_height: float = 1.4,
    noise: float = 0.0,
    image_id: str = "boxes",
    given_up: bool = False,
    with_ground: bool = True,
) -> tuple[Perception, Scene]:
    """Boxes (canonical frame) on a floor as experts see them, and the truth in the camera frame."""
    turn = camera_from_canonical(pitch, roll)
    placed = [
        thing(box.caption, turn @ box.center, box.extents, support=box.support) for box in boxes
    ]
    for new, box in zip(placed, boxes, strict=True):
        object.__setattr__(new, "rotation", turn @ box.rotation)
    up = turn @ np.array([0.0, 0, 1])
    layers = np.stack([plane_depth(-up, camera_height), *map(box_depth, placed)])
    nearest, depth = layers.argmin(0), layers.min(0)
    draws = np.random.default_rng(5)
    depth = np.where(np.isfinite(depth), depth, 0) * (
        1 + noise * draws.standard_normal(depth.shape)
    )
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    regions = tuple(
        Region(np.zeros(4, np.float32), box.caption, box.category, mask=nearest == index)
        for index, box in enumerate(placed, 1)
    )
    perception = Perception(
        Photo(image_id, image, INTRINSICS, up=up if given_up else None),
        regions,
        MetricDepth(depth.astype(np.float32), INTRINSICS, noise_std=noise),
        (nearest == 0) & (depth > 0) if with_ground else None,
    )
    truth = Scene(image_id, image, INTRINSICS, tuple(placed), up, camera_height)
    return perception, truth


def standing(
    caption: str,
    x: float,
    y: float,
    extents: tuple[float, float, float],
    yaw: float = 0.0,
    base: float = -1.4,
    support: int | None = None,
) -> Object3D:
    """An upright box whose underside is at `base` (canonical z)."""
    center = np.array([x, y, base + extents[2] / 2])
    return thing(caption, center, extents, yaw, support=support)
