import errno
import os
import tarfile
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.generation.outcomes import Failed, Rejected
from spatialvlm_jax.generation.sources.photo_files import PhotoSet, list_photos
from tests.generation.sources import hostile

BYTES = hostile.encoded(hostile.pixels(0))
LIMIT = 10**6


def names(found: PhotoSet) -> list[str]:
    return [entry.name for entry in found.entries]


def filled(root: Path, *files: str) -> Path:
    for name in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(BYTES)
    return root


def table(path: Path, rows: list[object], row_group_size: int = 2, column: str = "image") -> Path:
    pyarrow.parquet.write_table(
        pyarrow.table({column: rows, "text": ["words"] * len(rows)}), path, row_group_size
    )
    return path


def test_a_folder_is_listed_once_sorted_and_below_itself(tmp_path: Path) -> None:
    filled(tmp_path, "b.jpg", "a/z.PNG", "a/y.jpeg", "a/notes.txt", ".thumbs/x.jpg", "a/.x.jpg")
    found = list_photos(tmp_path)
    assert names(found) == ["a/y.jpeg", "a/z.PNG", "b.jpg"]
    assert found.read(0, LIMIT) == BYTES
    assert len(found.read(0, 10)) == 11
    assert [entry.folder() for entry in found.entries] == ["a", "a", ""]
    assert found.left_out == (
        "2 hidden (its name begins with a dot)",
        "1 .txt (not named like a picture)",
    )
    assert names(list_photos(tmp_path, all_files=True))[0] == "a/notes.txt"
    os.remove(tmp_path / "b.jpg")
    with pytest.raises(Rejected, match="there is no such file"):
        found.read(2, LIMIT)


def test_ids_are_names_with_a_hash_only_where_they_had_to_change(tmp_path: Path) -> None:
    filled(tmp_path, "ünï 🦜.jpg", "two\nlines.jpg", "two\rlines.jpg", "long" * 60 + ".jpg")
    raw = os.path.join(os.fsencode(tmp_path), b"not utf \xff.jpg")
    Path(os.fsdecode(raw)).write_bytes(BYTES)
    found = list_photos(tmp_path)
    ids = [entry.image_id() for entry in found.entries]
    assert len(set(ids)) == 5
    assert "ünï 🦜.jpg" in ids
    assert all(len(each.encode()) < 300 for each in ids)
    assert {each.rpartition("-")[0] for each in ids if each.startswith("two")} == {"two_lines.jpg"}
    assert [found.read(index, LIMIT) for index in range(5)] == [BYTES] * 5


def test_tars_and_tables_are_read_where_they_lie(tmp_path: Path) -> None:
    filled(tmp_path / "plain", "a.jpg", "b.json")
    with tarfile.open(tmp_path / "shard.tar", "w") as archive:
        archive.add(tmp_path / "plain" / "b.json", "000.json")
        archive.add(tmp_path / "plain" / "b.json", "000.json")
        for _ in range(2):
            archive.add(tmp_path / "plain" / "a.jpg", "000.jpg")
    table(tmp_path / "rows.parquet", [BYTES, None, BYTES])
    found = list_photos(tmp_path)
    assert names(found) == [
        "plain/a.jpg",
        "rows.parquet/image/0",
        "rows.parquet/image/1",
        "rows.parquet/image/2",
        "shard.tar/000.jpg",
    ]
    assert [found.read(index, LIMIT) for index in (0, 1, 3, 4)] == [BYTES] * 4
    with pytest.raises(Rejected, match="no image bytes in this row"):
        found.read(2, LIMIT)
    assert names(list_photos(tmp_path / "shard.tar")) == ["shard.tar/000.jpg"]
    structs = [{"bytes": BYTES, "path": "a.jpg"}]
    only = list_photos(table(tmp_path / "hub.parquet", structs, column="photo"), column="photo")
    assert only.read(0, LIMIT) == BYTES


def test_a_list_names_what_lies_below_its_root(tmp_path: Path) -> None:
    filled(tmp_path, "in/a.jpg", "b.jpg")
    (tmp_path / "list.txt").write_text("# two\nin/a.jpg\n\n../secret.jpg\nin/../b.jpg\ngone.jpg\n")
    (tmp_path.parent / "secret.jpg").write_bytes(BYTES)
    found = list_photos(tmp_path / "list.txt")
    assert names(found) == ["../secret.jpg", "b.jpg", "gone.jpg", "in/a.jpg"]
    for index, reason in ((0, "leads out of the folder"), (2, "there is no such file")):
        with pytest.raises(Rejected, match=reason):
            found.read(index, LIMIT)
    assert found.read(1, LIMIT) == BYTES
    assert list_photos(tmp_path / "list.txt", root=tmp_path / "in").root == tmp_path / "in"


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"picture")
    (tmp_path / "list.txt").write_text("\ufeffa.jpg\n", encoding="utf-8")
    photos = list_photos(tmp_path / "list.txt")
    assert [entry.name for entry in photos.entries] == ["a.jpg"]
    assert photos.read(0, 100) == b"picture"


