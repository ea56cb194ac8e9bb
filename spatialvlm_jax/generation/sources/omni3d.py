"""Annotated 3D boxes in the Omni3D form as a source of scenes.

Omni3D (Brazil et al. 2023) brings SUN RGB-D, ARKitScenes, Hypersim, Objectron, KITTI and nuScenes
into one JSON form; any set in that form can be read. Up is not in it: it is taken from the boxes
where they agree on it.
"""

import dataclasses
import functools
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from spatialvlm_jax.bounds import Settings
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.foreign_files.errors import FileError
from spatialvlm_jax.foreign_files.fingerprints import fingerprint_file
from spatialvlm_jax.foreign_files.json_files import read_document
from spatialvlm_jax.generation.outcomes import Failed, Rejected, stage
from spatialvlm_jax.generation.sources.agreement import check_intrinsics
from spatialvlm_jax.generation.sources.annotated import BoxSettings, scene_of
from spatialvlm_jax.generation.sources.images import DecodeSettings, decode
from spatialvlm_jax.generation.sources.photo_files import Entry, fingerprint_entry, read_entry
from spatialvlm_jax.generation.sources.sensor_files import camera_matrix
from spatialvlm_jax.scene.intrinsics import scaled_intrinsics
from spatialvlm_jax.scene.records import Scene

_IMAGE_FIELDS = ("id", "width", "height", "file_path", "K")


@dataclasses.dataclass(frozen=True)
class Omni3DSettings(Settings):
    """Which annotations, and how they are read.

    annotations: JSON files. image_root: the folder that their file paths are relative to.
    rotate: whether pictures are turned by `src_90_rotate`: "auto" does where the file's sides are
      the other way round than annotated.
    boxes: which boxes are believed, and how far. decode: how pictures are read.
    """

    annotations: tuple[str, ...] = ()
    image_root: str = ""
    rotate: Literal["auto", "never", "always"] = "auto"
    boxes: BoxSettings = dataclasses.field(default_factory=BoxSettings)
    decode: DecodeSettings = dataclasses.field(
        default_factory=lambda: DecodeSettings(upright=False)
    )


@dataclasses.dataclass(frozen=True)
class _Catalog:
    """The records of some annotation files: an image with its annotations as JSON text each.

    Text takes a fraction of the memory of the objects it stands for. contents: of each file.
    """

    ids: tuple[str, ...]
    files: tuple[str, ...]
    records: tuple[bytes, ...]
    contents: tuple[str, ...]


@functools.lru_cache(maxsize=1)
def _catalog(paths: tuple[str, ...]) -> _Catalog:
    """Reads annotation files, once a process."""
    ids: dict[str, str] = {}
    records: list[bytes] = []
    for path in paths:
        for image_id, image, annotations in _images(path):
            if image_id in ids:
                raise UserError(f"{path}: image {image_id!r} is there twice")
            ids[image_id] = str(image["file_path"])
            records.append(json.dumps([image, annotations]).encode())
    if not ids:
        raise UserError(f"no images in {', '.join(paths)}")
    contents = tuple(fingerprint_file(Path(path), contents=True) for path in paths)
    return _Catalog(tuple(ids), tuple(ids.values()), tuple(records), contents)


def _images(path: str) -> list[tuple[str, Mapping[str, Any], list[Any]]]:
    """Name, record and annotations of every image of a file."""
    try:
        content = read_document(Path(path))
    except FileError as error:
        raise UserError(f"--annotations: {error}") from None
    for field in ("images", "annotations"):
        if not isinstance(content, dict) or not isinstance(content.get(field), list):
            raise UserError(f"{path} has no list {field!r}, so it is not in the Omni3D form")
        if not all(isinstance(each, dict) for each in content[field]):
            raise UserError(f"{path}: not all of {field!r} are objects of JSON")
    categories = content.get("categories")
    categories = categories if isinstance(categories, list) else []
    names = {str(each.get("id")): each.get("name") for each in categories if isinstance(each, dict)}
    about: dict[Any, list[Any]] = {}
    for annotation in content["annotations"]:
        annotation.setdefault("category_name", names.get(str(annotation.get("category_id"))) or "")
        about.setdefault(str(annotation.get("image_id")), []).append(annotation)
    info = content.get("info")
    info = info[0] if isinstance(info, list) and info else info
    name = (info.get("name") if isinstance(info, dict) else "") or Path(path).stem
    rows = []
    for image in content["images"]:
        missing = [field for field in _IMAGE_FIELDS if field not in image]
        if missing:
            raise UserError(f"{path}: an image (id {image.get('id')}) has no field {missing[0]!r}")
        rows.append((f"{name}-{image['id']}", image, about.get(str(image["id"]), [])))
    return rows


@dataclasses.dataclass(frozen=True, eq=False)
class _Frame:
    """A picture with its annotations.

    image: uint8[H, W, 3]. scale: float64[2], its width and height by those annotated.
    """

    image_id: str
    image: np.ndarray
    scale: np.ndarray
    encoded: bytes | None
    record: Mapping[str, Any]
    annotations: Sequence[Mapping[str, Any]]


