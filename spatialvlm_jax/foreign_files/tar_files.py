"""Plain tar files: where their members lie, so that each can be read at random."""

import dataclasses
import tarfile
from collections.abc import Iterator
from pathlib import Path

from spatialvlm_jax.foreign_files.errors import FileError

# Archives are filled up to whole records behind their end; others may be joined to them there.
_BEHIND_BYTES = 2**20
# Of names and other entries about the member that follows; they are read whole.
_MAX_HEADER_BYTES = 2**14
_ABOUT_THE_NEXT = (
    *(tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK),
    *(tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE),
)


@dataclasses.dataclass(frozen=True)
class Member:
    """An entry of a tar file. start, size: bytes of the file that are its content.

    is_file: a plain file; links, devices and sparse files are not read.
    """

    name: str
    start: int
    size: int
    is_file: bool


class _CheckedHeader(tarfile.TarInfo):
    """A header whose size is possible: `tarfile` reads as many bytes as one asks for."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> "_CheckedHeader":
        try:
            header = super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError as error:
            if not buf.strip(b"\0"):
                raise  # which is how the parser is told of the end
            # Behind the first member it would take this for the end, too.
            raise tarfile.ReadError(f"a header cannot be read: {error}") from None
        most = _MAX_HEADER_BYTES if header.type in _ABOUT_THE_NEXT else 2**62
        if not 0 <= header.size <= most:
            raise tarfile.ReadError(f"a header says {header.size} bytes")
        return header

    def _proc_gnusparse_10(self, *_: object) -> None:
        # At the end of the file the parser would go on looking for the rest of the map for ever.
        raise tarfile.ReadError("a map of holes, which is not read")


def list_members(path: Path) -> Iterator[Member]:
    """The members of a tar file that are not folders, in order.

    Raises:
      FileError: it is no plain tar file, or is damaged or cut off; members before are given.
    """
    try:
        with tarfile.open(path, "r:", tarinfo=_CheckedHeader) as archive:
            length, end = path.stat().st_size, 0
            while (member := archive.next()) is not None:
                # A size that is negative leads back to headers that were read before.
                if member.size < 0 or archive.offset <= end:
                    raise tarfile.ReadError(f"{member.name!r} says it has {member.size} bytes")
                if member.isreg() and member.offset_data + member.size > length:
                    raise tarfile.ReadError(f"it ends within {member.name!r}")
                end = archive.offset
                if not member.isdir():
                    plain = member.isreg() and not member.issparse()
                    yield Member(member.name, member.offset_data, member.size, plain)
        with path.open("rb") as file:
            file.seek(archive.offset)
            if file.read(_BEHIND_BYTES).strip(b"\0"):
                raise tarfile.ReadError("there is more behind its end: several archives in one?")
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror or error}") from None
    except Exception as error:  # the parser raises whatever a damaged header leads it to
        raise FileError(
            f"{path} is no tar file that can be read ({_reason(error)}); compressed ones must be "
            "unpacked to .tar first"
        ) from None


def _reason(error: Exception) -> str:
    known = isinstance(error, tarfile.TarError)
    return str(error).splitlines()[0] if known and str(error) else type(error).__name__
