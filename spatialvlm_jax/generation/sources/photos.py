"""Plain photos as a source: decoded, and looked at by experts.

source = photos_source(PhotosSettings(path="pictures"), ExpertsConfig())
"""

import dataclasses
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from spatialvlm_jax.bounds import Range, Settings
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.foreign_files.fingerprints import fingerprint_bytes, fingerprint_file
from spatialvlm_jax.generation.experts.base import Experts, Perception, Photo
from spatialvlm_jax.generation.experts.build import (
    ExpertsConfig,
    build_experts,
    check_files,
    depth_folder,
    files_read,
)
from spatialvlm_jax.generation.experts.perceive import perceive
from spatialvlm_jax.generation.experts.rendered import rendered_experts, rendered_photos
from spatialvlm_jax.generation.outcomes import Rejected, stage
from spatialvlm_jax.generation.sources.images import DecodeSettings, decode
from spatialvlm_jax.generation.sources.photo_files import (
    PhotoSet,
    fingerprint_entry,
    list_photos,
)
from spatialvlm_jax.generation.sources.worlds import COMPILING, WorldsSettings
from spatialvlm_jax.scene.camera import FOCAL_STD
from spatialvlm_jax.scene.intrinsics import focal_from_view, pinhole


@dataclasses.dataclass(frozen=True)
class PhotosSettings(Settings):
    """Where photos are, and what is known of the camera.

    path: a folder (with all below it), a .tar, a .parquet, or a text file with a path a line.
    root: the folder that a list's lines are relative to; "" for the list's own.
    all_files: take files of any name. column: the column of a table that holds the pictures.
    fov: angle in degrees that the longer side spans, of photos whose metadata does not tell their
      focal length; none leaves it to the depth expert. decode: how pictures are read.
    """

    path: str = ""
    root: str = ""
    all_files: bool = False
    column: str = "image"
    fov: Annotated[float, Range(1, 170)] | None = None
    decode: DecodeSettings = dataclasses.field(default_factory=DecodeSettings)


# Experts hold models: a process builds them once, whatever number of chunks it is given.
_BUILT: dict[str, Experts] = {}


def _built(config: ExpertsConfig) -> Experts:
    key = repr(config)
    if key not in _BUILT:
        _BUILT.clear()
        _BUILT[key] = build_experts(config)
    return _BUILT[key]


def _perceive(
    photos: Sequence[Photo | Rejected], experts: Experts | ExpertsConfig
) -> list[Perception | Rejected]:
    """Perceptions of the photos that there are, in their places."""
    if not isinstance(experts, Experts):
        experts = _built(experts)
    there = [photo for photo in photos if isinstance(photo, Photo)]
    perceptions = iter(perceive(there, experts))
    return [next(perceptions) if isinstance(photo, Photo) else photo for photo in photos]


def _described(experts: Experts | ExpertsConfig) -> Any:
    return "given" if isinstance(experts, Experts) else dataclasses.asdict(experts)


