"""Which way is up: from a sensor, or from a ground plane that can be trusted, else unknown.

A plane that does not pass through the camera is m . X = 1, with the normal m / |m| pointing away
from the camera and at the distance 1 / |m|. For a point X = depth * ray, m . X - 1 is the relative
error of its depth, so that one tolerance holds near and far, and least squares weighs points as
depth estimators err.
"""

import dataclasses
from typing import Annotated, Literal

import numpy as np

from spatialvlm_jax.bounds import Range, SettingError, Settings, Share

_CAMERA_UP = np.array([0.0, -1.0, 0.0])
# Radians between a given up and the ground's: sensors and sloping floors differ by less.
_APART = float(np.deg2rad(15))

_Points = Annotated[int, Range(3, 10_000_000)]
_Angle = Annotated[float, Range(0, 3.15)]


@dataclasses.dataclass(frozen=True)
class FrameConfig(Settings):
    """When a ground plane is believed.

    max_points: points of the ground that are looked at, at most.
    min_points: points of the ground that are needed.
    tolerance: relative depth error within which a point lies on the plane, at least.
    min_inliers: share of the ground's points that must lie on it.
    max_tilt: radians between the camera's up and the plane's: a facing wall is at 90 degrees.
    min_above: share of the objects' points that must not lie below it.
    max_error: radians, standard error of up: a small patch of floor says little about its slope.
    shared: points whose depth errors are taken to be one, as neighbours err alike.
    trials: random triples tried, at most.
    """

    max_points: _Points = 800
    min_points: _Points = 50
    tolerance: Annotated[float, Range(0, 1, above=True)] = 0.03
    min_inliers: Share = 0.6
    max_tilt: _Angle = float(np.deg2rad(60))
    min_above: Share = 0.9
    max_error: _Angle = float(np.deg2rad(2))
    shared: Annotated[int, Range(1, 1_000_000)] = 16
    trials: Annotated[int, Range(1, 1_000_000)] = 100

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.min_points > self.max_points:
            raise SettingError(
                "min_points", f"{self.min_points} is more than max_points={self.max_points}"
            )


@dataclasses.dataclass(frozen=True, eq=False)
class CanonicalFrame:
    """How the scene stands to gravity.

    up: float64[3], unit, camera frame, or None. camera_height: metres above the ground, or None.
    source: "given", "ground plane", or "camera" where gravity is unknown.
    reason: why the ground was not used, or "". inliers: share of the ground's points on the plane.
    error: standard error of up, radians, where a plane was fitted.
    """

    up: np.ndarray | None
    camera_height: float | None
    source: Literal["given", "ground plane", "camera"]
    reason: str = ""
    inliers: float = 0.0
    error: float = 0.0


class GroundPlane:
    """A plane m . X = 1 as scikit-image's `ransac` wants a model."""

    def __init__(self, m: np.ndarray) -> None:
        self.m = m

    @classmethod
    def from_estimate(cls, points: np.ndarray) -> "GroundPlane | None":
        """The plane by least squares of relative depth errors, or None for points in a line.

        Args:
          points: float64[N, 3], metres, camera frame.
        """
        try:
            return cls(np.linalg.solve(points.T @ points, points.sum(0)))
        except np.linalg.LinAlgError:
            return None

    def residuals(self, points: np.ndarray) -> np.ndarray:
        """Relative depth error float64[N] of each point."""
        return points @ self.m - 1

    @property
    def up(self) -> np.ndarray:
        """float64[3], unit normal towards the camera, camera frame."""
        return -self.m / np.linalg.norm(self.m)

    @property
    def distance(self) -> float:
        """Metres from the camera."""
        return float(1 / np.linalg.norm(self.m))


