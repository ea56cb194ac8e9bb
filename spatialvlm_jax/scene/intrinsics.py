"""Intrinsics of pinhole cameras, float64[3, 3], in pixels with pixel centres at +0.5."""

import numpy as np


def pinhole(width: int, height: int, focal: float) -> np.ndarray:
    """float64[3, 3], pixels: a camera with square pixels that looks through the middle."""
    return np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1]], np.float64)


def scaled_intrinsics(intrinsics: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Intrinsics of a picture resized by `scale` (width, height)."""
    return np.diag([scale[0], scale[1], 1.0]) @ np.asarray(intrinsics, np.float64)
