"""Decoding pictures that nobody vouches for: bounded, and told in one line where it fails.

The content decides what a file is, never its name. What is wrong with a picture itself (truncated,
not a picture, too many pixels) is `Rejected` at the stage "decode"; so is what is merely unfit.
"""

import dataclasses
import functools
import io
import math
import warnings
from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
from PIL import Image

from spatialvlm_jax.bounds import Range, SettingError, Settings
from spatialvlm_jax.generation.outcomes import Rejected
from spatialvlm_jax.scene.camera import FOCAL_STD, KnownCamera
from spatialvlm_jax.scene.intrinsics import pinhole

# Formats that are pictures and decoded in this process; EPS, for one, would start an interpreter.
FORMATS = (
    *("JPEG", "MPO", "PNG", "WEBP", "GIF", "BMP", "DIB", "TIFF", "AVIF", "JPEG2000", "PPM"),
    "HEIF",
)
# What data sets can hold as it is and every reader decodes alike.
_STORABLE = ("JPEG", "PNG", "WEBP")
_ORIENTATION, _EXIF_IFD, _FOCAL_35MM, _EXIF_WIDTH, _EXIF_HEIGHT = 274, 34665, 41989, 40962, 40963
_FOCAL_MM, _SENSOR_RESOLUTION, _SENSOR_UNIT = 37386, 41486, 41488
_UNIT_MM = {2: 25.4, 3: 10.0, 4: 1.0}  # of what a sensor's pixels are counted in: inch, cm, mm
_HEIC_BRANDS = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"))
_AVIF_BRANDS = frozenset((b"avif", b"avis"))
_MAX_BRANDS_BYTES = 1024
_FILM_DIAGONAL_MM = math.hypot(36.0, 24.0)
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@functools.cache
def readable_formats() -> tuple[str, ...]:
    """Those of `FORMATS` that this installation decodes; HEIF (HEIC) is an extra."""
    Image.init()
    heif = _register_heif()
    return tuple(name for name in FORMATS if (name in Image.OPEN if name != "HEIF" else heif))


def _register_heif() -> bool:
    """Whether there is a reader of HEIC; Pillow knows it from here on.

    It turns pictures as their container says (irot, imir) and takes the orientation out of their
    EXIF, which is of no effect in HEIF (ISO/IEC 23008-12).
    """
    try:
        import pillow_heif
    except ImportError:
        return False
    # What hangs on a picture is not looked at; worker processes are the threads here.
    pillow_heif.register_heif_opener(
        thumbnails=False, depth_images=False, aux_images=False, decode_threads=1
    )
    return True


_Side = Annotated[int, Range(1, 65_535)]


@dataclasses.dataclass(frozen=True)
class DecodeSettings(Settings):
    """What is decoded, and to what size.

    max_bytes, max_pixels: larger files and pictures are refused before they are decoded.
    min_side: pixels; smaller pictures are refused. max_side: pixels; larger ones are made smaller.
    upright: turn pictures as their metadata says.
    keep_bytes: store a JPEG, PNG or WebP file as it is, metadata included, where no pixel changes.
    """

    max_bytes: Annotated[int, Range(1, 2**40)] = 256 * 2**20
    max_pixels: Annotated[int, Range(1, 2**32)] = 100_000_000
    min_side: _Side = 32
    max_side: _Side = 1024
    upright: bool = True
    keep_bytes: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.min_side > self.max_side:
            raise SettingError("min_side", f"{self.min_side} is more than max_side={self.max_side}")


@dataclasses.dataclass(frozen=True, eq=False)
class Decoded:
    """A picture, turned upright if the settings say so.

    image: uint8[H, W, 3]. focal: pixels of `image`, from the file's own metadata, or None.
    scale: float64[2], width and height of `image` by those of the picture in the file, turned.
    encoded: the file's bytes, if decoding them gives `image`. notes: what was changed on the way.
    orientation: as the metadata told it, if the picture was turned by it; else 1.
    """

    image: np.ndarray
    focal: float | None
    scale: np.ndarray
    encoded: bytes | None
    notes: tuple[str, ...]
    orientation: int = 1


