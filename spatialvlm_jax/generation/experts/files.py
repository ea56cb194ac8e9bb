"""Experts that read what other models wrote: boxes, masks, ground and captions, from a COCO file.

The photos are found in it by their names. `file_depth` reads depth.
"""

import collections
import functools
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.foreign_files.coco_files import CocoAnnotation, CocoPicture, read_coco
from spatialvlm_jax.foreign_files.coco_masks import fill_polygon
from spatialvlm_jax.foreign_files.json_files import read_placed_records
from spatialvlm_jax.generation.experts.annotations import read_box, read_mask
from spatialvlm_jax.generation.experts.base import Photo, Region
from spatialvlm_jax.generation.experts.boxes import overlaps
from spatialvlm_jax.generation.experts.phrases import short_phrase
from spatialvlm_jax.generation.naming.captions import ANYTHING, annotated_name
from spatialvlm_jax.generation.outcomes import Rejected

FILES = "files:"
# Two boxes of one name that overlap by more are one thing that was annotated twice.
_TWICE = 0.95
# What stands or lies on it is asked about, not itself; beside the labels of segmentation models.
_GROUND = ("ground", "carpet", "floor mat", "pavement")
_SURROUNDINGS = frozenset(("wall", "ceiling", "sky"))


def path_in_files(role: str | None) -> Path | None:
    """The path of "files:PATH", or None for a role that a model has."""
    return Path(role[len(FILES) :]) if role is not None and role.startswith(FILES) else None


def pictures_in(path: Path) -> Mapping[str, CocoPicture]:
    """The pictures of a COCO file by name; a process reads it once, and again when it changed.

    Raises:
      FileError: it is no such file.
    """
    try:
        status = path.stat()
    except OSError:
        return read_coco(path)
    return _read_once(path, status.st_mtime_ns, status.st_size)


@functools.lru_cache(maxsize=2)
def _read_once(path: Path, changed: int, size: int) -> Mapping[str, CocoPicture]:
    del changed, size
    return read_coco(path)


def check_photo_names(path: Path, names: Sequence[str]) -> None:
    """Tells which pictures a COCO file speaks of that are not there.

    Raises:
      UserError: it is no COCO file, or speaks of none that are.
    """
    known, there = pictures_in(path), set(names)
    missing = [name for name in known if name not in there]
    if len(missing) == len(known):
        raise UserError(
            f"{path} names none of the pictures: its file_name is to be the path below the folder, "
            f"such as {names[0]!r}; it has {', '.join(map(repr, missing[:3])) or 'none'}"
        )
    if missing:
        first = ", ".join(missing[:5]) + (", ..." if len(missing) > 5 else "")
        logging.warning("%s names %d pictures that are not there: %s", path, len(missing), first)


def read_captions(path: Path) -> dict[int | str, str]:
    """Captions by the id of the annotation, from rows of `annotation_id` and `caption`.

    Raises:
      UserError: a row is of another form, or an annotation has two captions.
    """
    found: dict[int | str, str] = {}
    for where, row in read_placed_records(path):
        key = row.get("annotation_id") if isinstance(row, Mapping) else None
        caption = row.get("caption") if isinstance(row, Mapping) else None
        if not isinstance(key, int | str) or not isinstance(caption, str):
            raise UserError(f"{path}: {where} needs annotation_id and caption")
        if found.setdefault(key, caption) != caption:
            raise UserError(f"{path}: annotation {key!r} has two captions")
    return found


def _check_ids(path: Path, captions: Path, captioned: Mapping[int | str, str]) -> None:
    """Raises UserError for captions of annotations that a file has not, or has twice."""
    ids = collections.Counter(
        annotation.row.get("id")
        for picture in pictures_in(path).values()
        for annotation in picture.annotations
    )
    for key in captioned:
        if ids[key] == 0:
            raise UserError(f"{captions} captions annotation {key!r}, which {path} has not")
        if ids[key] > 1:
            raise UserError(f"{path} gives two annotations the id {key!r}, which {captions} names")


