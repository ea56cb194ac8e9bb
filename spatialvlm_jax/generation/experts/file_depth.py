"""Depth that another model wrote: a folder with a file for each photo, under the photo's name."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.generation.experts.annotations import check_shape
from spatialvlm_jax.generation.experts.base import MetricDepth, Photo
from spatialvlm_jax.generation.experts.depth import DepthError
from spatialvlm_jax.generation.outcomes import Rejected
from spatialvlm_jax.generation.sources.agreement import check_intrinsics
from spatialvlm_jax.generation.sources.photo_files import inside
from spatialvlm_jax.generation.sources.sensor_files import fitted, read_depth, read_intrinsics
from spatialvlm_jax.scene.intrinsics import focal_from_view, pinhole, scaled_intrinsics

DEPTH_SUFFIXES = (".npy", ".exr", ".png", ".tiff", ".tif")
_INTRINSICS = (".json", ".txt")
_MOST_PIXELS, _MOST_METRES, _MOST_TEXT = 100_000_000, 10_000.0, 2**20


def check_stems(names: Sequence[str]) -> None:
    """Raises UserError where two pictures would have the depth of one file."""
    first: dict[str, str] = {}
    for name in names:
        other = first.setdefault(os.path.splitext(name)[0], name)
        if other != name:
            raise UserError(
                f"{other} and {name} would have one file of depth: rename one of them, or, if one "
                "is the depth of the other, put depth into a folder of its own"
            )


class FileDepth:
    """A `DepthEstimator`: FOLDER/a/b.npy, .exr, .png or .tiff is the depth of the photo a/b.jpg.

    FOLDER/a/b.json or .txt, where there is one, has the intrinsics that belong to it, in the forms
    of `read_intrinsics`; else they are the photo's own.

    scale: what integers are divided by to be metres. fov: degrees that the longer side of a photo
    spans whose focal length is unknown; None rejects it.
    """

    def __init__(self, folder: Path, scale: float, error: DepthError, fov: float | None) -> None:
        if not folder.is_dir():
            raise UserError(f"no folder with depth at {folder}")
        self._folder, self._scale, self._error, self._fov = folder, scale, error, fov

    def __call__(self, photos: Sequence[Photo]) -> list[MetricDepth]:
        return [self._answer(photo) for photo in photos]

    def _answer(self, photo: Photo) -> MetricDepth:
        path = _find(self._folder, photo.image_id, DEPTH_SUFFIXES)
        if path is None:
            place = self._folder / os.path.splitext(photo.image_id)[0]
            raise Rejected("depth", f"no depth for it: {place}{', '.join(DEPTH_SUFFIXES)}")
        try:
            depth = self._depth(path, photo)
            intrinsics = self._intrinsics(photo)
        except (Rejected, ValueError) as error:
            raise Rejected("depth", str(error)) from None
        return MetricDepth(depth, intrinsics, self._error.scale_std, self._error.noise_std)

    def _depth(self, path: Path, photo: Photo) -> np.ndarray:
        metres = read_depth(
            path,
            scale=self._scale,
            encoding="plain",
            max_depth=_MOST_METRES,
            max_pixels=_MOST_PIXELS,
        )
        check_shape(photo, (metres.shape[1], metres.shape[0]), path.name)
        if not metres.any():
            raise ValueError(f"{path.name}: no pixel has a depth above 0")
        return fitted(metres, (photo.image.shape[0], photo.image.shape[1]))

    def _intrinsics(self, photo: Photo) -> np.ndarray:
        height, width = photo.image.shape[:2]
        path = _find(self._folder, photo.image_id, _INTRINSICS)
        if path is not None:
            return _read_camera(path, photo)
        if photo.intrinsics is not None:
            return photo.intrinsics
        if self._fov is None:
            raise ValueError("its focal length is unknown: state --fov=DEGREES")
        return pinhole(width, height, focal_from_view(width, height, self._fov))


def _read_camera(path: Path, photo: Photo) -> np.ndarray:
    """float64[3, 3] in the photo's pixels.

    Raises:
      ValueError: they are in no known form, or of a picture of another shape.
      Rejected: they are of a picture of another size.
    """
    if path.stat().st_size > _MOST_TEXT:
        raise ValueError(f"{path.name} is larger than {_MOST_TEXT} bytes")
    matrix, of = read_intrinsics(path.read_text(encoding="utf-8-sig"), path.stem)
    height, width = photo.image.shape[:2]
    size = photo.file_size or (width, height)
    if of is not None:
        size = (round(of[0]), round(of[1]))
        check_shape(photo, size, path.name)
    check_intrinsics(matrix, *size)
    return scaled_intrinsics(matrix, np.array([width, height]) / np.array(size))


def depth_files(folder: Path, image_id: str) -> list[Path]:
    """The files that are read for the depth of a photo; never an error."""
    try:
        found = (_find(folder, image_id, suffixes) for suffixes in (DEPTH_SUFFIXES, _INTRINSICS))
        return [path for path in found if path is not None]
    except Rejected:
        return []


def _find(folder: Path, image_id: str, suffixes: Sequence[str]) -> Path | None:
    """The file of a photo that ends on one of the suffixes.

    Raises:
      Rejected: there are several, or it lies outside of the folder.
    """
    stem, root = os.path.splitext(image_id)[0], folder.resolve()
    found = [stem + suffix for suffix in suffixes if os.path.lexists(root / (stem + suffix))]
    if len(found) > 1:
        raise Rejected("depth", f"two files for it: {found[0]} and {found[1]}; keep one")
    try:
        return inside(root, found[0]) if found else None
    except Rejected as error:
        raise Rejected("depth", f"{found[0]}: {error}") from None
