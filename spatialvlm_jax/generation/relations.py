"""What holds between the objects of a scene: relations with tie margins, and exact quantities.

All relations are between objects i and j and return the word for how i stands to j ("left" means
i is left of j), or None where it is too close to call. All quantities return a `Measure`, or None.
A margin is a share of the objects' size, and never less than three standard errors.
"""

import dataclasses
import functools
from collections.abc import Sequence

import numpy as np

from spatialvlm_jax.generation.records import Object3D, Scene
from spatialvlm_jax.generation.surfaces import Solids, object_distances, solids_of, support

POSITION_MARGIN = 0.25
VERTICAL_MARGIN = 0.5
NEARNESS_MARGIN = 0.05
SIZE_MARGIN = 0.15
VOLUME_MARGIN = 0.4
SECTOR_MARGIN = np.deg2rad(6.0)
SECTORS = (
    "right",
    "right and behind",
    "behind",
    "left and behind",
    "left",
    "left and in front",
    "in front",
    "right and in front",
)


@dataclasses.dataclass(frozen=True)
class Measure:
    """A quantity in metres and its standard error."""

    value: float
    std: float = 0.0


@dataclasses.dataclass(frozen=True, eq=False)
class SceneGeometry:
    """A scene's objects as arrays over N objects, metres.

    Positions are canonical (x right, y forward, z up, origin at the camera) where gravity is
    known (`has_gravity`); otherwise their axes mean nothing but distances still hold.

    centers: float64[N, 3]. low, high: float64[N, 3], ends of each object's surface along the axes.
    camera_distance: float64[N], camera to centre. size: float64[N], longest side of the oriented
    box. volume: float64[N], cubic metres, of the oriented box. std: float64[N], of the position.
    """

    objects: Sequence[Object3D]
    solids: Solids
    has_gravity: bool
    centers: np.ndarray
    low: np.ndarray
    high: np.ndarray
    camera_distance: np.ndarray
    size: np.ndarray
    volume: np.ndarray
    std: np.ndarray

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
        extents = np.array([thing.extents for thing in objects], np.float64).reshape(-1, 3)
        low, high = _spans(objects, solids, rotation)
        return cls(
            objects=objects,
            solids=solids,
            has_gravity=has_gravity,
            centers=camera_centers @ rotation.T,
            low=low,
            high=high,
            camera_distance=np.linalg.norm(camera_centers, axis=-1),
            size=extents.max(-1, initial=0.0),
            volume=extents.prod(-1),
            std=np.array([thing.std for thing in objects], np.float64),
        )

    @functools.cached_property
    def surface_distance(self) -> np.ndarray:
        """Nearest distance between surfaces, float64[N, N], metres."""
        return object_distances(self.objects, self.solids)

    @functools.cached_property
    def width(self) -> np.ndarray:
        """Span along canonical x, float64[N], metres: how wide it stands before the viewer."""
        return self.high[:, 0] - self.low[:, 0]

    @functools.cached_property
    def height(self) -> np.ndarray:
        """Span along canonical z, float64[N], metres."""
        return self.high[:, 2] - self.low[:, 2]


