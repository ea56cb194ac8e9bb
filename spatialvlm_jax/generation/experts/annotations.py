"""Annotations of a COCO file as boxes and masks in a photo's pixels, checked against the photo."""

from collections.abc import Mapping

import numpy as np

from spatialvlm_jax.foreign_files.coco_files import CocoAnnotation, CocoPicture
from spatialvlm_jax.foreign_files.coco_masks import fill_polygon, read_polygons, read_run_lengths
from spatialvlm_jax.generation.experts.base import Photo
from spatialvlm_jax.generation.experts.boxes import clipped, overlaps
from spatialvlm_jax.generation.sources.sensor_files import fitted

# Of a side: what a box may reach beyond the picture, as those of models do.
_OVERSHOOT = 0.02
_SAME_SHAPE = 0.02


def read_mask(annotation: CocoAnnotation, picture: CocoPicture, photo: Photo) -> np.ndarray | None:
    """bool[H, W] at the photo's size; None where the annotation has no segmentation.

    Raises:
      ValueError: it cannot be read, is of another size than the picture, or outside of it.
    """
    segmentation, shape = annotation.row.get("segmentation"), photo.image.shape[:2]
    if not segmentation:
        return None
    try:
        if isinstance(segmentation, Mapping):
            mask = read_run_lengths(segmentation)
            size = (mask.shape[1], mask.shape[0])
            if picture.size not in (None, size):
                raise ValueError(f"a mask of {size[0]} x {size[1]} pixels, {_told(picture)}")
            check_shape(photo, size, "the mask")
            return fitted(mask, shape)
        if not isinstance(segmentation, list):
            raise ValueError("the segmentation is neither polygons nor run lengths")
        scale = _scale(picture, photo)
        polygons = [corners * scale for corners in read_polygons(segmentation)]
        for corners in polygons:
            _check_within(np.concatenate([corners.min(0), corners.max(0)]), photo, "polygon")
        return np.logical_or.reduce([fill_polygon(corners, shape) for corners in polygons])
    except ValueError as error:
        raise ValueError(f"{annotation.label}: {error}") from None


def _told(picture: CocoPicture) -> str:
    assert picture.size is not None
    return f"but the picture is said to have {picture.size[0]} x {picture.size[1]}"


def read_box(
    annotation: CocoAnnotation, mask: np.ndarray | None, picture: CocoPicture, photo: Photo
) -> np.ndarray:
    """float32[4], pixels of the photo: the annotation's, else its mask's.

    Raises:
      ValueError: there is neither, it reaches out of the picture, or box and mask disagree.
    """
    box = annotation.box()
    if box is not None:
        box = box * np.tile(_scale(picture, photo), 2)
        try:
            _check_within(box, photo, "box")
        except ValueError as error:
            raise ValueError(f"{annotation.label}: {error}") from None
        box = clipped(box, photo.image.shape)[0]
    if mask is None or not mask.any():
        if box is None:
            raise ValueError(f"{annotation.label} has neither a box nor a mask")
        return box
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    around = np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], np.float32)
    if box is None:
        return around
    # A pixel more on each side: of small things, rounding alone makes half of the box.
    margin = np.array([-1, -1, 1, 1], np.float32)
    if overlaps((around + margin)[None], (box + margin)[None])[0, 0] < 0.5:
        raise ValueError(
            f"{annotation.label}: its box is not around its mask; "
            "a COCO box is x, y, width, height in pixels"
        )
    return box


def _scale(picture: CocoPicture, photo: Photo) -> np.ndarray:
    """float64[2]: what x and y of the file are multiplied by to be pixels of the photo."""
    height, width = photo.image.shape[:2]
    of = picture.size or photo.file_size or (width, height)
    check_shape(photo, picture.size, "the picture")
    return np.array([width, height]) / np.array(of)


def _check_within(box: np.ndarray, photo: Photo, what: str) -> None:
    height, width = photo.image.shape[:2]
    over = np.array([width, height]) * _OVERSHOOT + 1
    if (box[:2] < -over).any() or (box[2:] > np.array([width, height]) + over).any():
        size = photo.file_size or (width, height)
        raise ValueError(
            f"a {what} that reaches out of the picture of {size[0]} x {size[1]} pixels; "
            "a COCO box is x, y, width, height"
        )


def check_shape(photo: Photo, of: tuple[int, int] | None, what: str) -> None:
    """Refuses what was made of another picture, or of this one before it was turned upright.

    Args:
      of: width and height that it was made for, or None where that is not told.

    Raises:
      ValueError: its sides have another ratio, or it may be of either.
    """
    width, height = photo.file_size or (photo.image.shape[1], photo.image.shape[0])
    stored = (height, width) if photo.orientation >= 5 else (width, height)
    fits = of is None or _is_alike(of, (width, height))
    is_stored = photo.orientation != 1 and (of is None or _is_alike(of, stored))
    if is_stored:
        raise ValueError(
            f"{what} {'may be' if fits else 'is'} of the picture before it was turned upright "
            f"(orientation {photo.orientation}); save the picture turned, or "
            "--config.photos.decode.upright=false if all files are of pictures as stored"
        )
    if not fits and of is not None:
        raise ValueError(f"{what} has {of[0]} x {of[1]} pixels, the photo {width} x {height}")


def _is_alike(one: tuple[int, int], other: tuple[int, int]) -> bool:
    ratio = one[0] / one[1] / (other[0] / other[1])
    return 1 - _SAME_SHAPE < ratio < 1 + _SAME_SHAPE