@dataclasses.dataclass(frozen=True, eq=False)
class Omni3DSource:
    """Annotated pictures."""

    settings: Omni3DSettings
    name = "omni3d"

    @property
    def _catalog(self) -> _Catalog:
        return _catalog(self.settings.annotations)

    def __len__(self) -> int:
        return len(self._catalog.ids)

    def describe(self) -> dict[str, Any]:
        return {
            "omni3d": dataclasses.asdict(self.settings),
            "annotations": list(self._catalog.contents),
        }

    def image_id(self, index: int) -> str:
        return self._catalog.ids[index]

    def folder(self, index: int) -> str:
        return os.path.dirname(self._catalog.files[index])

    def fingerprint(self, index: int, contents: bool) -> str:
        root, file = Path(self.settings.image_root).resolve(), self._catalog.files[index]
        return fingerprint_entry(root, Entry(file), self.settings.decode.max_bytes, contents)

    def observe(self, indices: Sequence[int]) -> list[Scene | Rejected]:
        return [self._scene(index) for index in indices]

    def _scene(self, index: int) -> Scene | Rejected:
        try:
            with stage("decode"):
                frame = self._frame(index)
            with stage("boxes"):
                return _annotated_scene(frame, self.settings.boxes)
        except Rejected as outcome:
            return outcome

    def _frame(self, index: int) -> _Frame:
        record, annotations = json.loads(self._catalog.records[index])
        settings = self.settings.decode
        root = Path(self.settings.image_root).resolve()
        data = _read(root, str(record["file_path"]), settings.max_bytes)
        decoded = decode(data, settings)
        image, turned = _turned(decoded.image, record, self.settings.rotate)
        # Kept bytes are those of the picture as it is.
        encoded = None if turned else decoded.encoded
        scale = _scale(image, record)
        return _Frame(self.image_id(index), image, scale, encoded, record, annotations)


def _annotated_scene(frame: _Frame, settings: BoxSettings) -> Scene:
    annotated = np.array([frame.record["width"], frame.record["height"]], np.float64)
    intrinsics = camera_matrix(frame.record["K"])
    check_intrinsics(intrinsics, *annotated)
    flagged = bool(frame.record.get("src_flagged", False))
    found = scene_of(frame.annotations, intrinsics, annotated, settings, flagged=flagged)
    limits = np.concatenate([frame.scale, frame.scale])
    dropped = [
        {
            **each,
            "pixels": float(each["pixels"] * np.prod(frame.scale)),
            **({"box": (np.array(each["box"]) * limits).tolist()} if "box" in each else {}),
        }
        for each in found.dropped
    ]
    objects = [
        dataclasses.replace(thing, box=(thing.box * limits).astype(np.float32))
        for thing in found.objects
    ]
    return Scene(
        image_id=frame.image_id,
        image=frame.image,
        intrinsics=scaled_intrinsics(intrinsics, frame.scale),
        objects=tuple(objects),
        up=found.up,
        camera_height=found.camera_height,
        source="omni3d",
        encoded=frame.encoded,
        extra={"dropped": dropped},
    )


def _read(root: Path, file: str, max_bytes: int) -> bytes:
    try:
        return read_entry(root, Entry(file), max_bytes)
    except Rejected as outcome:
        raise Failed("decode", f"{file}: {outcome}; is --image-root right?") from None


def _turned(image: np.ndarray, record: Mapping[str, Any], rotate: str) -> tuple[np.ndarray, bool]:
    """The picture as it was annotated, and whether it had to be turned for that.

    `src_90_rotate` counts quarter turns against the clock between capture and annotation.
    """
    quarters = int(record.get("src_90_rotate", 0)) % 4
    lies = (image.shape[1] > image.shape[0]) != (record["width"] > record["height"])
    if not quarters or rotate == "never" or (rotate == "auto" and not (lies and quarters % 2)):
        return image, False
    return np.ascontiguousarray(np.rot90(image, quarters)), True


def _scale(image: np.ndarray, record: Mapping[str, Any]) -> np.ndarray:
    """Width and height of the picture by those annotated.

    Raises:
      Rejected: its sides have another ratio, so it is not the picture that was annotated.
    """
    height, width = image.shape[:2]
    scale = np.array([width / record["width"], height / record["height"]])
    if not 0.98 < scale[0] / scale[1] < 1.02:
        annotated = f"{record['width']} x {record['height']}"
        raise Rejected("decode", f"{width} x {height} pixels, but annotated as {annotated}")
    return scale


def omni3d_source(settings: Omni3DSettings) -> Omni3DSource:
    """Opens annotation files.

    Raises:
      UserError: a file or folder is missing, or not in the Omni3D form.
    """
    if not settings.annotations:
        raise UserError("--source=omni3d needs --annotations=FILE.json and --image-root=FOLDER")
    if not Path(settings.image_root or ".").is_dir():
        raise UserError(f"--image-root={settings.image_root} is not a folder")
    source = Omni3DSource(settings)
    len(source)
    return source