def _spans(
    objects: Sequence[Object3D], solids: Solids, rotation: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Ends of each object's surface along the rows of `rotation`: two float64[N, 3]."""
    if not len(objects):
        return np.zeros((0, 3)), np.zeros((0, 3))
    directions = np.concatenate([rotation, -rotation])
    reach = support(solids, np.broadcast_to(directions, (len(solids.codes), 6, 3)))
    starts = np.searchsorted(solids.owners, np.arange(len(objects)))
    reach = np.maximum.reduceat(reach, starts, axis=0)
    return -reach[:, 3:], reach[:, :3]


def _noise(geometry: SceneGeometry, i: int, j: int) -> float:
    return 3 * float(np.hypot(geometry.std[i], geometry.std[j]))


def _side(difference: float, margin: float, more: str, less: str) -> str | None:
    if abs(difference) <= margin:
        return None
    return more if difference > 0 else less


def lateral(geometry: SceneGeometry, i: int, j: int) -> str | None:
    """ "left" or "right": canonical x of the centres.

    None too where the picture shows them the other way round (a nearer object can have the
    smaller x and still be seen to the right): people would not agree on the answer.
    """
    x, y = geometry.centers[:, 0], geometry.centers[:, 1]
    margin = POSITION_MARGIN * (geometry.width[i] + geometry.width[j]) / 2
    difference = x[i] - x[j]
    bearing = x[i] * y[j] - x[j] * y[i]
    if bearing * difference <= 0:
        return None
    return _side(difference, max(margin, _noise(geometry, i, j)), "right", "left")


def frontal(geometry: SceneGeometry, i: int, j: int) -> str | None:
    """ "front" or "behind": canonical y of the centres, the smaller is in front."""
    spans = geometry.high[:, 1] - geometry.low[:, 1]
    margin = POSITION_MARGIN * (spans[i] + spans[j]) / 2
    difference = geometry.centers[i, 1] - geometry.centers[j, 1]
    return _side(difference, max(margin, _noise(geometry, i, j)), "behind", "front")


def vertical(geometry: SceneGeometry, i: int, j: int) -> str | None:
    """ "above" or "below": canonical z of the centres, at least half the mean height apart."""
    margin = VERTICAL_MARGIN * (geometry.height[i] + geometry.height[j]) / 2
    difference = geometry.centers[i, 2] - geometry.centers[j, 2]
    return _side(difference, max(margin, _noise(geometry, i, j)), "above", "below")


def nearness(geometry: SceneGeometry, i: int, j: int) -> str | None:
    """ "nearer" or "farther": distance from the camera to the centres."""
    distance = geometry.camera_distance
    margin = max(
        POSITION_MARGIN * (geometry.size[i] + geometry.size[j]) / 2,
        NEARNESS_MARGIN * max(distance[i], distance[j]),
        _noise(geometry, i, j),
    )
    return _side(distance[i] - distance[j], margin, "farther", "nearer")


def tallness(geometry: SceneGeometry, i: int, j: int) -> str | None:
    """ "taller" or "shorter": spans along canonical z."""
    height = geometry.height
    margin = max(SIZE_MARGIN * max(height[i], height[j]), _noise(geometry, i, j))
    return _side(height[i] - height[j], margin, "taller", "shorter")


def wideness(geometry: SceneGeometry, i: int, j: int) -> str | None:
    """ "wider" or "narrower": spans along canonical x."""
    width = geometry.width
    margin = max(SIZE_MARGIN * max(width[i], width[j]), _noise(geometry, i, j))
    return _side(width[i] - width[j], margin, "wider", "narrower")


def bigness(geometry: SceneGeometry, i: int, j: int) -> str | None:
    """ "bigger" or "smaller": volumes of the oriented boxes."""
    volume = geometry.volume
    larger = max(volume[i], volume[j])
    noise = _noise(geometry, i, j) / max(min(geometry.size[i], geometry.size[j]), 1e-6)
    return _side(volume[i] - volume[j], max(VOLUME_MARGIN, noise) * larger, "bigger", "smaller")


def direction(geometry: SceneGeometry, i: int, j: int) -> str | None:
    """One of `SECTORS`: which of eight 45 degree sectors around j the centre of i lies in.

    Sectors lie in the ground plane, "behind" points away from the camera along canonical y. None
    near a sector's edge, for objects that overlap on the ground, and where `lateral` is None
    though the word would name a side.
    """
    step = geometry.centers[i, :2] - geometry.centers[j, :2]
    spans = geometry.high[:, :2] - geometry.low[:, :2]
    margin = max(POSITION_MARGIN * float(spans[[i, j]].max()), _noise(geometry, i, j))
    distance = float(np.hypot(*step))
    if distance <= 2 * margin:
        return None
    turns = np.arctan2(step[1], step[0]) / (np.pi / 4)
    sector = int(np.round(turns))
    edge = (0.5 - abs(turns - sector)) * np.pi / 4
    if edge < max(SECTOR_MARGIN, _noise(geometry, i, j) / distance):
        return None
    word = SECTORS[sector % 8]
    side = word.split(" ")[0]
    if side in ("left", "right") and lateral(geometry, i, j) != side:
        return None
    return word


def camera_distance(geometry: SceneGeometry, i: int) -> Measure:
    """From the camera to the object's centre."""
    return Measure(float(geometry.camera_distance[i]), float(geometry.std[i]))


def height(geometry: SceneGeometry, i: int) -> Measure:
    """Span of the surface along canonical z."""
    return Measure(float(geometry.height[i]), float(geometry.std[i]) * 2**0.5)


def width(geometry: SceneGeometry, i: int) -> Measure:
    """Span of the surface along canonical x."""
    return Measure(float(geometry.width[i]), float(geometry.std[i]) * 2**0.5)


def _between(geometry: SceneGeometry, i: int, j: int, value: float) -> Measure:
    return Measure(float(value), float(np.hypot(geometry.std[i], geometry.std[j])))


def distance(geometry: SceneGeometry, i: int, j: int) -> Measure:
    """Between the nearest points of the two surfaces; 0 where they touch."""
    return _between(geometry, i, j, geometry.surface_distance[i, j])


def centre_distance(geometry: SceneGeometry, i: int, j: int) -> Measure:
    """From centre to centre."""
    step = geometry.centers[i] - geometry.centers[j]
    return _between(geometry, i, j, np.sqrt(step @ step))


def horizontal_distance(geometry: SceneGeometry, i: int, j: int) -> Measure:
    """From centre to centre in the ground plane."""
    step = geometry.centers[i, :2] - geometry.centers[j, :2]
    return _between(geometry, i, j, np.hypot(*step))


def vertical_distance(geometry: SceneGeometry, i: int, j: int) -> Measure:
    """From centre to centre along canonical z, without sign."""
    return _between(geometry, i, j, abs(geometry.centers[i, 2] - geometry.centers[j, 2]))