def find_up(
    ground: np.ndarray | None,
    objects: np.ndarray,
    given_up: np.ndarray | None,
    config: FrameConfig,
    noise_std: float,
    rng: np.random.Generator,
) -> CanonicalFrame:
    """Up and the camera's height over the ground.

    A given up is kept, and the ground tells the height only, unless the ground speaks against it.
    Without a given up, or against it, the ground's plane is used if it agrees with the ground mask,
    with the camera's up and with the objects.

    Args:
      ground: float64[N, 3], metres, camera frame: points of a ground mask, or None without a mask.
        No plane is ever fitted to points that nothing says are ground.
      objects: float64[M, 3], likewise: points of the objects.
      given_up: float[3], camera frame, from a sensor or an annotation, or None.
      noise_std: relative standard error of a depth.
    """
    tolerance = max(config.tolerance, 3 * noise_std)
    if given_up is not None:
        up = np.asarray(given_up, np.float64) / np.linalg.norm(given_up)
        given = CanonicalFrame(up, _height_along(up, ground, config, tolerance), "given")
        if ground is None or len(ground) < config.min_points:
            return given
        seen = _from_ground(ground, objects, config, tolerance, rng)
        if seen.up is None or (angle := float(np.arccos(np.clip(seen.up @ up, -1, 1)))) < _APART:
            return given
        against = f"the given up is {np.rad2deg(angle):.0f} degrees off the ground's"
        return dataclasses.replace(seen, reason=against)
    if ground is None:
        return CanonicalFrame(None, None, "camera", "no ground mask")
    if len(ground) < config.min_points:
        return CanonicalFrame(None, None, "camera", f"the ground shows {len(ground)} points only")
    return _from_ground(ground, objects, config, tolerance, rng)


def _from_ground(
    ground: np.ndarray,
    objects: np.ndarray,
    config: FrameConfig,
    tolerance: float,
    rng: np.random.Generator,
) -> CanonicalFrame:
    """The frame that the ground's points tell by themselves."""
    plane, on_plane = _fit(ground, config, tolerance, rng)
    if plane is None:
        return CanonicalFrame(None, None, "camera", "no plane fits the ground mask")
    inliers = float(on_plane.mean())
    error = _up_error(plane, ground[on_plane], config)
    reason = _disagreement(plane, inliers, error, objects, config, tolerance)
    if reason:
        return CanonicalFrame(None, None, "camera", reason, inliers, error)
    return CanonicalFrame(plane.up, plane.distance, "ground plane", "", inliers, error)


def _fit(
    points: np.ndarray, config: FrameConfig, tolerance: float, rng: np.random.Generator
) -> tuple[GroundPlane | None, np.ndarray]:
    """The plane most points lie on (Fischler & Bolles 1981), refined, and bool[N] which do."""
    from skimage.measure import ransac

    plane, inliers = ransac(
        points,
        GroundPlane,
        min_samples=3,
        residual_threshold=tolerance,
        max_trials=config.trials,
        stop_probability=0.999,
        rng=rng,
    )
    for _ in range(2):
        if not plane or inliers is None or np.count_nonzero(inliers) < 3:
            return None, np.zeros(len(points), np.bool_)
        plane = GroundPlane.from_estimate(points[inliers])
        if plane is not None:
            inliers = np.abs(plane.residuals(points)) < tolerance
    return plane, inliers


def _up_error(plane: GroundPlane, points: np.ndarray, config: FrameConfig) -> float:
    """Standard error of the plane's normal in its worst direction, radians, by least squares."""
    spread = float(np.sqrt(np.mean(plane.residuals(points) ** 2) * config.shared))
    across = np.linalg.svd(plane.up[None])[2][1:]
    covariance = np.linalg.pinv(points.T @ points)
    worst = np.linalg.eigvalsh(across @ covariance @ across.T)[-1]
    return spread * float(np.sqrt(max(worst, 0.0))) * plane.distance


def _disagreement(
    plane: GroundPlane,
    inliers: float,
    error: float,
    objects: np.ndarray,
    config: FrameConfig,
    tolerance: float,
) -> str:
    """Why the plane is not the ground, or ""."""
    if inliers < config.min_inliers:
        return f"the ground mask is no plane ({inliers:.0%} of its points fit)"
    tilt = float(np.arccos(np.clip(plane.up @ _CAMERA_UP, -1, 1)))
    if tilt > config.max_tilt:
        return f"the ground plane is tilted by {np.rad2deg(tilt):.0f} degrees: a wall or a ceiling"
    if error > config.max_error:
        return f"the ground's slope is known to {np.rad2deg(error):.1f} degrees only"
    above = float((plane.residuals(objects) < 2 * tolerance).mean())
    if above < config.min_above:
        return f"the ground plane lies above {1 - above:.0%} of the objects' points"
    return ""


def _height_along(
    up: np.ndarray, ground: np.ndarray | None, config: FrameConfig, tolerance: float
) -> float | None:
    """The camera's height over ground points that are level, else None."""
    if ground is None or len(ground) < config.min_points:
        return None
    heights = -(ground @ up)
    height = float(np.median(heights))
    if height <= 0:
        return None
    level = np.abs(heights - height) < tolerance * height
    return height if level.mean() >= config.min_inliers else None
