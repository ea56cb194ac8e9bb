"""Pictures as strangers send them: read as a person sees them, or refused in one line."""

import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.inference.picture import CameraFacts, open_picture
from spatialvlm_jax.scene.camera import KnownCamera, describe_camera
from tests.generation.sources.test_images import with_focal

HALVES = np.zeros((40, 60, 3), np.uint8)
HALVES[:, 30:] = (250, 40, 10)


def encoded(picture: Image.Image, form: str, **options) -> bytes:
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


def test_every_kind_of_picture_is_seen_alike() -> None:
    plain = Image.fromarray(HALVES)
    turned = Image.Exif()
    turned[274] = 6
    deep = np.where(HALVES[..., 0] > 0, 60_000, 0).astype(np.uint16)
    alpha = plain.convert("RGBA")
    alpha.putalpha(Image.fromarray(np.where(HALVES[..., 0] > 0, 255, 0).astype(np.uint8)))
    assert np.array_equal(open_picture(encoded(plain, "PNG")).image, HALVES)
    assert np.array_equal(open_picture(HALVES).image, HALVES)
    cmyk = open_picture(encoded(plain.convert("CMYK"), "JPEG", quality=95, subsampling=0))
    assert np.abs(cmyk.image.astype(int) - HALVES)[:, [5, 55]].max() < 40
    assert cmyk.notes == ("converted from CMYK",)
    upright = open_picture(encoded(plain.transpose(Image.Transpose.ROTATE_90), "PNG", exif=turned))
    assert np.array_equal(upright.image, HALVES)
    assert upright.camera.size == (60, 40)
    sixteen = open_picture(encoded(Image.fromarray(deep), "PNG"))
    assert np.unique(sixteen.image).tolist() == [0, 233]
    see_through = open_picture(encoded(alpha, "PNG"))
    assert see_through.image[0, 0].tolist() == [255, 255, 255]
    assert see_through.image[0, 59].tolist() == [250, 40, 10]
    moving = encoded(plain, "GIF", save_all=True, append_images=[Image.new("RGB", (60, 40))])
    assert "the first of several pictures" in open_picture(moving).notes


def huge(side: int) -> bytes:
    """A PNG that says it has so many pixels a side, and has none."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        whole = kind + data
        return struct.pack(">I", len(data)) + whole + struct.pack(">I", zlib.crc32(whole))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "the file is empty"),
        (b"<svg/>", "not a picture"),
        (huge(40_000), "a bomb"),
        (encoded(Image.fromarray(HALVES), "JPEG")[:700], "damaged: OSError: image file is trunc"),
        (encoded(Image.fromarray(HALVES[..., 0].astype(np.float32)), "TIFF"), "not colours"),
        (HALVES.astype(np.float32), r"uint8\[H, W, 3\], not float32\[40, 60, 3\]"),
        (HALVES[..., :2], r"not uint8\[40, 60, 2\]"),
        (HALVES[:0], r"not uint8\[0, 60, 3\]"),
    ],
)
def test_what_is_no_picture_is_refused_in_one_line(data, said) -> None:
    with pytest.raises(UserError, match=said) as caught:
        open_picture(data)
    assert "\n" not in str(caught.value)


def test_only_plain_files_are_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name, said in (("nope.png", "no such file"), (".", "not a regular"), ("pipe", "not a reg")):
        with pytest.raises(UserError, match=said):
            open_picture(tmp_path / name)
    with pytest.raises(UserError, match="no name of a file"):
        open_picture("a\0b")
    (tmp_path / "there").mkdir()
    Image.fromarray(HALVES).save(tmp_path / "there" / "a.png")
    (tmp_path / "link.png").symlink_to(tmp_path / "there" / "a.png")
    assert np.array_equal(open_picture(tmp_path / "link.png").image, HALVES)


def test_a_camera_is_known_by_the_file_and_better_by_who_asks() -> None:
    read = open_picture(with_focal(26)).camera
    # 36 mm of film are as wide as the picture: 2 atan(18 / 26).
    assert describe_camera(read) == "camera: 69 degrees wide."
    told = CameraFacts(fov=90.0, height=1.4, pitch=12.0).of(read)
    assert describe_camera(told) == "camera: 90 degrees wide, 1.4 m high, 12 degrees down."
    level = CameraFacts(pitch=0.0).of(KnownCamera((300, 400)))
    assert describe_camera(level) == "camera: level."
    assert CameraFacts(fov=60.0, pitch=0.0).told() == ["fov", "pitch"]
    assert CameraFacts().told() == []


@pytest.mark.parametrize("facts", [{"fov": 180.0}, {"height": -1.0}, {"pitch": float("nan")}])
def test_facts_of_no_camera_are_refused(facts) -> None:
    with pytest.raises(UserError, match=f"a camera's {next(iter(facts))} of .* is not between"):
        CameraFacts(**facts)
