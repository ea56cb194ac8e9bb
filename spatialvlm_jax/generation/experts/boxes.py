"""Boxes float32[N, 4]: x0, y0, x1, y1, pixels."""

import numpy as np


def clipped(boxes: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Boxes cut to an image of shape (H, W, ...)."""
    limit = np.array([shape[1], shape[0]] * 2, np.float32)
    return np.clip(np.asarray(boxes, np.float32).reshape(-1, 4), 0, limit)


def overlaps(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """float32[N, M], intersection over union; 0 where both are empty."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    common = np.prod(np.maximum(high - low, 0), axis=-1)
    one, two = (np.prod(np.maximum(b[:, 2:] - b[:, :2], 0), axis=-1) for b in (first, second))
    union = one[:, None] + two[None, :] - common
    return np.divide(common, union, out=np.zeros_like(common), where=union > 0)


def survivors(boxes: np.ndarray, scores: np.ndarray, most_overlap: float) -> list[int]:
    """Greedy non-maximum suppression, over all captions together.

    Boxes under 2 pixels wide or high are left out: nothing can be measured in them.

    Returns:
      Indices of the boxes that stay, by falling score; equal scores keep their order.
    """
    overlap = overlaps(boxes, boxes)
    large = np.all(boxes[:, 2:] - boxes[:, :2] >= 2, axis=1)
    kept: list[int] = []
    for index in np.argsort(-scores, kind="stable"):
        if large[index] and all(overlap[index, other] <= most_overlap for other in kept):
            kept.append(int(index))
    return kept
