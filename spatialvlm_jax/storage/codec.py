"""Pictures and depth as bytes that TFDS decodes without TensorFlow.

Depth is a float32 image feature (metres, rounded to 1/1024 m so that it compresses; 0 is unknown):
TFDS cannot decode 16-bit images without TensorFlow.
"""

import io
import zlib

import numpy as np
from PIL import Image

_DEPTH_STEPS_PER_METRE = 1024
# What stands for a picture that is not there: TFDS has no optional features.
NOTHING = np.zeros((1, 1), np.uint8)


def encode_png(array: np.ndarray) -> bytes:
    """PNG bytes of a uint8[H, W] or uint8[H, W, C] array.

    Run-length coding takes half the time of a search for matches, and what has noise in it
    (photos, measured depth) comes out as small: noise has no matches.
    """
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, format="png", compress_type=zlib.Z_RLE)
    return buffer.getvalue()


def decode_image(data: bytes) -> np.ndarray:
    """uint8[H, W] or uint8[H, W, C] from the bytes of a PNG, JPEG or WebP file."""
    return np.asarray(Image.open(io.BytesIO(data)))


def picture_size(data: bytes) -> tuple[int, int]:
    """Width and height, pixels, of the picture in the bytes of a file, which is not decoded."""
    return Image.open(io.BytesIO(data)).size


def encode_depth(depth: np.ndarray) -> bytes:
    """PNG bytes of float32[H, W] metres, as TFDS stores float images: bits spread over RGBA."""
    known = np.where(np.isfinite(depth) & (depth > 0), depth, 0.0)
    metres = np.rint(known * _DEPTH_STEPS_PER_METRE) / _DEPTH_STEPS_PER_METRE
    return encode_png(np.ascontiguousarray(metres.astype("<f4")[..., None]).view(np.uint8))


def decode_depth(data: bytes) -> np.ndarray:
    """float32[H, W], metres, 0 where unknown, from the bytes of `encode_depth`."""
    return np.ascontiguousarray(decode_image(data)).view("<f4")[..., 0]
