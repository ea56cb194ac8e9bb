import contextlib
import io
import tarfile
from pathlib import Path

import hypothesis
import hypothesis.strategies as st
import pytest

from spatialvlm_jax.foreign_files.errors import FileError
from spatialvlm_jax.foreign_files.tar_files import Member, list_members


def header(name: str, size: int, kind: bytes = tarfile.REGTYPE) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.type = size, kind
    return info.tobuf(tarfile.GNU_FORMAT)


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 512)


END = bytes(1024)


def pax(**fields: str) -> bytes:
    lines = b""
    for key, value in fields.items():
        line = f" {key}={value}\n".encode()
        length = len(line) + len(str(len(line) + 3))
        lines += str(length).encode() + line
    return header("pax", len(lines), tarfile.XHDTYPE) + padded(lines)


def test_members_say_where_they_lie(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as archive:
        for name, data in (("a/0.txt", b"zero"), ("é" * 120, b"one"), ("empty", b"")):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        for name, kind in (("folder", tarfile.DIRTYPE), ("link", tarfile.SYMTYPE)):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
    members = list(list_members(path))
    assert [member.name for member in members] == ["a/0.txt", "é" * 120, "empty", "link"]
    assert [member.is_file for member in members] == [True, True, True, False]
    data = path.read_bytes()
    assert [data[m.start : m.start + m.size] for m in members[:3]] == [b"zero", b"one", b""]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (header("a", -512) + END, "a header says -512 bytes"),
        (header("a", 4) + padded(b"four") + header("b", -2048) + END, "says -2048 bytes"),
        (header("a", 2**60) + END, "it ends within 'a'|unexpected end"),
        (header("a", 2**70) + END, "a header says"),
        (header("a", 2**60, tarfile.GNUTYPE_LONGNAME) + END, "a header says"),
        (header("a", 2**60, tarfile.XHDTYPE) + END, "a header says"),
        (header("a", 0) + pax(size="-2048") + header("b", 0) + END, "says it has -2048 bytes"),
        (header("a", 600) + b"short", "it ends within 'a'|unexpected end"),
        (header("a", 4, tarfile.GNUTYPE_LONGNAME) + padded(b"long"), "empty header"),
        (header("a", 9, tarfile.GNUTYPE_LONGNAME) * 3000, "RecursionError|invalid|bad"),
        (
            pax(**{"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "x"})
            + header("a", 512)
            + padded(b"99\n1")
            + END,
            "a map of holes",
        ),
        (b"\x1f\x8b" * 600, "must be unpacked to .tar first"),
        (b"", "empty file"),
    ],
)
def test_impossible_sizes_end_the_reading_at_once(
    data: bytes, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "x.tar"
    path.write_bytes(data)
    with pytest.raises(FileError, match=message):
        list(list_members(path))


WHOLE = header("a", 4) + padded(b"four") + pax(path="b" * 90) + header("b", 3) + padded(b"one")


@hypothesis.settings(deadline=None)
@hypothesis.given(
    st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), max_size=6)
)
def test_flipped_bytes_lose_members_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, flips: list[tuple[int, int]]
) -> None:
    path = tmp_path_factory.getbasetemp() / "flipped.tar"
    data = bytearray(WHOLE + END)
    for place, value in flips:
        data[place] = value
    path.write_bytes(data)
    found: list[Member] = []
    with contextlib.suppress(FileError):
        found.extend(list_members(path))
    assert all(m.start >= 0 and m.start + m.size <= len(data) for m in found if m.is_file)


@pytest.mark.parametrize(
    ("behind", "message"),
    [
        (b"nonsense".ljust(512, b"x"), "a header cannot be read"),
        (header("b", 0)[:300], "a header cannot be read"),
        (END + header("b", 0) + END, "more behind its end: several archives in one"),
    ],
)
def test_what_follows_a_member_is_never_taken_for_the_end(
    tmp_path: Path, behind: bytes, message: str
) -> None:
    path = tmp_path / "x.tar"
    path.write_bytes(header("a", 4) + padded(b"four") + behind)
    members = list_members(path)
    assert next(members).name == "a"
    with pytest.raises(FileError, match=message):
        next(members)
