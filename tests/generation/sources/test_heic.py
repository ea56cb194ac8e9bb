"""HEIC, as phones take it: pixels, orientation, focal length, and files that are damaged."""

import io
import math
import sys

import numpy as np
import pytest
from PIL import Image

from spatialvlm_jax.generation.outcomes import Rejected
from spatialvlm_jax.generation.sources.images import DecodeSettings, decode, readable_formats
from tests.generation.sources import hostile

PLAIN = DecodeSettings()


def heic(array: np.ndarray, *, orientation: int = 1, focal: int | None = None) -> bytes:
    """A HEIC file; the container holds the orientation, and EXIF the focal length."""
    import pillow_heif

    pillow_heif.register_heif_opener()
    exif = Image.Exif()
    exif[274] = orientation
    if focal is not None:
        exif.get_ifd(34665)[41989] = focal
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, "HEIF", quality=95, exif=exif.tobytes())
    return buffer.getvalue()


def test_heic_is_read() -> None:
    decoded = decode(heic(hostile.pixels(5)), PLAIN)
    assert np.abs(decoded.image.astype(int) - hostile.pixels(5)).mean() < 4
    assert (decoded.encoded, decoded.notes) == (None, ("read from HEIF",))
    assert (decoded.focal, decoded.orientation) == (None, 1)


@pytest.mark.parametrize(("orientation", "turns"), [(3, 2), (6, -1), (8, 1)])
def test_heic_is_turned_once_as_its_container_says(orientation: int, turns: int) -> None:
    array = hostile.pixels(5, (40, 60))
    expected = np.rot90(array, turns)
    for upright in (True, False):
        decoded = decode(heic(array, orientation=orientation), DecodeSettings(upright=upright))
        assert decoded.image.shape == expected.shape
        assert np.abs(decoded.image.astype(int) - expected).mean() < 4
        assert decoded.orientation == 1


def test_the_focal_length_of_a_phone_is_read_and_scaled() -> None:
    data = heic(hostile.pixels(0, (120, 160)), orientation=6, focal=26)
    full = 26 / math.hypot(36, 24) * 200  # pixels; the diagonal is 200 of them
    assert decode(data, PLAIN).focal == pytest.approx(full)
    small = decode(data, DecodeSettings(max_side=80))
    assert small.image.shape == (80, 60, 3)
    assert small.focal == pytest.approx(full / 2)


def test_heic_is_bounded_before_it_is_decoded() -> None:
    data = heic(hostile.pixels(0, (120, 160)))
    with pytest.raises(Rejected, match="160 x 120 pixels are more than 1000"):
        decode(data, DecodeSettings(max_pixels=1000))
    with pytest.raises(Rejected, match="a side is shorter than 200"):
        decode(data, DecodeSettings(min_side=200))


def test_damaged_heic_is_refused_or_read_but_never_an_error() -> None:
    data = heic(hostile.pixels(0, (64, 64)))
    for length in (13, 100, len(data) // 2, len(data) - 40):
        with pytest.raises(Rejected) as refused:
            decode(data[:length], PLAIN)
        assert "\n" not in str(refused.value)
    draws = np.random.default_rng(0)
    for _ in range(40):
        broken = bytearray(data)
        for place in draws.integers(12, len(data), 4):
            broken[place] ^= int(draws.integers(1, 256))
        try:
            assert decode(bytes(broken), PLAIN).image.shape[2] == 3
        except Rejected as outcome:
            assert outcome.stage == "decode"


def test_without_the_reader_the_remedy_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    data = heic(hostile.pixels(5))
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    readable_formats.cache_clear()
    try:
        assert "HEIF" not in readable_formats()
        with pytest.raises(Rejected, match="needs the extra 'heic': run `make setup`, or convert"):
            decode(data, PLAIN)
    finally:
        readable_formats.cache_clear()