def test_a_folder_in_the_place_of_a_file_fails_alone(tmp_path: Path) -> None:
    filled(tmp_path, "a.jpg")
    found = list_photos(tmp_path)
    os.remove(tmp_path / "a.jpg")
    (tmp_path / "a.jpg").mkdir()
    with pytest.raises(Rejected, match="not a regular file"):
        found.read(0, LIMIT)
    assert issubclass(Failed, Rejected)


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("x.tar.gz", b"", "unpack it"),
        ("x.zip", b"", "unpack it"),
        ("x.tar", b"no tar at all" * 99, "is no tar file that can be read"),
        ("x.parquet", b"no table", "is no parquet file that can be read"),
        ("x.bin", b"\xff\xfe\xff", "neither a folder"),
        ("x.txt", b"# nothing\n", "no pictures in"),
    ],
)
def test_what_holds_no_pictures_is_named(
    tmp_path: Path, name: str, data: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UserError, match=message):
        list_photos(tmp_path / name)


def test_missing_things_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no folder, tar, parquet or list"):
        list_photos(tmp_path / "absent")
    with pytest.raises(UserError, match="--all-files"):
        list_photos(tmp_path)
    with pytest.raises(UserError, match="no column 'image' but photo, text"):
        list_photos(table(tmp_path / "x.parquet", [BYTES], column="photo"))


def test_what_is_left_out_of_a_folder_has_its_reason(tmp_path: Path) -> None:
    filled(tmp_path, "in/a.jpg", "in/b.HEIC", "in/c.DNG", "in/readme", "in/d.dng", "else/e.jpg")
    (tmp_path / "in/link").symlink_to(tmp_path / "else")
    with tarfile.open(tmp_path / "in/empty.tar", "w"):
        pass
    found = list_photos(tmp_path / "in")
    assert names(found) == ["a.jpg", "b.HEIC"]
    assert set(found.left_out) == {
        "2 .dng (not named like a picture)",
        "1 without a suffix (not named like a picture)",
        "1 linked folder (links to folders are not followed)",
        "1 .tar without a picture in it",
    }


def test_a_folder_that_cannot_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # An account that may read everything would not be refused.
    scan = os.scandir

    def scan_but_one(path: str) -> object:
        if str(path).endswith("closed"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scan(path)

    filled(tmp_path, "a.jpg", "closed/b.jpg")
    monkeypatch.setattr(os, "scandir", scan_but_one)
    for root in (tmp_path, tmp_path / "closed"):
        with pytest.raises(UserError, match=r"closed cannot be read: Permission denied"):
            list_photos(root)


def test_a_list_of_one_picture_is_that_picture(tmp_path: Path) -> None:
    rows = [[{"bytes": BYTES, "path": "a"}], [{"bytes": BYTES, "path": "b"}] * 2]
    found = list_photos(table(tmp_path / "x.parquet", rows, column="images"), column="images")
    assert found.read(0, LIMIT) == BYTES
    with pytest.raises(Rejected, match="2 images in one row"):
        found.read(1, LIMIT)


def test_rows_that_cannot_be_decoded_fail_alone(tmp_path: Path) -> None:
    path = table(tmp_path / "x.parquet", [BYTES, BYTES, BYTES])
    start = pyarrow.parquet.read_metadata(path).row_group(0).column(0).data_page_offset
    with path.open("r+b") as file:
        file.seek(start)
        file.write(bytes(20))
    found = list_photos(path)
    with pytest.raises(Failed, match=r"x\.parquet: row group 0 cannot be read"):
        found.read(0, LIMIT)
    assert found.read(2, LIMIT) == BYTES


def test_a_picture_that_all_rows_share_is_held_once(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    shared = pyarrow.array([BYTES]).dictionary_encode()
    rows = pyarrow.DictionaryArray.from_arrays([0] * 9_000, shared.dictionary)
    pyarrow.parquet.write_table(pyarrow.table({"image": rows}), path, store_schema=False)
    found, before = list_photos(path), pyarrow.total_allocated_bytes()
    assert found.read(8_999, LIMIT) == BYTES
    assert pyarrow.total_allocated_bytes() - before < 10 * 9_000


@pytest.mark.parametrize("size", [b"\xff" * 12, b"77777777777\0"])
def test_a_tar_with_members_of_absurd_size_is_refused(tmp_path: Path, size: bytes) -> None:
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        archive.add(filled(tmp_path, "a.jpg") / "a.jpg", "a.jpg")
    data = bytearray((tmp_path / "x.tar").read_bytes())
    data[124:136] = size
    data[148:156] = b" " * 8
    data[148:156] = b"%06o\0 " % sum(data[:512])
    (tmp_path / "x.tar").write_bytes(data)
    with pytest.raises(UserError, match="is no tar file that can be read"):
        list_photos(tmp_path / "x.tar")
