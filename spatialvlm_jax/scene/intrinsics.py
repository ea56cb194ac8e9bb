"""Intrinsics of pinhole cameras, float64[3, 3], in pixels with pixel centres at +0.5."""

import math

import numpy as np


def pinhole(width: int, height: int, focal: float) -> np.ndarray:
    """float64[3, 3], pixels: a camera with square pixels that looks through the middle."""
    return np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1]], np.float64)


def scaled_intrinsics(intrinsics: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Intrinsics of a picture resized by `scale` (width, height)."""
    return np.diag([scale[0], scale[1], 1.0]) @ np.asarray(intrinsics, np.float64)


def shifted_intrinsics(intrinsics: np.ndarray, left: float, top: float) -> np.ndarray:
    """Intrinsics of a picture padded by so many pixels at the left and top; negative ones crop."""
    shift = np.array([[1.0, 0.0, left], [0.0, 1.0, top], [0.0, 0.0, 1.0]])
    return shift @ np.asarray(intrinsics, np.float64)


def turned_intrinsics(intrinsics: np.ndarray, width: int) -> np.ndarray:
    """Intrinsics of a picture, `width` pixels wide, turned a quarter against the clock.

    x' = y and y' = -x in the camera, u' = v and v' = width - u in the picture; without skew.
    """
    (fx, _, cx), (_, fy, cy) = intrinsics[0], intrinsics[1]
    return np.array([[fy, 0, cy], [0, fx, width - cx], [0, 0, 1]], np.float64)


def focal_from_view(width: int, height: int, degrees: float) -> float:
    """Focal length, pixels, of a picture whose longer side spans this angle.

    Args:
      width, height: pixels.
    """
    return 0.5 * max(width, height) / math.tan(0.5 * math.radians(degrees))
