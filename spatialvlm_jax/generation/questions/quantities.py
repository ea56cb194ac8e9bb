"""Exact quantities of a scene's objects and pairs, with their standard errors.

Every quantity is a function of (geometry, i) or (geometry, i, j) that returns a `Measure`, or None
where it is not defined. It is computed for all objects or pairs at once, when first asked for.

Errors, to first order: each object's position is known within `std` and each of its extents
within `extents_std`, independently; all lengths of a scene share one relative error `scale_std`.

* camera distance: std; from centre to centre: std of both; between surfaces: also half of the
  extents_std of both, since a surface moves with the extent;
* height, width, depth: extents_std; areas and volumes: the relative errors of their two or three
  sides, added in quadrature;
* lengths add scale_std times their value, areas twice and volumes three times that;
* ratios: the relative errors of both, without scale_std, which cancels; angles likewise, with
  std divided by the distance in the ground plane.

The error of the direction of gravity is not in it.
"""

import dataclasses
import functools
import math
from collections.abc import Callable

import numpy as np

from spatialvlm_jax.generation.questions.relations import bigness, nearness, tallness, wideness
from spatialvlm_jax.scene.geometry import SceneGeometry

# A bearing is given for what is clearly to one side, radians.
BEARING_MARGIN = np.deg2rad(5.0)
BEARING_STD = np.deg2rad(5.0)

Values = tuple[np.ndarray, np.ndarray]


@dataclasses.dataclass(frozen=True)
class Measure:
    """A quantity in SI units (metres, square or cubic metres, radians) and its standard error."""

    value: float
    std: float = 0.0


def _measured(compute: Callable[[SceneGeometry], Values]) -> Callable[..., Measure | None]:
    """A quantity from a function that finds values and standard errors for all; NaN for none."""

    def listed(geometry: SceneGeometry) -> tuple[list, list]:
        values, stds = compute(geometry)
        return values.tolist(), np.broadcast_to(stds, values.shape).tolist()

    @functools.wraps(compute)
    def quantity(geometry: SceneGeometry, *objects: int) -> Measure | None:
        value, std = geometry.table(listed)
        for index in objects:
            value, std = value[index], std[index]
        return None if math.isnan(value) else Measure(value, std)

    return quantity


def _with_scale(geometry: SceneGeometry, values: np.ndarray, stds: np.ndarray) -> Values:
    """Lengths with the scene's common error added to their own."""
    return values, np.hypot(stds, geometry.scale_std * values)


def _both(stds: np.ndarray) -> np.ndarray:
    return np.hypot(stds[:, None], stds)


@_measured
def camera_distance(geometry: SceneGeometry) -> Values:
    """From the camera to the object's centre."""
    return _with_scale(geometry, geometry.camera_distance, geometry.std)


@_measured
def height(geometry: SceneGeometry) -> Values:
    """Span of the surface along canonical z."""
    return _with_scale(geometry, geometry.height, geometry.extents_std)


@_measured
def width(geometry: SceneGeometry) -> Values:
    """Span of the surface along canonical x."""
    return _with_scale(geometry, geometry.width, geometry.extents_std)


@_measured
def depth(geometry: SceneGeometry) -> Values:
    """Span of the surface along canonical y."""
    return _with_scale(geometry, geometry.depth, geometry.extents_std)


@_measured
def elevation(geometry: SceneGeometry) -> Values:
    """From the floor up to the object's lowest point; none where the camera's height is unknown."""
    above = geometry.camera_height
    values = geometry.low[:, 2] + (math.nan if above is None else above)
    return _with_scale(geometry, values, np.hypot(geometry.std, geometry.extents_std / 2))


@_measured
def passage(geometry: SceneGeometry) -> Values:
    """The smaller level side of the oriented box: what must fit through an opening."""
    return _with_scale(geometry, geometry.sides.min(-1, initial=np.inf), geometry.extents_std)


def _product(geometry: SceneGeometry, sides: np.ndarray) -> Values:
    """Product of the sides float64[N, K] of each object."""
    values = sides.prod(-1)
    common = sides.shape[1] * geometry.scale_std
    relative = np.hypot(geometry.relative_error(sides), common)
    return values, values * relative


@_measured
def footprint(geometry: SceneGeometry) -> Values:
    """Area of the oriented box seen from above, square metres."""
    return _product(geometry, geometry.sides)


@_measured
def volume(geometry: SceneGeometry) -> Values:
    """Of the oriented box, cubic metres."""
    return _product(geometry, geometry.extents)


