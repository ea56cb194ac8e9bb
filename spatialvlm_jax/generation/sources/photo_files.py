"""Finding pictures in folders, tar files, parquet tables and lists, and reading their bytes.

A set of pictures is listed once, in sorted order. Nothing outside of the folder asked for is read:
neither through links nor through names with "..", and nothing but regular files is opened.
"""

import collections
import dataclasses
import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.foreign_files.fingerprints import fingerprint_bytes, fingerprint_file
from spatialvlm_jax.foreign_files.tar_files import list_members
from spatialvlm_jax.generation.outcomes import Failed, Rejected
from spatialvlm_jax.generation.sources.tables import list_table, read_row

SUFFIXES = frozenset(
    ".jpg .jpeg .jpe .jfif .png .webp .gif .bmp .dib .tif .tiff .avif .jp2 .ppm .pgm .heic .heif "
    ".hif".split()
)
_MAX_NAME = 200


@dataclasses.dataclass(frozen=True)
class Entry:
    """One picture to read.

    file: path below the root. member: its name inside of a tar, or column and row of a table.
    start, size: where a tar holds it; size -1 for a member that is not to be read. For a table,
    the row group and the row in it.
    """

    file: str
    member: str = ""
    start: int = -1
    size: int = -1

    @property
    def name(self) -> str:
        return f"{self.file}/{self.member}" if self.member else self.file

    def image_id(self) -> str:
        """A stable name in plain UTF-8; a hash marks names that had to be changed for it."""
        clean = "".join(c if c.isprintable() else "_" for c in self.name)
        if clean == self.name and len(clean) <= _MAX_NAME:
            return clean
        digest = hashlib.blake2b(os.fsencode(self.name), digest_size=6).hexdigest()
        return f"{clean[-_MAX_NAME:]}-{digest}"

    def folder(self) -> str:
        """What it lies in: folder, tar or table."""
        return self.file if self.member else os.path.dirname(self.file)


@dataclasses.dataclass(frozen=True)
class PhotoSet:
    """The root of a set of pictures, and its pictures in order.

    left_out: what else lies in the folder and is not read, each with its reason.
    """

    root: Path
    entries: tuple[Entry, ...]
    left_out: tuple[str, ...] = ()

    def read(self, index: int, max_bytes: int) -> bytes:
        """The bytes of a picture, at most `max_bytes + 1` of them.

        Raises:
          Rejected: a broken link, a link that leads out of the root, not a regular file.
          Failed: the file cannot be read.
        """
        return read_entry(self.root, self.entries[index], max_bytes)


def list_photos(
    path: Path, *, root: Path | None = None, all_files: bool = False, column: str = "image"
) -> PhotoSet:
    """Lists the pictures of a folder (with its tars and tables), a tar, a table, or a list file.

    Args:
      path: a folder, FILE.tar, FILE.parquet, or a text file with one path a line.
      root: the folder that the lines of a list file are relative to, by default the list's own.
      all_files: take files of any name, not only those named like pictures.
      column: the column of a table that holds the pictures.

    Raises:
      UserError: there is no such thing, it cannot be read, or there is no picture in it.
    """
    left_out: collections.Counter[str] = collections.Counter()
    if _is_folder(path):
        base, entries = path, []
        for file in _walk(path, left_out):
            found = list(_expand(base, file, all_files, column))
            entries += found
            if not found:
                left_out[_why_left_out(file)] += 1
    elif not path.is_file():
        raise UserError(f"no folder, tar, parquet or list of pictures at {path}")
    elif path.suffix in (".tar", ".parquet") or _is_packed(path.name):
        base = path.parent
        entries = list(_expand(base, path.name, all_files, column))
    else:
        base = root or path.parent
        entries = [Entry(os.path.normpath(line)) for line in _lines(path)]
    if not entries:
        hint = "" if all_files else "; --all-files takes files of any name"
        raise UserError(f"no pictures in {path}{hint}")
    # A tar may hold a name twice; the later one counts, as it does when the tar is unpacked.
    unique = {entry.name: entry for entry in entries}
    told = tuple(f"{count} {reason}" for reason, count in left_out.most_common() if count)
    return PhotoSet(base.resolve(), tuple(sorted(unique.values(), key=_order)), told)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from None


def _why_left_out(file: str) -> str:
    """What is counted of a file that is no picture by its name."""
    suffix = os.path.splitext(file)[1].lower()
    if file.endswith((".tar", ".parquet")):
        return f"{suffix} without a picture in it"
    return f"{suffix[:20] or 'without a suffix'} (not named like a picture)"


