"""What models are taught of an object beside words: where it is and how large, as numbers.

Lengths go through a logarithm and signed positions through asinh, so that near and far, small and
large count alike.
"""

import numpy as np

OBJECT_VALUES = 8
VALUE_NAMES = (
    "log_depth",
    "center_x",
    "center_y",
    "center_z",
    "log_distance",
    "log_width",
    "log_height",
    "log_depth_extent",
)
SMALLEST_METRES = 1e-3
FARTHEST_METRES = 1e6  # what is said to be farther is no place
_CENTER, _DISTANCE = slice(1, 4), 4


def object_values(
    centers: np.ndarray, spans: np.ndarray, rotation: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """The values of every object but the first, which is the patch's own depth.

    Args:
      centers: float[K, 3], metres, camera frame.
      spans: float[K, 3], sizes along the canonical axes, metres; NaN where unknown.
      rotation: float[3, 3], canonical from camera, or None where gravity is unknown.
    Returns:
      values: float32[K, 7]; known: bool[K, 7].
    """
    values = np.full((len(centers), OBJECT_VALUES - 1), np.nan)
    if rotation is not None:
        values[:, :3] = np.arcsinh(centers @ rotation.T)
    values[:, 3] = np.log(np.maximum(np.linalg.norm(centers, axis=1), SMALLEST_METRES))
    # Canonical x, z, y: width, height, depth.
    values[:, 4:] = np.log(np.maximum(spans[:, [0, 2, 1]], SMALLEST_METRES))
    known = np.isfinite(values)
    return np.where(known, values, 0.0).astype(np.float32), known


def object_places(values: np.ndarray) -> np.ndarray:
    """Where objects are, of their values: the inverse of what `object_values` makes of a center.

    How far off one is is told better by its distance than by its coordinates, which say where to
    look for it.

    Args:
      values: float[..., V], in the order of `VALUE_NAMES`; where a patch's own depth is, anything.
    Returns:
      float64[..., 3], metres, canonical frame, seen from the camera.
    """
    numbers = np.asarray(values, np.float64)
    towards = np.sinh(numbers[..., _CENTER])
    length = np.linalg.norm(towards, axis=-1, keepdims=True)
    return towards / np.maximum(length, SMALLEST_METRES) * np.exp(numbers[..., [_DISTANCE]])
