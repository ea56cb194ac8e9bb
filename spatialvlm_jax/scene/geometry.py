"""A scene's objects as arrays, and what is measured of them once."""

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from spatialvlm_jax.scene.records import Object3D, Scene
from spatialvlm_jax.scene.surfaces import (
    Solids,
    is_cloud,
    object_distances,
    solids_of,
    support,
)

# Directions in the ground plane, over half a turn, along which footprints are held apart.
_PLAN_DIRECTIONS = 90


@dataclasses.dataclass(frozen=True, eq=False)
class SceneGeometry:
    """A scene's objects as arrays over N objects, metres.

    Positions are canonical (x right, y forward, z up, origin at the camera) where gravity is
    known (`has_gravity`); otherwise their axes mean nothing but distances still hold.

    rotation: float64[3, 3], from the camera frame to that of the positions.
    centers: float64[N, 3]. low, high: float64[N, 3], ends of each object's surface along the axes.
    axes: float64[N, 3, 3], columns are the axes of the oriented boxes; extents: float64[N, 3],
    their sizes. camera_distance: float64[N], camera to centre.
    std, extents_std: float64[N], standard errors of the position and of each extent, beside the
    common relative error `scale_std` of all lengths. camera_height: above the floor, or None.
    tables: what was computed for all pairs, by the function that did.
    """

    objects: Sequence[Object3D]
    solids: Solids
    has_gravity: bool
    rotation: np.ndarray
    centers: np.ndarray
    low: np.ndarray
    high: np.ndarray
    axes: np.ndarray
    extents: np.ndarray
    camera_distance: np.ndarray
    std: np.ndarray
    extents_std: np.ndarray
    scale_std: float
    camera_height: float | None
    tables: dict[Callable[..., Any], Any] = dataclasses.field(default_factory=dict)

    @classmethod
    def from_scene(cls, scene: Scene) -> "SceneGeometry":
        """Measures every object of `scene` once."""
        objects = scene.objects
        try:
            rotation, has_gravity = scene.canonical_from_camera(), True
        except ValueError:
            rotation, has_gravity = np.eye(3), False
        solids = solids_of(objects)
        camera_centers = np.array([thing.center for thing in objects], np.float64).reshape(-1, 3)
        axes = np.array([thing.rotation for thing in objects], np.float64).reshape(-1, 3, 3)
        number = len(objects)
        reach = reaches(solids, number, np.concatenate([rotation, -rotation]))
        return cls(
            objects=objects,
            solids=solids,
            has_gravity=has_gravity,
            rotation=rotation,
            centers=camera_centers @ rotation.T,
            low=-reach[:, 3:],
            high=reach[:, :3],
            axes=rotation @ axes,
            extents=np.array([thing.extents for thing in objects], np.float64).reshape(-1, 3),
            camera_distance=np.linalg.norm(camera_centers, axis=-1),
            std=np.array([thing.std for thing in objects], np.float64),
            extents_std=np.array([thing.extents_std for thing in objects], np.float64),
            scale_std=scene.scale_std,
            camera_height=scene.camera_height,
        )

    def table(self, compute: Callable[["SceneGeometry"], Any]) -> Any:
        """What `compute` finds for all objects or pairs of this scene, computed once."""
        if compute not in self.tables:
            self.tables[compute] = compute(self)
        return self.tables[compute]

    def relative_error(self, sides: np.ndarray) -> np.ndarray:
        """Of the product of each object's sides float64[N, K], without the scale's: float64[N]."""
        each = self.extents_std[:, None] / np.maximum(sides, 1e-9)
        return np.sqrt((each**2).sum(-1))

    @functools.cached_property
    def surface_distance(self) -> np.ndarray:
        """Nearest distance between surfaces, float64[N, N], metres."""
        return object_distances(self.objects, self.solids)

    @functools.cached_property
    def is_cloud(self) -> np.ndarray:
        """bool[N], whose surface is known by the points seen of it only."""
        return np.array([is_cloud(thing) for thing in self.objects], bool)

    @functools.cached_property
    def spans(self) -> np.ndarray:
        """Spans along the canonical axes, float64[N, 3], metres."""
        return self.high - self.low

    @property
    def width(self) -> np.ndarray:
        """Span along canonical x, float64[N], metres: how wide it stands before the viewer."""
        return self.spans[:, 0]

    @property
    def depth(self) -> np.ndarray:
        """Span along canonical y, float64[N], metres: how deep it reaches away from the viewer."""
        return self.spans[:, 1]

    @property
    def height(self) -> np.ndarray:
        """Span along canonical z, float64[N], metres."""
        return self.spans[:, 2]

    @functools.cached_property
    def size(self) -> np.ndarray:
        """Longest side of the oriented box, float64[N], metres."""
        return self.extents.max(-1, initial=0.0)

    @functools.cached_property
    def volume(self) -> np.ndarray:
        """Of the oriented box, float64[N], cubic metres."""
        return self.extents.prod(-1)

    @functools.cached_property
    def level_axes(self) -> np.ndarray:
        """int64[N, 2], which two axes of the oriented box lie level: all but the steepest."""
        steepest = np.abs(self.axes[:, 2]).argmax(-1)
        return np.array([(1, 2), (0, 2), (0, 1)])[steepest].reshape(-1, 2)

    @functools.cached_property
    def sides(self) -> np.ndarray:
        """The two level sides of the oriented box, float64[N, 2], metres."""
        return np.take_along_axis(self.extents, self.level_axes, 1)

    @functools.cached_property
    def plan_axes(self) -> np.ndarray:
        """float64[N, 2, 2]: [n, k] is the k-th level axis of box n in the ground plane, unit."""
        columns = self.axes.transpose(0, 2, 1)
        level = np.take_along_axis(columns, self.level_axes[:, :, None], 1)[..., :2]
        return level / np.maximum(np.linalg.norm(level, axis=-1, keepdims=True), 1e-12)

    @functools.cached_property
    def plan_gap(self) -> np.ndarray:
        """Gap between the convex footprints in the ground plane, float64[N, N], metres; 0 if none.

        Two convex sets are as far apart as the best direction holds them; directions are taken
        every two degrees and along the sides of all boxes, so that the gap is exact between faces
        and at most 0.02 % of the distance too small between corners.
        """
        turns = np.arange(_PLAN_DIRECTIONS) * (np.pi / _PLAN_DIRECTIONS)
        around = np.stack([np.cos(turns), np.sin(turns)], -1)
        level = np.concatenate([around, self.plan_axes.reshape(-1, 2)])
        directions = level @ self.rotation[:2]
        ahead = reaches(self.solids, len(self.objects), directions)
        back = reaches(self.solids, len(self.objects), -directions)
        gap = -(ahead[:, None] + back[None]).min(-1, initial=np.inf)
        return np.maximum(np.maximum(gap, gap.T), 0.0)


def reaches(solids: Solids, number: int, directions: np.ndarray) -> np.ndarray:
    """How far each of `number` objects reaches along directions float64[D, 3]: float64[N, D]."""
    if not number:
        return np.zeros((0, len(directions)))
    reach = support(solids, np.broadcast_to(directions, (len(solids.codes), *directions.shape)))
    return np.maximum.reduceat(reach, np.searchsorted(solids.owners, np.arange(number)), axis=0)
