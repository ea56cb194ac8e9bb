"""A hand-held camera in a world: where it is, where it looks, what falls into its picture.

World frame: z up, floor at z = 0, metres. Camera frame: x right, y down, z forward.
"""

import math
from typing import NamedTuple

import numpy as np

Vector = tuple[float, float, float]


class Camera(NamedTuple):
    """position: world frame, metres. right, down, forward: the camera's axes in the world frame.
    half: tangent of half the horizontal field of view; the image is square."""

    position: Vector
    right: Vector
    down: Vector
    forward: Vector
    half: float

    def project(self, point: Vector) -> tuple[float, float, float]:
        """(u, v, depth): image coordinates in half widths (-1 ... 1 is inside), depth in metres."""
        x, y, z = (point[i] - self.position[i] for i in range(3))
        depth = self.forward[0] * x + self.forward[1] * y + self.forward[2] * z
        scale = 1.0 / (max(depth, 1e-6) * self.half)
        u = (self.right[0] * x + self.right[1] * y + self.right[2] * z) * scale
        v = (self.down[0] * x + self.down[1] * y + self.down[2] * z) * scale
        return u, v, depth

    def world_from_camera(self) -> np.ndarray:
        """Rotation float64[3, 3], columns are the camera's axes in the world frame."""
        return np.array([self.right, self.down, self.forward], np.float64).T

    def intrinsics(self, size: int) -> np.ndarray:
        """float64[3, 3], pixels, of a square image of `size` pixels."""
        focal = size / (2.0 * self.half)
        return np.array([[focal, 0.0, size / 2], [0.0, focal, size / 2], [0.0, 0.0, 1.0]])


def look_at(position: Vector, target: Vector, roll: float, fov: float) -> Camera:
    """The camera at `position` whose axis passes through `target`, then rolled about its axis.

    Args:
      position, target: world frame, metres; not above one another.
      roll: radians, positive turns the camera clockwise as seen by its holder.
      fov: horizontal field of view, radians.
    """
    x, y, z = (target[i] - position[i] for i in range(3))
    length = math.sqrt(x * x + y * y + z * z)
    fx, fy, fz = x / length, y / length, z / length
    level = math.hypot(fx, fy)
    rx, ry = fy / level, -fx / level
    dx, dy, dz = fz * fx / level, fz * fy / level, -level
    c, s = math.cos(roll), math.sin(roll)
    right = (c * rx + s * dx, c * ry + s * dy, s * dz)
    down = (c * dx - s * rx, c * dy - s * ry, c * dz)
    return Camera(position, right, down, (fx, fy, fz), math.tan(fov / 2))
