"""Pure numpy: the fields of packed rows, and pictures of the right size.

Axes: L text tokens a row. The layout of a row is drawn in `spatialvlm_jax.batch`.
"""

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image

from spatialvlm_jax.experiment import Resize
from spatialvlm_jax.scene.camera import KnownCamera
from spatialvlm_jax.scene.intrinsics import scaled_intrinsics, shifted_intrinsics

Tokens = Sequence[int]
Pair = tuple[Tokens, Tokens]
_GREY = 127


@dataclasses.dataclass(frozen=True)
class BatchRow:
    """The text fields of one row of a `Batch`, without its batch axis.

    tokens, targets, segment_ids, positions: int32[L]. suffix_mask, loss_mask: bool[L].
    """

    tokens: np.ndarray
    targets: np.ndarray
    segment_ids: np.ndarray
    positions: np.ndarray
    suffix_mask: np.ndarray
    loss_mask: np.ndarray

    @property
    def fill(self) -> float:
        """The part of the row that is not padding."""
        return float(np.mean(self.segment_ids > 0))


def choose_pairs(
    lengths: Sequence[int],
    budget: int,
    limit: int,
    rng: np.random.Generator,
    block_length: int = 0,
) -> list[int]:
    """Which pairs to pack: all are tried in random order, and each is taken that still fits.

    Args:
      lengths: tokens of each pair, prefix and suffix together.
      budget: tokens a row holds.
      limit: at most this many pairs.
      block_length: no pair may cross a multiple of it; 0: the row is one block.
    Returns:
      indices of the pairs taken, block after block, within a block in the order tried; empty if
      not one fits.
    """
    size = block_length or budget
    left = [size] * (budget // size)
    blocks: list[list[int]] = [[] for _ in left]
    count = 0
    for index in rng.permutation(len(lengths)).tolist():
        block = next((i for i, room in enumerate(left) if lengths[index] <= room), None)
        if block is None:
            continue
        blocks[block].append(index)
        left[block] -= lengths[index]
        count += 1
        if count == limit:
            break
    return [index for block in blocks for index in block]


def pack_row(pairs: Sequence[Pair], length: int, block_length: int = 0) -> BatchRow:
    """Packs pairs of (prefix, suffix) tokens, in order, into one row of `length` tokens.

    A prefix ends with the newline whose target is the first suffix token, so loss begins one
    token before the suffix; the last suffix token (EOS) has no target. A pair that would cross a
    multiple of `block_length` starts at that multiple instead; 0 takes the row as one block.

    Raises:
      ValueError: the pairs do not fit, or a prefix or suffix is empty.
    """
    size = block_length or length
    tokens, targets, segment_ids, positions = np.zeros((4, length), np.int32)
    suffix_mask, loss_mask = np.zeros((2, length), np.bool_)
    start = 0
    for segment, (prefix, suffix) in enumerate(pairs, 1):
        if not prefix or not suffix:
            raise ValueError("a prefix and a suffix need at least one token each")
        total = len(prefix) + len(suffix)
        if start % size + total > size:
            start += -start % size
        middle = start + len(prefix)
        stop = start + total
        if stop > length or total > size:
            raise ValueError(f"pair {segment} of {total} tokens does not fit into the row")
        tokens[start:middle] = prefix
        tokens[middle:stop] = suffix
        targets[middle - 1 : stop - 1] = suffix
        segment_ids[start:stop] = segment
        positions[start:stop] = np.arange(total)
        suffix_mask[middle:stop] = True
        loss_mask[middle - 1 : stop - 1] = True
        start = stop
    return BatchRow(tokens, targets, segment_ids, positions, suffix_mask, loss_mask)


def pad_prefixes(
    prefixes: Sequence[Tokens], slots: int, width: int
) -> tuple[np.ndarray, np.ndarray]:
    """Right-pads the prefixes of one image.

    Args:
      prefixes: at most `slots` sequences of at most `width` tokens.
    Returns:
      tokens: int32[slots, width], 0 after the end of each prefix.
      lengths: int32[slots], 0 where there is no prefix.
    Raises:
      ValueError: too many prefixes, or one that is too long.
    """
    if len(prefixes) > slots:
        raise ValueError(f"{len(prefixes)} prefixes do not fit into {slots} slots")
    tokens = np.zeros((slots, width), np.int32)
    lengths = np.zeros(slots, np.int32)
    for slot, prefix in enumerate(prefixes):
        if len(prefix) > width:
            raise ValueError(f"a prefix of {len(prefix)} tokens does not fit into {width}")
        tokens[slot, : len(prefix)] = prefix
        lengths[slot] = len(prefix)
    return tokens, lengths


class Placement(NamedTuple):
    """Where a whole picture comes to lie in a square: its size there, its left and top; pixels.

    What lies outside of the square is cut off.
    """

    columns: int
    rows: int
    left: int
    top: int

    def seen(self, size: int) -> tuple[slice, slice]:
        """Rows and columns of a square of `size` pixels that show the picture."""
        top, left = max(self.top, 0), max(self.left, 0)
        bottom, right = min(self.top + self.rows, size), min(self.left + self.columns, size)
        return slice(top, max(bottom, top)), slice(left, max(right, left))


def placement(width: int, height: int, size: int, how: Resize) -> Placement:
    """Of a picture that fills the square, its proportions changed ("squash") or kept ("pad")."""
    if how == "squash":
        return Placement(size, size, 0, 0)
    longest = max(height, width)
    columns, rows = max(1, round(width * size / longest)), max(1, round(height * size / longest))
    return Placement(columns, rows, (size - columns) // 2, (size - rows) // 2)


def canonical_placement(camera: KnownCamera, size: int, focal: float) -> Placement | None:
    """Of a picture resized to one focal length, its principal point in the middle.

    Args:
      camera: that took it.
      size: of the square, pixels.
      focal: the focal length there, in sides of the square.

    Returns:
      None where the intrinsics are unknown, or are of no lens that could be resized so.
    """
    if camera.intrinsics is None:
        return None
    scale = focal * size / np.diagonal(camera.intrinsics)[:2]
    columns, rows = np.rint(scale * camera.size).astype(np.int64).tolist()
    left, top = np.rint(size / 2 - scale * camera.intrinsics[:2, 2]).astype(np.int64).tolist()
    where = Placement(columns, rows, left, top)
    shown = [part.stop - part.start for part in where.seen(size)]
    return where if min(shown) > 0 else None


def place_camera(camera: KnownCamera, size: int, where: Placement) -> KnownCamera:
    """The camera of the picture that `resize_image` makes."""
    width, height = camera.size
    matrix = camera.intrinsics
    if matrix is not None:
        scale = np.array([where.columns / width, where.rows / height])
        matrix = shifted_intrinsics(scaled_intrinsics(matrix, scale), where.left, where.top)
    return dataclasses.replace(camera, size=(size, size), intrinsics=matrix)


def resize_image(
    image: np.ndarray, size: int, how: Resize = "squash", where: Placement | None = None
) -> np.ndarray:
    """A square picture in colour, resized by antialiased bicubic interpolation.

    Args:
      image: uint8[H, W, 3], or grey uint8[H, W] or uint8[H, W, 1], or with alpha uint8[H, W, 4].
      how: "squash" changes the proportions; "pad" keeps them and lays the picture in the middle of
        a grey square.
      where: the picture's place in a grey square, in the stead of `how`.
    Returns:
      uint8[size, size, 3].
    """
    if image.ndim == 2:
        image = image[..., None]
    image = np.repeat(image, 3, axis=2) if image.shape[2] == 1 else image[..., :3]
    height, width = image.shape[:2]
    if where is None:
        where = placement(width, height, size, how)
    if (height, width) == (size, size) and where == (size, size, 0, 0):
        return image
    rows, columns = where.seen(size)
    box = (
        (columns.start - where.left) * width / where.columns,
        (rows.start - where.top) * height / where.rows,
        (columns.stop - where.left) * width / where.columns,
        (rows.stop - where.top) * height / where.rows,
    )
    picture = Image.fromarray(np.ascontiguousarray(image))
    shown = (columns.stop - columns.start, rows.stop - rows.start)
    square = np.full((size, size, 3), _GREY, np.uint8)
    square[rows, columns] = np.asarray(picture.resize(shown, Image.Resampling.BICUBIC, box=box))
    return square


def resize_nearest(array: np.ndarray, size: int, where: Placement | None = None) -> np.ndarray:
    """[size, size] from [H, W] of any dtype by picking the nearest pixel, for ids and depth.

    `where`: its place in the square, 0 around it; None: it fills the square.
    """
    height, width = array.shape
    if where is None:
        where = Placement(size, size, 0, 0)
    if (height, width) == (size, size) and where == (size, size, 0, 0):
        return array
    square = np.zeros((size, size), array.dtype)
    rows, columns = (np.arange(part.start, part.stop) + 0.5 for part in where.seen(size))
    rows = ((rows - where.top) * height / where.rows).astype(np.int64)
    columns = ((columns - where.left) * width / where.columns).astype(np.int64)
    square[where.seen(size)] = array[rows[:, None], columns[None, :]]
    return square
