"""Folders of colour, depth and instance masks as a source of scenes.

A glob finds the colour pictures; a pattern for each other kind of file names the one that belongs
to a colour picture. In a pattern {dir} is the colour picture's folder below the root, {parent} the
folder above that and {stem} its name without suffix; wildcards match the last name in sorted order,
and "|" separates patterns to be tried in turn.
"""

import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

import numpy as np

from spatialvlm_jax.bounds import Range, RelativeStd, Settings
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.foreign_files.fingerprints import fingerprint_file
from spatialvlm_jax.generation.experts.base import MetricDepth, Perception, Photo, Region
from spatialvlm_jax.generation.naming.captions import ANYTHING
from spatialvlm_jax.generation.outcomes import Rejected, stage
from spatialvlm_jax.generation.sources.agreement import check_intrinsics
from spatialvlm_jax.generation.sources.images import Decoded, DecodeSettings, decode
from spatialvlm_jax.generation.sources.photo_files import (
    SUFFIXES,
    Entry,
    fingerprint_entry,
    inside,
    read_entry,
)
from spatialvlm_jax.generation.sources.sensor_files import (
    fitted,
    read_depth,
    read_integers,
    read_intrinsics,
    read_labels,
    read_up,
)
from spatialvlm_jax.scene.intrinsics import scaled_intrinsics

Layout = Literal["plain", "nyu", "scannet", "sunrgbd"]
_MAX_TEXT = 64 * 2**20


@dataclasses.dataclass(frozen=True)
class _Patterns:
    color: str
    depth: str
    masks: str
    labels: str
    intrinsics: str
    gravity: str
    world_up: str = "z"
    encoding: str = "plain"


_PLAIN = _Patterns(
    color="**/color/*",
    depth="{parent}/depth/{stem}.png|{parent}/depth/{stem}.npy|{parent}/depth/{stem}.exr",
    masks="{parent}/masks/{stem}.png",
    labels="{parent}/masks/{stem}.json|{parent}/labels.json|{parent}/labels.csv|labels.json",
    intrinsics="{parent}/intrinsics/{stem}.json|{parent}/intrinsics/{stem}.txt|"
    "{parent}/intrinsics.json|{parent}/intrinsics.txt|intrinsics.json|intrinsics.txt",
    gravity="{parent}/gravity/{stem}.json|{parent}/gravity.json|{parent}/pose/{stem}.txt",
)
_LAYOUTS: Mapping[str, _Patterns] = {
    "plain": _PLAIN,
    "nyu": dataclasses.replace(
        _PLAIN, color="**/rgb/*", masks="{parent}/instances/{stem}.png|{parent}/masks/{stem}.png"
    ),
    "scannet": dataclasses.replace(
        _PLAIN,
        masks="{parent}/instance-filt/{stem}.png|{parent}/instance/{stem}.png",
        labels="{parent}/*.aggregation.json",
        intrinsics="{parent}/intrinsic/intrinsic_color.txt",
        gravity="{parent}/pose/{stem}.txt",
    ),
    "sunrgbd": dataclasses.replace(
        _PLAIN,
        color="**/image/*",
        depth="{parent}/depth_bfx/*.png|{parent}/depth/*.png",
        masks="{parent}/masks/*.png",
        labels="{parent}/masks/*.json|{parent}/labels.json",
        intrinsics="{parent}/intrinsics.txt",
        gravity="{parent}/extrinsics/*.txt",
        # Its extrinsics level the camera frame, in which y points down.
        world_up="-y",
        encoding="sunrgbd",
    ),
}