@dataclasses.dataclass(frozen=True, eq=False)
class PhotosSource:
    """Photos, and the experts that look at them."""

    settings: PhotosSettings
    photos: PhotoSet
    experts: Experts | ExpertsConfig
    name = "photos"
    first_work = "loading the experts"
    # What was read last: reading twice could decode a table twice.
    _contents: dict[int, str] = dataclasses.field(default_factory=dict, init=False, repr=False)

    def __len__(self) -> int:
        return len(self.photos.entries)

    def describe(self) -> dict[str, Any]:
        return {
            "photos": dataclasses.asdict(self.settings),
            "experts": _described(self.experts),
            # Sets begun while it was the horizontal one do not go on.
            **({} if self.settings.fov is None else {"fov": "of the longer side"}),
        }

    def image_id(self, index: int) -> str:
        return self.photos.entries[index].image_id()

    def folder(self, index: int) -> str:
        return self.photos.entries[index].folder()

    def fingerprint(self, index: int, contents: bool) -> str:
        photos, limit = self.photos, self.settings.decode.max_bytes
        if contents and index in self._contents:
            own = self._contents[index]
        else:
            own = fingerprint_entry(photos.root, photos.entries[index], limit, contents)
        if isinstance(self.experts, Experts):
            return own
        beside = files_read(self.experts, self.image_id(index))
        return "\n".join([own, *(f"{path} {fingerprint_file(path, contents)}" for path in beside)])

    def observe(self, indices: Sequence[int]) -> list[Perception | Rejected]:
        self._contents.clear()
        return _perceive([self._photo(index) for index in indices], self.experts)

    def _photo(self, index: int) -> Photo | Rejected:
        settings = self.settings.decode
        try:
            with stage("decode"):
                data = self.photos.read(index, settings.max_bytes)
                self._contents[index] = fingerprint_bytes(data)
                decoded = decode(data, settings)
        except Rejected as outcome:
            return outcome
        height, width = decoded.image.shape[:2]
        focal = decoded.focal
        if focal is None and self.settings.fov is not None:
            focal = focal_from_view(width, height, self.settings.fov)
        return Photo(
            image_id=self.image_id(index),
            image=decoded.image,
            intrinsics=None if focal is None else pinhole(width, height, focal),
            focal_std=0.0 if focal is None else FOCAL_STD,
            encoded=decoded.encoded,
            extra={"decode": list(decoded.notes)} if decoded.notes else {},
            file_size=(round(width / decoded.scale[0]), round(height / decoded.scale[1])),
            orientation=decoded.orientation,
        )


def photos_source(settings: PhotosSettings, experts: Experts | ExpertsConfig) -> PhotosSource:
    """Lists the photos.

    Raises:
      UserError: no path is given, there are no photos, or what experts are to read cannot be read.
    """
    if not settings.path:
        raise UserError("--source=photos needs --photos=FOLDER, FILE.tar, FILE.parquet or LIST.txt")
    found = list_photos(
        Path(settings.path),
        root=Path(settings.root) if settings.root else None,
        all_files=settings.all_files,
        column=settings.column,
    )
    if isinstance(experts, ExpertsConfig):
        found = _without_depth(found, depth_folder(experts))
    if found.left_out:
        logging.warning("%s: left out are %s", settings.path, "; ".join(found.left_out))
    if isinstance(experts, ExpertsConfig):
        check_files(experts, [entry.image_id() for entry in found.entries])
    return PhotosSource(settings, found, experts)


def _without_depth(photos: PhotoSet, folder: Path | None) -> PhotoSet:
    """The photos without the pictures in a folder among them that holds their depth."""
    if folder is None or photos.root not in folder.resolve().parents:
        return photos
    within = folder.resolve().relative_to(photos.root)
    kept = tuple(each for each in photos.entries if within not in Path(each.file).parents)
    count = len(photos.entries) - len(kept)
    told = (*photos.left_out, *([f"{count} in {within} (depth)"] if count else []))
    if not kept:
        raise UserError(f"no pictures in {photos.root} but the depth in {within}")
    return PhotoSet(photos.root, kept, told)


@dataclasses.dataclass(frozen=True)
class RenderedPhotosSource:
    """Rendered rooms looked at through stand-in experts: the whole path without any weights.

    experts: only their `noise` and `seed` count.
    """

    worlds: WorldsSettings
    experts: ExpertsConfig
    seed: int = 0
    name = "rendered_photos"
    first_work = COMPILING

    def describe(self) -> dict[str, Any]:
        return {
            "world": self.worlds.describe(),
            "noise": dataclasses.asdict(self.experts.noise),
            "noise_seed": self.experts.seed,
        }

    def image_id(self, index: int) -> str:
        return f"worlds-{self.seed}-{index:08d}"

    def observe(self, indices: Sequence[int]) -> list[Perception | Rejected]:
        photos = rendered_photos(self.worlds.world(), self.seed, indices)
        return perceive(photos, rendered_experts(self.experts.noise, self.experts.seed))