def decode(data: bytes, settings: DecodeSettings) -> Decoded:
    """The picture in the bytes of a file; the first one where there are several.

    Raises:
      Rejected: there is none, it is damaged, or outside of the settings' bounds.
    """
    if not data:
        raise Rejected("decode", "the file is empty")
    if len(data) > settings.max_bytes:
        raise Rejected("decode", f"{len(data)} bytes are more than {settings.max_bytes}")
    try:
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            decoded = _decode(data, settings)
    except Rejected:
        raise
    except Image.DecompressionBombError as error:
        raise Rejected("decode", f"a bomb? {error}") from None
    except Image.UnidentifiedImageError:
        raise Rejected("decode", _unread(data)) from None
    except Exception as error:  # decoders raise whatever a damaged file leads them to
        raise Rejected("decode", f"damaged: {type(error).__name__}: {error}") from None
    if heard:  # bytes that readers complain of would be complained of in every epoch
        notes = (*decoded.notes, *(str(each.message).strip() for each in heard))
        return dataclasses.replace(decoded, encoded=None, notes=notes)
    return decoded


def _unread(data: bytes) -> str:
    """Why no decoder knows these bytes, and the remedy where there is one.

    HEIC and AVIF both are ISO base media files (ISO/IEC 14496-12), which begin with their brands.
    """
    if data[4:8] != b"ftyp":
        return f"not a picture; it begins with {data[:8]!r}"
    length = min(int.from_bytes(data[:4], "big"), len(data), _MAX_BRANDS_BYTES)
    brands = {data[8:12], *(data[at : at + 4] for at in range(16, length - 3, 4))}
    if brands & _HEIC_BRANDS:
        if "HEIF" in readable_formats():
            return "a HEIC picture that is damaged"
        return (
            "a HEIC picture, which needs the extra 'heic': run `make setup`, or convert it to JPEG"
        )
    if brands & _AVIF_BRANDS:
        return "an AVIF picture that Pillow does not decode here; convert it to JPEG"
    return "a video or another ISO media file, not a picture"


def _decode(data: bytes, settings: DecodeSettings) -> Decoded:
    picture: Image.Image = Image.open(io.BytesIO(data), formats=readable_formats())
    width, height = picture.size
    if width * height > settings.max_pixels:
        raise Rejected(
            "decode", f"{width} x {height} pixels are more than {settings.max_pixels}: a bomb?"
        )
    if min(width, height) < settings.min_side:
        raise Rejected(
            "decode", f"{width} x {height} pixels: a side is shorter than {settings.min_side}"
        )
    notes = [] if picture.format in _STORABLE else [f"read from {picture.format}"]
    orientation, focal = _exif(picture, notes)
    turn = _TURNS.get(orientation) if settings.upright else None
    whole = _is_plain(picture, data)
    picture = _to_rgb(picture, notes)
    if turn is not None:
        picture = picture.transpose(turn)
        notes.append(f"turned upright from orientation {orientation}")
    full = np.array(picture.size, np.float64)
    if max(picture.size) > settings.max_side:
        factor = settings.max_side / max(picture.size)
        size = tuple(max(1, round(side * factor)) for side in picture.size)
        picture = picture.resize((size[0], size[1]), Image.Resampling.LANCZOS, reducing_gap=3.0)
        notes.append(f"made smaller from {full[0]:.0f} x {full[1]:.0f}")
    scale = np.array(picture.size) / full
    kept = whole and settings.keep_bytes and turn is None and (scale == 1).all()
    return Decoded(
        image=np.array(picture),
        focal=None if focal is None else focal * float(scale.mean()),
        scale=scale,
        encoded=data if kept else None,
        notes=tuple(notes),
        orientation=1 if turn is None else orientation,
    )