def _order(entry: Entry) -> tuple[bytes, int, int, bytes]:
    """By file, and within a table by row, so that row groups are read once."""
    place = (entry.start, entry.size) if entry.file.endswith(".parquet") else (0, 0)
    return os.fsencode(entry.file), *place, os.fsencode(entry.member)


def _lines(path: Path) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UserError(
            f"{path} is neither a folder, a .tar, a .parquet, nor a text file with a path a line"
        ) from None
    return [line.strip() for line in text.splitlines() if line.strip() and line[0] != "#"]


def _walk(root: Path, left_out: collections.Counter[str]) -> Iterator[str]:
    """Paths of all that is not a folder, below the root; hidden names are left out.

    Links to folders are not followed, so that there is no way round in a circle.

    Raises:
      UserError: a folder cannot be read.
    """
    for folder, folders, files in os.walk(root, onerror=_refuse_folder):
        linked = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        hidden = [name for name in (*folders, *files) if name[0] == "."]
        left_out["linked folder (links to folders are not followed)"] += len(linked)
        left_out["hidden (its name begins with a dot)"] += len(hidden)
        folders[:] = [name for name in folders if name[0] != "."]
        for name in files:
            if name[0] != ".":
                yield os.path.relpath(os.path.join(folder, name), root)


def _refuse_folder(error: OSError) -> None:
    raise UserError(f"folder {error.filename} cannot be read: {error.strerror}")


def _is_packed(name: str) -> bool:
    return name.endswith((".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst", ".zip"))


def _named_like_a_picture(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in SUFFIXES


def _expand(root: Path, file: str, all_files: bool, column: str) -> Iterator[Entry]:
    """The pictures that a file is, or holds."""
    if _is_packed(file):
        raise UserError(f"{root / file}: unpack it, or make it a plain .tar: others have no index")
    if file.endswith(".tar") and (root / file).is_file():
        yield from _members(root, file, all_files)
    elif file.endswith(".parquet") and (root / file).is_file():
        for group, row, member in list_table(root / file, column):
            yield Entry(file, member, group, row)
    elif all_files or _named_like_a_picture(file):
        yield Entry(file)


def _members(root: Path, file: str, all_files: bool) -> Iterator[Entry]:
    """Members of a tar; links and devices are listed, so that the ledger speaks of them.

    Raises:
      FileError: the tar is damaged.
    """
    for member in list_members(root / file):
        if all_files or _named_like_a_picture(member.name):
            yield Entry(file, member.name, member.start, member.size if member.is_file else -1)


def read_entry(root: Path, entry: Entry, max_bytes: int) -> bytes:
    """As `PhotoSet.read`, for an entry below a root that is a real path."""
    try:
        return _read(root, entry, max_bytes + 1)
    except OSError as error:
        raise Failed("decode", f"cannot be read: {error.strerror or error}") from None


def _read(root: Path, entry: Entry, limit: int) -> bytes:
    path = inside(root, entry.file)
    if entry.member and entry.file.endswith(".parquet"):
        return read_row(path, entry.member, entry.start, entry.size)[:limit]
    if entry.member and entry.size < 0:
        raise Rejected("decode", "a link or a special file inside of a tar is not read")
    # Without O_NONBLOCK the opening of a pipe would wait for someone to write to it.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise Rejected("decode", "not a regular file")
        if entry.member:
            file.seek(entry.start)
            limit = min(limit, entry.size)
        return file.read(limit)


def fingerprint_entry(root: Path, entry: Entry, max_bytes: int, contents: bool) -> str:
    """What tells a picture from one that it may be changed into; never an error.

    Without `contents` it is that of the file, which may be a tar or a table of many pictures.
    """
    if not contents:
        return fingerprint_file(root / entry.file, contents=False)
    try:
        return fingerprint_bytes(read_entry(root, entry, max_bytes))
    except (Rejected, UserError) as error:
        return str(error)


def inside(root: Path, file: str) -> Path:
    """The real path of a regular file, which lies in the root whatever links it goes through.

    Raises:
      Rejected: it does not, or there is no such file.
    """
    path = root / file
    try:
        real = Path(os.path.realpath(path, strict=True))
    except FileNotFoundError:
        reason = "a broken link" if path.is_symlink() else "there is no such file"
        raise Rejected("decode", reason) from None
    except OSError as error:
        raise Rejected("decode", f"cannot be reached: {error.strerror}") from None
    except ValueError:  # a zero in its name
        raise Rejected("decode", "no name of a file") from None
    if not real.is_relative_to(root):
        raise Rejected("decode", "it leads out of the folder")
    if not real.is_file():
        raise Rejected("decode", "not a regular file")
    return real
