"""Masks as COCO writes them: run lengths, plain or packed, and polygons."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

_MOST_PIXELS = 100_000_000
_LARGEST = 1e9
_LONGEST_NUMBER = 7  # five bits each: more than any count needs


def read_run_lengths(segmentation: Mapping[str, Any]) -> np.ndarray:
    """bool[H, W] of {"size": [H, W], "counts": numbers or packed text}.

    The counts are lengths of runs of 0 and 1 in turn, down the columns, 0 first (the format of
    cocoapi's common/maskApi.h).

    Raises:
      ValueError: it is in another form, too large, or its counts do not fill its size.
    """
    size, counts = segmentation.get("size"), segmentation.get("counts")
    if not (
        isinstance(size, list) and len(size) == 2 and all(_is_count(side) and side for side in size)
    ):
        raise ValueError("run lengths need 'size': [height, width]")
    height, width = size
    if height * width > _MOST_PIXELS:
        raise ValueError(f"a mask of {width} x {height} pixels is too large")
    if isinstance(counts, str):
        counts = _unpacked(counts)
    if not (isinstance(counts, list) and all(map(_is_count, counts))):
        raise ValueError("run lengths need 'counts': whole numbers, or packed text")
    if sum(counts) != height * width:
        raise ValueError(
            f"run lengths of {sum(counts)} pixels in a mask of {width} x {height}, "
            f"which has {height * width}"
        )
    values = np.arange(len(counts)) % 2 == 1
    return np.repeat(values, counts).reshape(width, height).T


def is_number(value: object) -> bool:
    """Whether a JSON value is a number that a place in a picture may have."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return -_LARGEST < value < _LARGEST


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_PIXELS


def _unpacked(text: str) -> list[int]:
    """Each number in groups of five bits, the lowest first, from "0" on; later ones as steps."""
    counts: list[int] = []
    number, groups = 0, 0
    for character in text:
        bits = ord(character) - 48
        if not 0 <= bits < 64 or groups >= _LONGEST_NUMBER:
            raise ValueError("the packed run lengths are damaged")
        number |= (bits & 31) << (5 * groups)
        groups += 1
        if bits & 32:
            continue
        if bits & 16:
            number -= 1 << (5 * groups)
        counts.append(number + (counts[-2] if len(counts) > 2 else 0))
        number, groups = 0, 0
    if groups:
        raise ValueError("the packed run lengths are cut off")
    return counts


def read_polygons(segmentation: Sequence[Any]) -> list[np.ndarray]:
    """float64[N, 2] each: x and y of the corners of [[x, y, x, y, ...], ...], pixels.

    Raises:
      ValueError: it is in another form.
    """
    polygons = []
    for numbers in segmentation:
        plain = isinstance(numbers, list) and all(map(is_number, numbers))
        if not plain or len(numbers) < 6 or len(numbers) % 2:
            raise ValueError("a polygon is x, y of three corners or more")
        polygons.append(np.array(numbers, np.float64).reshape(-1, 2))
    return polygons


def fill_polygon(corners: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """bool[H, W]: pixels whose centres (at +0.5) lie inside, by the even-odd rule.

    Args:
      corners: float[N, 2], x and y, pixels; the last is joined to the first.
    """
    height, width = shape
    crossings = np.zeros((height, width + 1), np.int32)
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        (x, y), (x_end, y_end) = (start, end) if start[1] <= end[1] else (end, start)
        first, stop = np.clip(np.ceil(np.array([y, y_end]) - 0.5), 0, height).astype(np.int64)
        if first >= stop:
            continue
        rows = np.arange(first, stop)
        at = x + (rows + 0.5 - y) * (x_end - x) / (y_end - y)
        crossings[rows, np.clip(np.ceil(at - 0.5), 0, width).astype(np.int64)] += 1
    return np.asarray(np.cumsum(crossings, axis=1)[:, :width] % 2 == 1)