def _is_plain(picture: Image.Image, data: bytes) -> bool:
    """Whether every reader decodes these bytes to the same eight-bit RGB picture."""
    deep = picture.format == "PNG" and data[24] != 8
    moving = getattr(picture, "is_animated", False)
    see_through = "transparency" in picture.info
    plain = picture.format in _STORABLE and picture.mode == "RGB"
    return plain and not (deep or moving or see_through)


def _exif(picture: Image.Image, notes: list[str]) -> tuple[int, float | None]:
    """Orientation (1 where there is none) and focal length in pixels of the stored picture.

    The 35 mm equivalent compares diagonals (CIPA DCG-001); where it is not told, the size of the
    sensor gives the crop factor. Both speak of the picture as it was taken, so they are left out
    where the sides were cropped since. What no lens has (5 to 2,000 mm on film) is left out.
    """
    try:
        exif = picture.getexif()
        details: Mapping[int, Any] = exif.get_ifd(_EXIF_IFD)
        orientation = exif.get(_ORIENTATION, 1)
        taken = (float(details.get(_EXIF_WIDTH) or 0), float(details.get(_EXIF_HEIGHT) or 0))
        equivalent = float(details.get(_FOCAL_35MM) or 0.0) or _by_crop_factor(details, taken)
    except Exception as error:  # metadata that cannot be read says nothing, the pixels still do
        notes.append(f"metadata left aside: {type(error).__name__}")
        return 1, None
    orientation = orientation if orientation in _TURNS else 1
    width, height = picture.size
    if min(taken) > 0:
        ratio = max(taken) / min(taken) / (max(width, height) / min(width, height))
        if not 0.98 < ratio < 1.02:
            return orientation, None
    if not 5.0 <= equivalent <= 2000.0:
        return orientation, None
    return orientation, equivalent / _FILM_DIAGONAL_MM * math.hypot(width, height)


def _by_crop_factor(details: Mapping[int, Any], taken: tuple[float, float]) -> float:
    """The 35 mm equivalent, by the lens's focal length and the sensor's pixels; 0 if not told."""
    focal, resolution = (float(details.get(tag) or 0) for tag in (_FOCAL_MM, _SENSOR_RESOLUTION))
    millimetres = math.hypot(*taken) * _UNIT_MM.get(details.get(_SENSOR_UNIT, 2), 0.0)
    if not (focal > 0 and resolution > 0 and min(taken) > 0 and millimetres > 0):
        return 0.0
    return focal * _FILM_DIAGONAL_MM * resolution / millimetres


def read_camera(data: bytes, settings: DecodeSettings) -> KnownCamera:
    """What a file tells of its camera, without its pixels: of the picture as `decode` turns it.

    Raises:
      Rejected: it is no picture.
    """
    try:
        picture = Image.open(io.BytesIO(data), formats=readable_formats())
    except Exception:
        raise Rejected("decode", _unread(data)) from None
    orientation, focal = _exif(picture, [])
    width, height = picture.size
    if settings.upright and orientation >= 5:  # turned by a quarter
        width, height = height, width
    if focal is None:
        return KnownCamera((width, height))
    return KnownCamera((width, height), pinhole(width, height, focal), focal_std=FOCAL_STD)


def _to_rgb(picture: Image.Image, notes: list[str]) -> Image.Image:
    """Eight bits, three channels; what is see-through lies on white."""
    mode = picture.mode
    if getattr(picture, "is_animated", False):
        notes.append("the first of several pictures")
    if mode == "F":
        raise Rejected("decode", "floating-point values, not colours")
    if mode.startswith("I"):
        picture.load()
        values = np.asarray(picture).astype(np.float64)
        if values.min() < 0 or values.max() > 65535:
            raise Rejected("decode", "32-bit values, not colours")
        notes.append("16 bits to 8")
        return Image.fromarray(np.rint(values / 257.0).astype(np.uint8)).convert("RGB")
    if mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        notes.append("see-through parts laid on white")
        white = Image.new("RGBA", picture.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, picture).convert("RGB")
    if mode != "RGB":
        notes.append(f"converted from {mode}")
    picture.load()
    return picture.convert("RGB")
