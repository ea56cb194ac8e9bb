"""A second path from a scene to the truth, for tests: surfaces sampled densely, nothing imported
from the code that asks the questions.

The gravity frame is made from `scene.up` by cross products: x = forward × up, y = up × x.
"""

import functools
import itertools

import numpy as np
from scipy.spatial import ConvexHull, cKDTree

from spatialvlm_jax.scene.records import Object3D, Primitive, Scene

STEP = 0.025  # metres between samples, where a side is not too short or long for that


def _ticks(low: float, high: float, least: int = 5, most: int = 70) -> np.ndarray:
    number = int(np.clip(np.ceil((high - low) / STEP) + 1, least, most))
    return np.linspace(low, high, number)


def _box(half: np.ndarray) -> np.ndarray:
    sides = []
    for axis in range(3):
        first, second = (other for other in range(3) if other != axis)
        grid = np.stack(
            np.meshgrid(_ticks(-half[first], half[first]), _ticks(-half[second], half[second])),
            -1,
        ).reshape(-1, 2)
        for end in (-half[axis], half[axis]):
            side = np.empty((len(grid), 3))
            side[:, axis], side[:, first], side[:, second] = end, grid[:, 0], grid[:, 1]
            sides.append(side)
    return np.concatenate(sides)


def _around(radius: float) -> np.ndarray:
    return np.linspace(0, 2 * np.pi, int(np.clip(2 * np.pi * radius / STEP, 24, 120)) + 1)[:-1]


def _cylinder(part: Primitive) -> np.ndarray:
    """Stands along its third axis; `taper` is the radius at the top over that at the bottom."""
    wide, half = part.extents[0] / 2, part.extents[2] / 2
    bottom, top = (wide, wide * part.taper) if part.taper <= 1 else (wide / part.taper, wide)
    rings = [(bottom + (top - bottom) * (z + half) / (2 * half), z) for z in _ticks(-half, half)]
    rings += [(r, end) for end, rim in ((-half, bottom), (half, top)) for r in _ticks(0, rim, 3)]
    return np.concatenate(
        [
            np.stack([r * np.cos(a), r * np.sin(a), np.full_like(a, z)], -1)
            for r, z in rings
            for a in (_around(r),)
        ]
    )


def _ellipsoid(half: np.ndarray) -> np.ndarray:
    latitudes = np.linspace(-np.pi / 2, np.pi / 2, int(np.clip(np.pi * half.max() / STEP, 24, 60)))
    longitude, latitude = np.meshgrid(_around(half[:2].max()), latitudes)
    ring = np.cos(latitude)
    unit = np.stack([ring * np.cos(longitude), ring * np.sin(longitude), np.sin(latitude)], -1)
    return unit.reshape(-1, 3) * half


def surface(part: Primitive) -> np.ndarray:
    """Points of a primitive's surface, float64[N, 3], metres, camera frame."""
    if part.shape == "box":
        local = _box(part.extents / 2)
    elif part.shape == "cylinder":
        local = _cylinder(part)
    else:
        local = _ellipsoid(part.extents / 2)
    return local @ part.rotation.T + part.center


def surface_of(thing: Object3D) -> np.ndarray:
    whole = Primitive("box", thing.center, thing.rotation, thing.extents)
    return np.concatenate([surface(part) for part in thing.parts or (whole,)])


def nearest(tree: cKDTree, points: np.ndarray) -> float:
    """The least distance of any of the points to one of the tree."""
    bound = float(tree.query(points[::20])[0].min())  # some tell how far away is too far for all
    return float(tree.query(points, distance_upper_bound=bound)[0].min(initial=bound))


class Witness:
    """What a scene's sampled surfaces say, metres and radians, gravity frame."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        assert scene.up is not None
        up = scene.up / np.linalg.norm(scene.up)
        right = np.cross([0.0, 0.0, 1.0], up)
        right /= np.linalg.norm(right)
        frame = np.stack([right, np.cross(up, right), up])
        self.seen = [surface_of(thing) for thing in scene.objects]
        self.points = [points @ frame.T for points in self.seen]
        self.centers = np.array([frame @ thing.center for thing in scene.objects])
        self.low = np.array([points.min(0) for points in self.points])
        self.high = np.array([points.max(0) for points in self.points])
        self.spans = self.high - self.low
        self.tree = functools.cache(lambda index: cKDTree(self.points[index]))

    @functools.cached_property
    def box(self) -> np.ndarray:
        """Sizes along each object's own axes, float64[N, 3]; the third is its own up."""
        pairs = zip(self.seen, self.scene.objects, strict=True)
        return np.array([np.ptp(points @ thing.rotation, axis=0) for points, thing in pairs])

    def camera_distance(self, i: int) -> float:
        return float(np.linalg.norm(self.scene.objects[i].center))

    def distance(self, i: int, j: int) -> float:
        return nearest(self.tree(j), self.points[i])

    def step(self, i: int, j: int) -> np.ndarray:
        return self.centers[i] - self.centers[j]

    def gap(self, i: int, j: int) -> float:
        """Between the convex outlines on the ground, by points every 5 mm along them."""
        first, second = (self._outline(index) for index in (i, j))
        return nearest(cKDTree(first), second)

    def _outline(self, index: int) -> np.ndarray:
        plan = self.points[index][:, :2]
        corners = plan[ConvexHull(plan).vertices]
        sides = zip(corners, np.roll(corners, -1, axis=0), strict=True)
        return np.concatenate(
            [np.linspace(a, b, max(2, int(np.linalg.norm(b - a) / 0.005))) for a, b in sides]
        )

    def rests_on(self, i: int, j: int, slack: float) -> bool:
        """Whether the lowest points of i lie within `slack` of j, higher than j's own lowest."""
        lowest = self.points[i][self.points[i][:, 2] < self.low[i, 2] + 1e-3]
        near = nearest(self.tree(j), lowest) <= slack
        return bool(near and self.low[i, 2] > self.low[j, 2] + 0.01)

    def sector(self, i: int, j: int) -> set[str]:
        """The words of the nearest of eight directions from j to i."""
        x, y = self.step(i, j)[:2]
        choices = itertools.product((-1, 0, 1), (-1, 0, 1))
        step = np.array([x, y]) / np.hypot(x, y)
        dx, dy = max(choices, key=lambda d: (np.array(d) @ step) / max(np.hypot(*d), 1e-9))
        return {("", "right", "left")[dx], ("", "behind", "front")[dy]} - {""}

    def hour(self, i: int, j: int) -> int:
        """Around j from 12, which points along the view, clockwise seen from above."""
        x, y = self.step(i, j)[:2]
        hands = [(np.sin(h * np.pi / 6), np.cos(h * np.pi / 6)) for h in range(1, 13)]
        return 1 + int(np.argmax([x * a + y * b for a, b in hands]))

    def bearing(self, i: int) -> float:
        x, y = self.centers[i, :2]
        return float(np.sign(x) * np.arccos(y / np.hypot(x, y)))
