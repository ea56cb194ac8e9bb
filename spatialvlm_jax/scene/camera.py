"""What is known of the camera behind a picture, and how well."""

import dataclasses
from typing import Literal

import numpy as np

# Which facts are told: all that are known, the field of view alone, none.
Told = Literal["known", "field_of_view", "unknown"]

_HIGHEST = 1000.0  # metres, of what is said of heights
# Relative standard error of a focal length from a file's metadata: whole millimetres of some 26,
# and lenses that breathe. Of up from a phone's accelerometer, radians. Relative, of a height above
# the ground that somebody estimated.
FOCAL_STD, UP_STD, HEIGHT_STD = 0.03, float(np.deg2rad(1.0)), 0.1


@dataclasses.dataclass(frozen=True, eq=False)
class KnownCamera:
    """A pinhole camera; each fact is None where it is unknown.

    size: width and height of its picture, pixels. intrinsics: float64[3, 3], pixels.
    up: float64[3], unit vector against gravity, camera frame. height: metres above the ground.
    focal_std, height_std: relative standard errors; up_std: radians. NaN where nothing tells them.
    """

    size: tuple[int, int]
    intrinsics: np.ndarray | None = None
    up: np.ndarray | None = None
    height: float | None = None
    focal_std: float = 0.0
    up_std: float = 0.0
    height_std: float = 0.0

    @property
    def field_of_view(self) -> float | None:
        """Horizontal, radians: between the middles of the picture's left and right sides."""
        if self.intrinsics is None:
            return None
        (focal, _, middle), width = self.intrinsics[0], self.size[0]
        return float(np.arctan(middle / focal) + np.arctan((width - middle) / focal))


def describe_camera(camera: KnownCamera) -> str:
    """What is known in words: "camera: 62 degrees wide, 1.4 m high, 12 degrees down."; or "".

    How far it looks down or up is that of its axis. From an aircraft, nothing is said of height.
    """
    facts = []
    if camera.field_of_view is not None:
        facts.append(f"{np.rad2deg(camera.field_of_view):.0f} degrees wide")
    if camera.height is not None and camera.height < _HIGHEST:
        facts.append(f"{camera.height:.1f} m high")
    if camera.up is not None:
        down = round(float(np.rad2deg(np.arcsin(np.clip(-camera.up[2], -1, 1)))))
        facts.append(f"{abs(down)} degrees {'down' if down > 0 else 'up'}" if down else "level")
    return f"camera: {', '.join(facts)}." if facts else ""


def tell(camera: KnownCamera, told: Told) -> KnownCamera:
    """The camera with no more known of it than `told` says."""
    if told == "known":
        return camera
    kept = camera.intrinsics if told == "field_of_view" else None
    return dataclasses.replace(camera, intrinsics=kept, up=None, height=None)


def leave_out(camera: KnownCamera, share: float, rng: np.random.Generator) -> KnownCamera:
    """The camera with facts left out at random.

    With probability `share` nothing is known of it; else each fact is left out with it. Always
    draws four numbers.
    """
    everything, *each = rng.random(4) < share
    intrinsics, up, height = (everything or one for one in each)
    return dataclasses.replace(
        camera,
        intrinsics=None if intrinsics else camera.intrinsics,
        up=None if up else camera.up,
        height=None if height else camera.height,
    )


def add_errors(camera: KnownCamera, scale: float, rng: np.random.Generator) -> KnownCamera:
    """The camera as it would be told outside of a laboratory.

    Each fact gets a Gaussian error, so that with its own it has `scale` times the usual one
    (`FOCAL_STD`, `UP_STD`, `HEIGHT_STD`); one that is as uncertain already, or whose error nothing
    tells, stays. Focal length and height are multiplied by the exponential. Always draws five
    numbers.
    """
    focal, height, *turn = rng.standard_normal(5)
    intrinsics, up = camera.intrinsics, camera.up
    if intrinsics is not None:
        intrinsics = intrinsics.copy()
        intrinsics[:2, :2] *= np.exp(focal * _missing(camera.focal_std, scale * FOCAL_STD))
    if up is not None:
        # What is along up does not turn it: two of three dimensions are left, one an axis.
        up = up + np.array(turn) * _missing(camera.up_std, scale * UP_STD)
        up = up / np.linalg.norm(up)
    metres = camera.height
    if metres is not None:
        metres = float(metres * np.exp(height * _missing(camera.height_std, scale * HEIGHT_STD)))
    return dataclasses.replace(
        camera,
        intrinsics=intrinsics,
        up=up,
        height=metres,
        focal_std=max(camera.focal_std, scale * FOCAL_STD),
        up_std=max(camera.up_std, scale * UP_STD),
        height_std=max(camera.height_std, scale * HEIGHT_STD),
    )


def _missing(std: float, wanted: float) -> float:
    """The standard error that makes `wanted` of `std`; 0 where `std` is larger or unknown."""
    return float(np.sqrt(max(wanted**2 - std**2, 0.0))) if np.isfinite(std) else 0.0
