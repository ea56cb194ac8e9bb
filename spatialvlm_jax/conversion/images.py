"""Pictures out of a folder or a zip file, read where they lie.

Nothing is extracted. A name or a link that leaves the folder is refused, and so is a file with more
bytes than any photo has: a small zip file can say that it holds a very large picture.
"""

import functools
import zipfile
from pathlib import Path, PurePosixPath
from typing import Protocol

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.foreign_files.fingerprints import fingerprint_file
from spatialvlm_jax.generation.outcomes import Failed, Rejected
from spatialvlm_jax.generation.sources.images import DecodeSettings

MAX_BYTES = 64 * 2**20
# Pictures keep their size: loaders resize them to what the encoder takes.
DECODING = DecodeSettings(max_bytes=MAX_BYTES, max_pixels=64_000_000, min_side=4, max_side=65_535)


class Images(Protocol):
    """Pictures by name. Instances are sent to worker processes."""

    def find(self, name: str) -> str | None:
        """Where a picture lies, or None where it is missing; raises Rejected for an unsafe name."""

    def read(self, name: str) -> bytes:
        """The bytes of its file; raises Rejected or Failed if there are none."""

    def mark(self, name: str) -> str:
        """What tells another picture of this name, without reading it; raises Rejected."""

    def fingerprint(self, name: str) -> str:
        """The same with the time of its last change, where one is kept; never an error."""


def open_images(path: Path) -> Images:
    """The pictures of a folder or a zip file.

    Raises:
      UserError: it is neither.
    """
    if path.is_dir():
        return FolderImages(path)
    if not path.exists():
        raise UserError(f"images {path} do not exist; give a folder or a zip file of them")
    if not zipfile.is_zipfile(path):
        raise UserError(f"images {path} are neither a folder nor a zip file")
    images = ZipImages(path)
    try:
        images.find("any")
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise UserError(f"{path} is no zip file that can be read: {error}") from None
    return images


def _safe_parts(name: str) -> tuple[str, ...]:
    """The parts of a relative name.

    Raises:
      Rejected: it is empty, absolute, or leads out of where it starts.
    """
    path = PurePosixPath(name.replace("\\", "/"))
    drive = bool(path.parts) and ":" in path.parts[0]
    if path.is_absolute() or drive or ".." in path.parts or "\0" in name or not path.parts:
        raise Rejected("image", f"{name!r} is no name inside a folder")
    return path.parts


def _is_safe(name: str) -> bool:
    try:
        return bool(_safe_parts(name))
    except Rejected:
        return False


def plain_name(name: str) -> str:
    """The name without "." and empty parts, so that one file has one; others as they are."""
    try:
        return "/".join(_safe_parts(name))
    except Rejected:
        return name


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError as error:  # a name that is too long, a folder that may not be entered
        raise Rejected("image", f"{path.name[:80]!r} is not found: {error.strerror}") from None


def _only(name: str, found: list[str]) -> str | None:
    """The one place that was found, or None; raises Rejected where there are several."""
    if len(found) > 1:
        raise Rejected("image", f"{name!r} is there {len(found)} times: {found[0]}, {found[1]}")
    return found[0] if found else None


def _check_bytes(name: str, size: int) -> None:
    if size > MAX_BYTES:
        raise Rejected("image", f"{name!r} has {size} bytes, more than {MAX_BYTES}")


class FolderImages:
    """Pictures in a folder, or in the folders directly inside it ("train2014/NAME")."""

    def __init__(self, root: Path):
        self._root = root

    @functools.cached_property
    def _places(self) -> list[Path]:
        return [self._root, *sorted(path for path in self._root.iterdir() if path.is_dir())]

    def find(self, name: str) -> str | None:
        parts = _safe_parts(name)
        root, *others = (place.joinpath(*parts) for place in self._places)
        if _is_file(root):
            return str(root)
        return _only(name, [str(path) for path in others if _is_file(path)])

    def read(self, name: str) -> bytes:
        found = self.find(name)
        if found is None:
            raise Rejected("image", f"{name!r} is missing")
        real = Path(found).resolve()
        if not real.is_relative_to(self._root.resolve()):
            raise Rejected("image", f"{name!r} is a link that leads out of the folder")
        try:
            _check_bytes(name, real.stat().st_size)
            return real.read_bytes()
        except OSError as error:
            raise Failed("image", f"{name!r} cannot be read: {error.strerror}") from None

    def mark(self, name: str) -> str:
        found = self.find(name)
        if found is None:
            raise Rejected("image", f"{name!r} is missing")
        return f"{Path(found).stat().st_size} bytes"

    def fingerprint(self, name: str) -> str:
        try:
            found = self.find(name)
        except Rejected as outcome:
            return str(outcome)
        return "" if found is None else fingerprint_file(Path(found), contents=False)


class ZipImages:
    """Pictures in a zip file, whichever folders inside it they lie in."""

    def __init__(self, path: Path):
        self._path = path

    def __reduce__(self) -> tuple[type["ZipImages"], tuple[Path]]:
        return type(self), (self._path,)  # an open file stays where it is

    @functools.cached_property
    def _file(self) -> zipfile.ZipFile:
        return zipfile.ZipFile(self._path)

    @functools.cached_property
    def _by_last_part(self) -> dict[str, list[str]]:
        names: dict[str, list[str]] = {}
        for name in filter(_is_safe, self._file.namelist()):
            names.setdefault(name.rpartition("/")[2], []).append(name)
        return names

    def find(self, name: str) -> str | None:
        wanted = "/".join(_safe_parts(name))
        names = self._by_last_part.get(wanted.rpartition("/")[2], [])
        exact = [each for each in names if each == wanted]
        return _only(name, exact or [each for each in names if each.endswith("/" + wanted)])

    def read(self, name: str) -> bytes:
        found = self.find(name)
        if found is None:
            raise Rejected("image", f"{name!r} is missing")
        _check_bytes(name, self._file.getinfo(found).file_size)
        try:
            return self._file.read(found)
        except Exception as error:  # decoders raise whatever a damaged file leads them to
            raise Failed("image", f"{name!r} cannot be read from the zip file: {error}") from None

    def mark(self, name: str) -> str:
        found = self.find(name)
        if found is None:
            raise Rejected("image", f"{name!r} is missing")
        entry = self._file.getinfo(found)
        return f"{entry.file_size} bytes, CRC {entry.CRC}"

    def fingerprint(self, name: str) -> str:
        try:
            return self.mark(name)
        except Rejected as outcome:
            return str(outcome)
