"""Pictures that benchmarks' files hold as the place of an answer, and the sizes of others."""

import functools
import io

import numpy as np
from jaxtyping import Bool
from PIL import Image

_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF")
_MOST_PIXELS = 100_000_000
_UNREADABLE = (OSError, ValueError, SyntaxError, Image.DecompressionBombError)


def size_of(data: bytes) -> tuple[int, int]:
    """Width and height of the picture in a file, which is not decoded; (1, 1) of what is none."""
    try:
        return Image.open(io.BytesIO(data), formats=_FORMATS).size
    except _UNREADABLE:
        return (1, 1)


@functools.lru_cache(maxsize=64)
def answering_pixels(data: bytes) -> Bool[np.ndarray, "H W"] | None:
    """Where the first channel of a picture is above 0; None of what is none, or too large."""
    try:
        picture = Image.open(io.BytesIO(data), formats=_FORMATS)
        if picture.width * picture.height > _MOST_PIXELS:
            return None
        values = np.asarray(picture)
    except _UNREADABLE:
        return None
    return (values[..., 0] if values.ndim == 3 else values) > 0