class FileDetector:
    """A `Detector`: the boxes of a COCO file, with their masks where it has some.

    The caption is that of `captions`, else the annotation's own `caption`, else the name of its
    category. Annotations of the ground, of walls, ceiling and sky are no regions; a crowd is
    "several" of its kind; what has no name, or one like "ignore", may be anything.
    """

    def __init__(
        self, path: Path, captions: Path | None, threshold: float | None, ground: Sequence[str]
    ) -> None:
        self._path, self._threshold = path, threshold or 0.0
        self._captions = {} if captions is None else read_captions(captions)
        self._ground = {*ground, *_GROUND}
        if captions is not None:
            _check_ids(path, captions, self._captions)

    def __call__(self, photos: Sequence[Photo]) -> list[tuple[Region, ...]]:
        return [self._regions(photo) for photo in photos]

    def _regions(self, photo: Photo) -> tuple[Region, ...]:
        picture = _picture(self._path, photo, "detect")
        regions: list[Region] = []
        for annotation in picture.annotations:
            try:
                region = self._region(annotation, picture, photo)
            except ValueError as error:
                raise Rejected("detect", f"{self._path.name}: {error}") from None
            if region is not None and not any(_is_twin(region, other) for other in regions):
                regions.append(region)
        return tuple(regions)

    def _region(
        self, annotation: CocoAnnotation, picture: CocoPicture, photo: Photo
    ) -> Region | None:
        name = annotated_name(annotation.category)
        score = annotation.score()
        if name in self._ground or name in _SURROUNDINGS or score < self._threshold:
            return None
        mask = read_mask(annotation, picture, photo)
        box = read_box(annotation, mask, picture, photo)
        said = self._captions.get(annotation.row.get("id", ""), annotation.row.get("caption"))
        caption = short_phrase(annotated_name(said)) or name
        if annotation.row.get("iscrowd"):
            caption = f"several {caption}" if caption else ""
        anything = not caption or caption in ANYTHING
        return Region(box, caption, name, score, mask=mask, anything=anything)


def keep_masks(
    photos: Sequence[Photo], regions: Sequence[tuple[Region, ...]]
) -> list[tuple[Region, ...]]:
    """A `Segmenter`: the masks that regions have from their file."""
    return [_masked(photo, found) for photo, found in zip(photos, regions, strict=True)]


def _masked(photo: Photo, regions: tuple[Region, ...]) -> tuple[Region, ...]:
    whole = []
    for region in regions:
        if region.mask is None and not region.anything:
            raise Rejected(
                "segment",
                f"its {region.caption!r} has a box but no segmentation; "
                "--config.experts.segmenter=MODEL names a model that makes masks of boxes",
            )
        if region.mask is None:
            corners = region.box[[0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 2)
            mask = fill_polygon(corners, photo.image.shape[:2])
            whole.append(Region(region.box, region.caption, mask=mask, anything=True))
        else:
            whole.append(region)
    return tuple(whole)


class FileGround:
    """A `GroundSegmenter`: the annotations of a COCO file that are called floor or alike."""

    def __init__(self, path: Path, labels: Sequence[str]) -> None:
        self._path, self._labels = path, {*labels, *_GROUND}

    def __call__(self, photos: Sequence[Photo]) -> list[np.ndarray]:
        return [self._ground(photo) for photo in photos]

    def _ground(self, photo: Photo) -> np.ndarray:
        ground = np.zeros(photo.image.shape[:2], np.bool_)
        picture = _picture(self._path, photo, "ground")
        for annotation in picture.annotations:
            if annotated_name(annotation.category) not in self._labels:
                continue
            try:
                mask = read_mask(annotation, picture, photo)
            except ValueError as error:
                raise Rejected("ground", f"{self._path.name}: {error}") from None
            if mask is not None:
                ground |= mask
        return ground


def _picture(path: Path, photo: Photo, stage: str) -> CocoPicture:
    pictures = pictures_in(path)
    if photo.image_id not in pictures:
        raise Rejected(stage, f"{path.name} has no file_name {photo.image_id!r}")
    return pictures[photo.image_id]


def _is_twin(region: Region, other: Region) -> bool:
    same = (region.caption, region.category) == (other.caption, other.category)
    return same and bool(overlaps(region.box[None], other.box[None])[0, 0] > _TWICE)
