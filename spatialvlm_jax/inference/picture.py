"""A picture to ask about, from a file that nobody vouches for, and what is known of its camera."""

import dataclasses
import hashlib
import math
import os
from pathlib import Path

import numpy as np

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.generation.outcomes import Rejected
from spatialvlm_jax.generation.sources.images import DecodeSettings, decode, read_camera
from spatialvlm_jax.generation.sources.photo_files import Entry, read_entry
from spatialvlm_jax.scene.camera import KnownCamera
from spatialvlm_jax.scene.intrinsics import focal_from_view, pinhole

PictureLike = str | os.PathLike[str] | bytes | np.ndarray
_SETTINGS = DecodeSettings(min_side=1, max_side=2048)


@dataclasses.dataclass(frozen=True)
class CameraFacts:
    """What whoever asks knows of the camera; None where it is unknown.

    fov: degrees that the longer side of the picture spans. height: metres above the ground.
    pitch: degrees that it looks down.
    """

    fov: float | None = None
    height: float | None = None
    pitch: float | None = None

    def __post_init__(self) -> None:
        for name, low, high in (("fov", 0, 180), ("height", 0, 100_000), ("pitch", -90.1, 90.1)):
            value = getattr(self, name)
            if value is not None and not low < value < high:
                raise UserError(f"a camera's {name} of {value} is not between {low} and {high}")

    def told(self) -> list[str]:
        """Names of what is known."""
        return [name for name in ("fov", "height", "pitch") if getattr(self, name) is not None]

    def of(self, camera: KnownCamera) -> KnownCamera:
        """These facts over what a picture's file tells."""
        known = camera
        if self.fov is not None:
            focal = focal_from_view(*camera.size, self.fov)
            known = dataclasses.replace(
                known, intrinsics=pinhole(*camera.size, focal), focal_std=0.0
            )
        if self.height is not None:
            known = dataclasses.replace(known, height=self.height)
        if self.pitch is not None:
            down = math.radians(self.pitch)
            up = np.array([0.0, -math.cos(down), -math.sin(down)])
            known = dataclasses.replace(known, up=up)
        return known


@dataclasses.dataclass(frozen=True, eq=False)
class Picture:
    """A picture to ask about.

    image: uint8[H, W, 3], upright. camera: what its file tells. notes: what was changed on the
    way, such as "the first of several pictures". sha256: of its file, hexadecimal; "" of an array.
    """

    image: np.ndarray
    camera: KnownCamera
    notes: tuple[str, ...] = ()
    sha256: str = ""


def open_picture(source: PictureLike, max_pixels: int = _SETTINGS.max_pixels) -> Picture:
    """Reads a picture within bounds: at most 256 MiB and 100 million pixels.

    Args:
      source: the path of a file, its bytes, or uint8[H, W, 3].
      max_pixels: that a file may have.

    Raises:
      UserError: there is none, it is damaged, or too large.
    """
    if isinstance(source, np.ndarray):
        if source.dtype != np.uint8 or source.ndim != 3 or source.shape[2] != 3 or not source.size:
            raise UserError(
                f"a picture is uint8[H, W, 3], not {source.dtype}{list(source.shape)}: convert it"
            )
        return Picture(source, KnownCamera((source.shape[1], source.shape[0])))
    where = "the picture" if isinstance(source, bytes) else os.fspath(source)
    try:
        data = source if isinstance(source, bytes) else _read(Path(source))
        settings = dataclasses.replace(_SETTINGS, max_pixels=max_pixels)
        decoded = decode(data, settings)
        digest = hashlib.sha256(data).hexdigest()
        return Picture(decoded.image, read_camera(data, settings), decoded.notes, digest)
    except Rejected as error:
        raise UserError(f"{where}: {error}") from None


def _read(path: Path) -> bytes:
    """The bytes of a file, through links: whoever asks named it."""
    try:
        real = Path(os.path.realpath(path))
    except ValueError:  # a zero in its name
        raise Rejected("decode", "no name of a file") from None
    return read_entry(real.parent, Entry(real.name), _SETTINGS.max_bytes)
