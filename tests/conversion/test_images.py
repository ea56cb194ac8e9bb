import pickle
import zipfile
from pathlib import Path

import pytest

from spatialvlm_jax.conversion import images
from spatialvlm_jax.conversion.images import Images, open_images
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.generation.outcomes import Failed, Rejected
from tests.conversion.published import write_folder, write_zip

FILES = {"train2014/a.jpg": b"first", "train2014/sub/b.jpg": b"second", "c.jpg": b"third"}


@pytest.fixture(params=["folder", "zip"])
def pictures(request: pytest.FixtureRequest, tmp_path: Path) -> Images:
    if request.param == "zip":
        return open_images(write_zip(tmp_path / "x.zip", FILES))
    return open_images(write_folder(tmp_path / "x", FILES))


def test_pictures_are_found_by_name_or_in_a_folder_inside(pictures: Images) -> None:
    assert pictures.read("train2014/a.jpg") == b"first"
    assert pictures.read("a.jpg") == b"first"
    assert pictures.read("sub/b.jpg") == b"second"
    assert pictures.read("c.jpg") == b"third"
    again = pickle.loads(pickle.dumps(pictures))  # noqa: S301 - as sources travel to workers
    assert again.read("c.jpg") == b"third"


@pytest.mark.parametrize("name", ["d.jpg", "train2014", "train2014/c.jpg"])
def test_a_missing_picture_is_named(pictures: Images, name: str) -> None:
    assert pictures.find(name) is None
    with pytest.raises(Rejected, match="is missing"):
        pictures.read(name)


@pytest.mark.parametrize(
    "name", ["../x/c.jpg", "/etc/passwd", "sub/../../c.jpg", "..\\c.jpg", "C:\\c.jpg", "", "a\0b"]
)
def test_names_that_lead_out_are_refused(pictures: Images, name: str) -> None:
    with pytest.raises(Rejected, match="no name inside a folder"):
        pictures.read(name)


def test_links_that_lead_out_are_refused(tmp_path: Path) -> None:
    write_folder(tmp_path, {"secret.jpg": b"secret", "x/a.jpg": b"first"})
    (tmp_path / "x" / "out.jpg").symlink_to(tmp_path / "secret.jpg")
    (tmp_path / "x" / "in.jpg").symlink_to("a.jpg")
    pictures = open_images(tmp_path / "x")
    assert pictures.read("in.jpg") == b"first"
    with pytest.raises(Rejected, match="leads out of the folder"):
        pictures.read("out.jpg")


def test_too_large_a_file_is_not_read(pictures: Images, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "MAX_BYTES", 5)
    assert pictures.read("a.jpg") == b"first"
    with pytest.raises(Rejected, match="6 bytes, more than 5"):
        pictures.read("sub/b.jpg")


def test_a_name_that_fits_two_pictures_is_refused(tmp_path: Path) -> None:
    both = {"train/a.jpg": b"one", "val/a.jpg": b"two"}
    with pytest.raises(Rejected, match=r"2 times: train/a.jpg, val/a.jpg"):
        open_images(write_zip(tmp_path / "x.zip", both)).read("a.jpg")


def test_a_zip_member_whose_name_leads_out_is_none(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "x.zip", {"../../a.jpg": b"one", "/b.jpg": b"two", "c.jpg": b"c"})
    assert [open_images(path).find(name) for name in ("a.jpg", "b.jpg", "c.jpg")] == [
        *(None, None),
        "c.jpg",
    ]


def test_a_damaged_zip_member_is_a_failure(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "x.zip", {"a.jpg": b"abcdefgh" * 8})
    data = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        start = archive.getinfo("a.jpg").header_offset + 30 + len("a.jpg")
    path.write_bytes(data[: start + 3] + b"X" + data[start + 4 :])
    with pytest.raises(Failed, match="cannot be read from the zip file"):
        open_images(path).read("a.jpg")


def test_what_is_no_folder_or_zip_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"text")
    with pytest.raises(UserError, match="neither a folder nor a zip file"):
        open_images(tmp_path / "file")
    with pytest.raises(UserError, match="do not exist"):
        open_images(tmp_path / "nowhere")


def test_a_picture_that_this_user_may_not_read_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = open_images(write_folder(tmp_path / "x", FILES))

    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(Failed, match=r"'c\.jpg' cannot be read: Permission denied"):
        pictures.read("c.jpg")