@_measured
def bearing(geometry: SceneGeometry) -> Values:
    """From straight ahead to the centre in the ground plane, seen from the camera; right positive.

    None within `BEARING_MARGIN` of straight ahead, where it is uncertain, or behind the camera.
    """
    x, y = geometry.centers[:, 0], geometry.centers[:, 1]
    values = np.arctan2(x, y)
    stds = geometry.std / np.maximum(np.hypot(x, y), 1e-9)
    clear = (np.abs(values) - 3 * stds >= BEARING_MARGIN) & (stds <= BEARING_STD) & (y > 0)
    return np.where(clear, values, np.nan), stds


@_measured
def distance(geometry: SceneGeometry) -> Values:
    """Between the nearest points of the two surfaces; 0 where they touch."""
    own = np.hypot(geometry.std, geometry.extents_std / 2)
    return _with_scale(geometry, geometry.surface_distance, _both(own))


@_measured
def plan_gap(geometry: SceneGeometry) -> Values:
    """Gap between the footprints in the ground plane, of two that share some level; else none."""
    low, high = geometry.low[:, 2], geometry.high[:, 2]
    level = np.minimum(high[:, None], high) > np.maximum(low[:, None], low)
    own = np.hypot(geometry.std, geometry.extents_std / 2)
    return _with_scale(geometry, np.where(level, geometry.plan_gap, np.nan), _both(own))


# What lies between two surfaces: `QAConfig.min_gap_metres` holds for these.
GAPS = (distance, plan_gap)


def _steps(geometry: SceneGeometry, axes: int | slice) -> np.ndarray:
    return (geometry.centers[:, None] - geometry.centers)[..., axes]


@_measured
def centre_distance(geometry: SceneGeometry) -> Values:
    """From centre to centre."""
    step = _steps(geometry, slice(3))
    values = np.sqrt(np.vecdot(step, step))
    return _with_scale(geometry, values, _both(geometry.std))


@_measured
def horizontal_distance(geometry: SceneGeometry) -> Values:
    """From centre to centre in the ground plane."""
    values = np.hypot(_steps(geometry, 0), _steps(geometry, 1))
    return _with_scale(geometry, values, _both(geometry.std))


@_measured
def vertical_distance(geometry: SceneGeometry) -> Values:
    """From centre to centre along canonical z, without sign."""
    return _with_scale(geometry, np.abs(_steps(geometry, 2)), _both(geometry.std))


def _difference(
    geometry: SceneGeometry, values: np.ndarray, stds: np.ndarray, holds: np.ndarray
) -> Values:
    """How much more i has than j, where it surely `holds` that it has more."""
    more = np.where(holds, values[:, None] - values, np.nan)
    return _with_scale(geometry, more, _both(stds))


def _ratio(values: np.ndarray, relative: np.ndarray, holds: np.ndarray) -> Values:
    """How many times as much i has as j, where it surely `holds` that it has more."""
    times = np.where(holds, values[:, None] / np.maximum(values, 1e-12), np.nan)
    return times, times * _both(relative)


def _holds(geometry: SceneGeometry, relation: Callable[..., str | None], word: str) -> np.ndarray:
    number = range(len(geometry.objects))
    found = [[relation(geometry, i, j) == word for j in number] for i in number]
    return np.array(found, bool).reshape(len(number), len(number))


@_measured
def how_much_taller(geometry: SceneGeometry) -> Values:
    """Difference of the spans along canonical z, of i that is taller."""
    taller = _holds(geometry, tallness, "taller")
    return _difference(geometry, geometry.height, geometry.extents_std, taller)


@_measured
def how_much_wider(geometry: SceneGeometry) -> Values:
    """Difference of the spans along canonical x, of i that is wider."""
    wider = _holds(geometry, wideness, "wider")
    return _difference(geometry, geometry.width, geometry.extents_std, wider)


@_measured
def how_much_farther(geometry: SceneGeometry) -> Values:
    """Difference of the distances from the camera to the centres, of i that is farther."""
    farther = _holds(geometry, nearness, "farther")
    return _difference(geometry, geometry.camera_distance, geometry.std, farther)


@_measured
def times_taller(geometry: SceneGeometry) -> Values:
    """Ratio of the spans along canonical z, of i that is taller."""
    error = geometry.relative_error(geometry.height[:, None])
    return _ratio(geometry.height, error, _holds(geometry, tallness, "taller"))


@_measured
def times_farther(geometry: SceneGeometry) -> Values:
    """Ratio of the distances from the camera to the centres, of i that is farther."""
    error = geometry.std / np.maximum(geometry.camera_distance, 1e-9)
    return _ratio(geometry.camera_distance, error, _holds(geometry, nearness, "farther"))


@_measured
def times_bigger(geometry: SceneGeometry) -> Values:
    """Ratio of the volumes of the oriented boxes, of i that is bigger."""
    error = geometry.relative_error(geometry.extents)
    return _ratio(geometry.volume, error, _holds(geometry, bigness, "bigger"))