@dataclasses.dataclass(frozen=True)
class RGBDSettings(Settings):
    """Where the files are, and how their numbers are read.

    root: the folder. layout: names used where the fields below are "".
    color: a glob of the colour pictures below the root.
    depth, masks, labels, gravity: patterns of the files that belong to a colour picture, in which
      {dir}, {parent} and {stem} stand for its own folder, the one above and its name.
    intrinsics: such a pattern, or the four numbers "fx fy cx cy" for all pictures.
    depth_scale: what integer depth is divided by to be metres; floating-point depth is metres.
    encoding: of integer depth: "sunrgbd" where bits are turned by three; "" as the layout says.
    world_up: the axis of camera poses that points up; "" as the layout says.
    max_depth: metres, larger values are unknown.
    scale_std, noise_std: relative standard errors of depth: common to a picture, and of a pixel.
    ground: labels of what is floor or ground; it tells up, or the camera's height.
    ignore: labels of what is no object and holds none. Instances whose label is null, or one such
      as "void" that is not named here, may hold things of any kind. Instance 0, and those that the
      labels do not list, are background.
    decode: how pictures are read.
    """

    root: str = ""
    layout: Layout = "plain"
    color: str = ""
    depth: str = ""
    masks: str = ""
    labels: str = ""
    intrinsics: str = ""
    gravity: str = ""
    depth_scale: Annotated[float, Range(0, 1e9, above=True)] = 1000.0
    encoding: Literal["", "plain", "sunrgbd"] = ""
    world_up: Literal["", "x", "y", "z", "-x", "-y", "-z"] = ""
    max_depth: Annotated[float, Range(0, 1e6, above=True)] = 20.0
    scale_std: RelativeStd = 0.01
    noise_std: RelativeStd = 0.01
    ground: tuple[str, ...] = ("floor", "ground", "rug", "carpet", "floor mat", "road")
    ignore: tuple[str, ...] = ("wall", "ceiling")
    decode: DecodeSettings = dataclasses.field(
        default_factory=lambda: DecodeSettings(upright=False)
    )

    def pattern(self, name: str) -> str:
        """A field, or what the layout says in its place."""
        return str(getattr(self, name) or getattr(_LAYOUTS[self.layout], name))


@dataclasses.dataclass(frozen=True, eq=False)
class RGBDSource:
    """Pictures with depth and masks."""

    settings: RGBDSettings
    files: tuple[str, ...]
    name = "rgbd"

    def __len__(self) -> int:
        return len(self.files)

    def describe(self) -> dict[str, object]:
        return {"rgbd": dataclasses.asdict(self.settings)}

    def image_id(self, index: int) -> str:
        return Entry(self.files[index]).image_id()

    def folder(self, index: int) -> str:
        return os.path.dirname(os.path.dirname(self.files[index]))

    def fingerprint(self, index: int, contents: bool) -> str:
        root, color = Path(self.settings.root).resolve(), self.files[index]
        limit = self.settings.decode.max_bytes
        found = [f"{color} {fingerprint_entry(root, Entry(color), limit, contents)}"]
        for name in ("depth", "masks", "labels", "intrinsics", "gravity"):
            try:
                path = find_beside(root, color, self.settings.pattern(name))
            except (Rejected, ValueError, OSError) as error:
                found.append(str(error))
                continue
            if path is not None:
                place = os.path.relpath(path, root)
                found.append(f"{place} {fingerprint_file(path, contents)}")
        return "\n".join(found)

    def observe(self, indices: Sequence[int]) -> list[Perception | Rejected]:
        return [self._perception(index) for index in indices]

    def _perception(self, index: int) -> Perception | Rejected:
        try:
            with stage("decode"):
                return self._read(index)
        except Rejected as outcome:
            return outcome

    def _read(self, index: int) -> Perception:
        settings, color = self.settings, self.files[index]
        root = Path(settings.root).resolve()
        limits = settings.decode
        decoded = decode(read_entry(root, Entry(color), limits.max_bytes), limits)
        size = decoded.image.shape[:2]
        depth = read_depth(
            self._beside(root, color, "depth"),
            scale=settings.depth_scale,
            encoding=settings.pattern("encoding"),
            max_depth=settings.max_depth,
            max_pixels=limits.max_pixels,
        )
        masks = read_integers(self._beside(root, color, "masks"), limits.max_pixels)
        labels_file = self._beside(root, color, "labels")
        labels = read_labels(_text(labels_file), labels_file.suffix.lower())
        intrinsics = _fitted_camera(*self._intrinsics(root, color), decoded)
        regions, ground = _regions(fitted(masks, size), labels, settings)
        photo = Photo(
            image_id=self.image_id(index),
            image=decoded.image,
            intrinsics=intrinsics,
            up=self._up(root, color),
            encoded=decoded.encoded,
            extra={"decode": list(decoded.notes)} if decoded.notes else {},
        )
        metric = MetricDepth(
            fitted(depth, size), intrinsics, settings.scale_std, settings.noise_std, "sensor"
        )
        return Perception(photo, regions, metric, ground)

    def _beside(self, root: Path, color: str, name: str) -> Path:
        found = find_beside(root, color, self.settings.pattern(name))
        if found is None:
            pattern = self.settings.pattern(name)
            raise Rejected("decode", f"no {name} file: {pattern} matches nothing beside {color}")
        return found

    def _intrinsics(self, root: Path, color: str) -> tuple[np.ndarray, tuple[float, float] | None]:
        stated = self.settings.intrinsics
        if stated and "/" not in stated and len(stated.split()) == 4:
            return read_intrinsics(stated, "")
        return read_intrinsics(_text(self._beside(root, color, "intrinsics")), Path(color).stem)

    def _up(self, root: Path, color: str) -> np.ndarray | None:
        found = find_beside(root, color, self.settings.pattern("gravity"))
        if found is None:
            return None
        return read_up(_text(found), self.settings.pattern("world_up"))


