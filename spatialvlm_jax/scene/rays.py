"""The rays along which the patches of a picture look: what a model is told of the camera."""

import numpy as np

from spatialvlm_jax.scene.camera import KnownCamera
from spatialvlm_jax.scene.records import canonical_from_up

RAY_FEATURES = 10
# Metres: how far off the ground is said to be at most, and where a ray does not meet it.
FARTHEST = 100.0
_NEAREST = 0.01
_LEVEL = np.array([0.0, -1.0, 0.0])  # up of a camera held level, camera frame


def patch_rays(camera: KnownCamera, patches: int) -> np.ndarray:
    """What is known of the ray through the middle of each patch.

    Args:
      camera: of the picture as the patches cut it.
      patches: along each side.

    Returns:
      float32[patches ** 2, RAY_FEATURES], rows from the top left. 0 to 2: direction, unit: x right,
      y forward, z up, against gravity or, where up is unknown, as if the camera were held level. 3:
      log of the distance along it to the level ground, metres, at most `FARTHEST`, also where it
      does not meet the ground. 4: log of the camera's height above the ground, metres. 5:
      horizontal field of view, radians. 6 to 9, 1 or 0: whether field of view, up, height, and
      distance to the ground are known. What is not known is 0: all of it is of a camera that
      nothing is known of.
    """
    found = np.zeros((patches**2, RAY_FEATURES))
    if camera.height is not None:
        found[:, 4] = np.log(max(camera.height, _NEAREST))
        found[:, 8] = 1.0
    if camera.intrinsics is None:
        return found.astype(np.float32)
    directions = ray_directions(camera, patches) @ gravity_axes(camera.up).T
    found[:, :3] = directions
    found[:, 5], found[:, 6] = camera.field_of_view, 1.0
    if camera.up is not None:
        found[:, 7] = 1.0
        if camera.height is not None:
            distance = ground_distance(directions[:, 2], max(camera.height, _NEAREST))
            found[:, 3] = np.log(distance)
            found[:, 9] = 1.0
    return found.astype(np.float32)


def ray_directions(camera: KnownCamera, patches: int) -> np.ndarray:
    """Unit vectors float64[patches ** 2, 3], camera frame, through the middles of patches.

    Raises:
      ValueError: the intrinsics are unknown.
    """
    if camera.intrinsics is None:
        raise ValueError("rays need intrinsics")
    along = (np.arange(patches) + 0.5) / patches
    columns, rows = np.meshgrid(along * camera.size[0], along * camera.size[1])
    pixels = np.stack([columns.ravel(), rows.ravel(), np.ones(patches**2)])
    through = np.linalg.solve(camera.intrinsics, pixels).T
    return through / np.linalg.norm(through, axis=1, keepdims=True)


def gravity_axes(up: np.ndarray | None) -> np.ndarray:
    """Rotation float64[3, 3] from the camera frame to x right, y forward, z up.

    Of a camera that looks along gravity, what is at the top of the picture counts as forward; where
    up is None, the camera as held level.
    """
    if up is None:
        return canonical_from_up(_LEVEL)
    try:
        return canonical_from_up(up)
    except ValueError:
        z = np.asarray(up, np.float64) / np.linalg.norm(up)
        y = _LEVEL - z * (z @ _LEVEL)
        y = y / np.linalg.norm(y)
        return np.stack([np.cross(y, z), y, z])


def ground_distance(rise: np.ndarray, height: float) -> np.ndarray:
    """How far rays go until they meet the ground, metres, at most `FARTHEST`.

    Args:
      rise: float64[N], metres upwards for a metre along each ray. height: of the camera, metres.
    """
    return height / np.maximum(-rise, height / FARTHEST)
