"""Pictures of the size that a model takes, and where what they show comes to lie."""

import dataclasses
from typing import NamedTuple

import numpy as np
from PIL import Image

from spatialvlm_jax.experiment import Resize
from spatialvlm_jax.scene.camera import KnownCamera
from spatialvlm_jax.scene.intrinsics import scaled_intrinsics, shifted_intrinsics

_GREY = 127


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
