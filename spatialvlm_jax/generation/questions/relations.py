"""What holds between the objects of a scene, with margins for what is too close to call.

Every relation is a function of (geometry, i, j) that returns the word for how i stands to j
("left" means i is left of j), or None where it is too close to call. It is computed for all pairs
of a scene at once, when first asked for.

A margin is a share of the objects' size, and never less than three standard errors of what is
compared. The scene's common scale error is left out of these: lengths that are all too large by
one factor compare as before.
"""

import functools
from collections.abc import Callable

import numpy as np

from spatialvlm_jax.scene.geometry import SceneGeometry

POSITION_MARGIN = 0.25
VERTICAL_MARGIN = 0.5
NEARNESS_MARGIN = 0.05
SIZE_MARGIN = 0.15
VOLUME_MARGIN = 0.4
SECTOR_MARGIN = np.deg2rad(6.0)
CLOCK_MARGIN = np.deg2rad(4.0)
SAME_HEIGHT, OTHER_HEIGHT = 0.08, 0.2
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
HOURS = ("12", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11")

Relation = Callable[[SceneGeometry, int, int], str | None]


def for_pairs(compute: Callable[[SceneGeometry], np.ndarray]) -> Relation:
    """A relation from a function that finds the words for all pairs, object[N, N]."""

    def listed(geometry: SceneGeometry) -> list[list[str | None]]:
        return compute(geometry).tolist()

    @functools.wraps(compute)
    def relation(geometry: SceneGeometry, i: int, j: int) -> str | None:
        return geometry.table(listed)[i][j]

    return relation


def _less(values: np.ndarray) -> np.ndarray:
    """values[i] - values[j]."""
    return values[:, None] - values


def _mean(values: np.ndarray) -> np.ndarray:
    return (values[:, None] + values) / 2


def _larger(values: np.ndarray) -> np.ndarray:
    return np.maximum(values[:, None], values)


def _noise(stds: np.ndarray) -> np.ndarray:
    """Three standard errors of the difference of two values known within `stds`."""
    return 3 * np.hypot(stds[:, None], stds)


def surface_noise(geometry: SceneGeometry) -> np.ndarray:
    """Three standard errors of where two surfaces are to each other, float64[N, N], metres."""
    return _noise(np.hypot(geometry.std, geometry.extents_std / 2))


def worded(*cases: tuple[str, np.ndarray]) -> np.ndarray:
    """object[N, N]: the word of the first case that holds, or None."""
    found = np.full(cases[0][1].shape, None, object)
    for word, holds in reversed(cases):
        found[holds] = word
    return found


def _side(difference: np.ndarray, margin: np.ndarray, more: str, less: str) -> np.ndarray:
    return worded((more, difference > margin), (less, difference < -margin))


@for_pairs
def lateral(geometry: SceneGeometry) -> np.ndarray:
    """ "left" or "right": canonical x of the centres.

    None too where the picture shows them the other way round (a nearer object can have the
    smaller x and still be seen to the right): people would not agree on the answer.
    """
    x, y = geometry.centers[:, 0], geometry.centers[:, 1]
    margin = np.maximum(POSITION_MARGIN * _mean(geometry.width), _noise(geometry.std))
    difference = _less(x)
    bearing = x[:, None] * y - x * y[:, None]
    return _side(np.where(bearing * difference > 0, difference, 0.0), margin, "right", "left")


@for_pairs
def frontal(geometry: SceneGeometry) -> np.ndarray:
    """ "front" or "behind": canonical y of the centres, the smaller is in front."""
    margin = np.maximum(POSITION_MARGIN * _mean(geometry.depth), _noise(geometry.std))
    return _side(_less(geometry.centers[:, 1]), margin, "behind", "front")


@for_pairs
def vertical(geometry: SceneGeometry) -> np.ndarray:
    """ "above" or "below": canonical z of the centres, at least half the mean height apart."""
    margin = np.maximum(VERTICAL_MARGIN * _mean(geometry.height), _noise(geometry.std))
    return _side(_less(geometry.centers[:, 2]), margin, "above", "below")


@for_pairs
def nearness(geometry: SceneGeometry) -> np.ndarray:
    """ "nearer" or "farther": distance from the camera to the centres."""
    distance = geometry.camera_distance
    margin = np.maximum(POSITION_MARGIN * _mean(geometry.size), NEARNESS_MARGIN * _larger(distance))
    return _side(_less(distance), np.maximum(margin, _noise(geometry.std)), "farther", "nearer")


def _size(geometry: SceneGeometry, sizes: np.ndarray, more: str, less: str) -> np.ndarray:
    margin = np.maximum(SIZE_MARGIN * _larger(sizes), _noise(geometry.extents_std))
    return _side(_less(sizes), margin, more, less)


@for_pairs
def tallness(geometry: SceneGeometry) -> np.ndarray:
    """ "taller" or "shorter": spans along canonical z."""
    return _size(geometry, geometry.height, "taller", "shorter")


@for_pairs
def wideness(geometry: SceneGeometry) -> np.ndarray:
    """ "wider" or "narrower": spans along canonical x."""
    return _size(geometry, geometry.width, "wider", "narrower")


@for_pairs
def bigness(geometry: SceneGeometry) -> np.ndarray:
    """ "bigger" or "smaller": volumes of the oriented boxes."""
    volume = geometry.volume
    noise = _noise(volume * geometry.relative_error(geometry.extents))
    margin = np.maximum(VOLUME_MARGIN * _larger(volume), noise)
    return _side(_less(volume), margin, "bigger", "smaller")


@for_pairs
def same_height(geometry: SceneGeometry) -> np.ndarray:
    """ "equal" or "different": spans along canonical z, within 8 % or more than 20 % apart."""
    gap, noise = np.abs(_less(geometry.height)), _noise(geometry.extents_std)
    larger = _larger(geometry.height)
    return worded(
        ("equal", gap + noise <= SAME_HEIGHT * larger),
        ("different", gap - noise > OTHER_HEIGHT * larger),
    )


def _around(geometry: SceneGeometry) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How i lies from j in the ground plane.

    Returns:
      Steps float64[N, N, 2], metres; whether they are long enough for a direction, bool[N, N];
      three standard errors of the direction, float64[N, N], radians.
    """
    step = geometry.centers[:, None, :2] - geometry.centers[:, :2]
    noise = _noise(geometry.std)
    margin = np.maximum(POSITION_MARGIN * _larger(geometry.spans[:, :2].max(-1)), noise)
    distance = np.hypot(step[..., 0], step[..., 1])
    return step, distance > 2 * margin, noise / np.maximum(distance, 1e-9)


def _nearest_step(turns: np.ndarray, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """The nearest of `steps` equal steps around, int[...], and how far its edge is, radians."""
    whole = np.round(turns)
    edge = (0.5 - np.abs(turns - whole)) * (2 * np.pi / steps)
    return whole.astype(int) % steps, edge


def _named(names: tuple[str, ...], steps: np.ndarray, clear: np.ndarray) -> np.ndarray:
    """object[N, N]: the names of the steps int[N, N] where they are clear, else None."""
    found = np.array(names, object)[steps]
    found[~clear] = None
    return found


@for_pairs
def direction(geometry: SceneGeometry) -> np.ndarray:
    """One of `SECTORS`: which of eight 45 degree sectors around j the centre of i lies in.

    Sectors lie in the ground plane, "behind" points away from the camera along canonical y. None
    near a sector's edge, for objects that overlap on the ground, and where `lateral` is None
    though the word would name a side.
    """
    step, clear, noise = _around(geometry)
    sector, edge = _nearest_step(np.arctan2(step[..., 1], step[..., 0]) / (np.pi / 4), 8)
    clear &= edge >= np.maximum(SECTOR_MARGIN, noise)
    number = len(geometry.objects)
    sides = [[lateral(geometry, i, j) for j in range(number)] for i in range(number)]
    named = np.array([word.split()[0] for word in SECTORS], object)[sector]
    ahead = np.isin(sector, [SECTORS.index("behind"), SECTORS.index("in front")])
    clear &= ahead | (named == np.array(sides, object).reshape(named.shape))
    return _named(SECTORS, sector, clear)


@for_pairs
def clock(geometry: SceneGeometry) -> np.ndarray:
    """One of `HOURS`: i from j, facing the way the camera looks; "3" is right, "12" is behind j.

    In the ground plane, rounded to the nearest hour. None near a half hour, for objects that
    overlap on the ground, and where facing straight away from the camera at j, which differs from
    the viewing direction for a j to the side, would give another hour.
    """
    step, clear, noise = _around(geometry)
    angle = np.arctan2(step[..., 0], step[..., 1])
    hour, edge = _nearest_step(angle / (np.pi / 6), 12)
    away = np.arctan2(geometry.centers[:, 0], geometry.centers[:, 1])
    clear &= hour == _nearest_step((angle - away) / (np.pi / 6), 12)[0]
    clear &= edge >= np.maximum(CLOCK_MARGIN, noise)
    return _named(HOURS, hour, clear)