def _fitted_camera(
    intrinsics: np.ndarray, of: tuple[float, float] | None, decoded: Decoded
) -> np.ndarray:
    """Intrinsics of the decoded picture, from those of the stored one or of one of size `of`.

    Raises:
      Rejected: they are of a picture of another shape or size.
    """
    height, width = decoded.image.shape[:2]
    scale, whole = decoded.scale, np.array([width, height]) / decoded.scale
    if of is not None:
        scale = np.array([width, height]) / np.array(of)
        if not 0.98 < scale[0] / scale[1] < 1.02:
            raise Rejected(
                "decode",
                f"intrinsics of {of[0]:.0f} x {of[1]:.0f} pixels beside a picture of "
                f"{whole[0]:.0f} x {whole[1]:.0f}",
            )
    check_intrinsics(scaled_intrinsics(intrinsics, scale / decoded.scale), *whole)
    return scaled_intrinsics(intrinsics, scale)


def _text(path: Path) -> str:
    if path.stat().st_size > _MAX_TEXT:
        raise Rejected("decode", f"{path.name} is larger than {_MAX_TEXT} bytes")
    return path.read_text(encoding="utf-8-sig")


def find_beside(root: Path, color: str, pattern: str) -> Path | None:
    """The file that a pattern names for a colour picture, or None where there is none.

    Raises:
      Rejected: it lies outside of the root.
      ValueError: the pattern has another placeholder.
    """
    folder = os.path.dirname(color)
    places = {
        "dir": folder or ".",
        "parent": os.path.dirname(folder) or ".",
        "stem": Path(color).stem,
    }
    for each in pattern.split("|"):
        try:
            # Names may have brackets of their own, which no glob should read.
            name = os.path.normpath(each.format(**{k: _literal(v) for k, v in places.items()}))
        except (LookupError, AttributeError, TypeError):
            raise ValueError(f"pattern {each!r}: placeholders are dir, parent, stem") from None
        found = sorted(path for path in root.glob(name) if path.is_file())
        if found:
            return inside(root, os.path.relpath(found[-1], root))
    return None


def _literal(text: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in text)


def _regions(
    masks: np.ndarray, labels: Mapping[int, str], settings: RGBDSettings
) -> tuple[tuple[Region, ...], np.ndarray | None]:
    """Instances in the order of their ids, and the ground, if there is any."""
    regions, ground = [], np.zeros(masks.shape, np.bool_)
    for instance in np.unique(masks).tolist():
        if instance == 0 or instance not in labels or labels[instance] in settings.ignore:
            continue
        label = labels[instance]
        mask = masks == instance
        if label in settings.ground:
            ground |= mask
            continue
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        box = np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], np.float32)
        anything = not label or label in ANYTHING
        regions.append(Region(box, label, label, mask=mask, anything=anything))
    if all(region.anything for region in regions):
        raise Rejected("decode", "no instance in the masks has a label to ask about")
    return tuple(regions), ground if ground.any() else None


def rgbd_source(settings: RGBDSettings) -> RGBDSource:
    """Lists the colour pictures.

    Raises:
      UserError: no folder is given, or there are no colour pictures in it.
    """
    root = Path(settings.root)
    if not settings.root or not root.is_dir():
        raise UserError(f"--source=rgbd needs --rgbd=FOLDER; {settings.root!r} is no folder")
    pattern = settings.pattern("color")
    found = sorted(
        os.path.relpath(path, root)
        for path in root.glob(pattern)
        if path.suffix.lower() in SUFFIXES and path.is_file()
    )
    if not found:
        raise UserError(
            f"no colour pictures match {pattern} in {root}; see --layout and --color-glob"
        )
    return RGBDSource(settings, tuple(found))
