import io

import numpy as np
import pytest
from PIL import Image

from spatialvlm_jax.generation.outcomes import Rejected
from spatialvlm_jax.generation.sources.images import DecodeSettings, decode, read_camera
from tests.generation.sources import hostile

PLAIN = DecodeSettings()


@pytest.mark.parametrize("kind", hostile.KINDS)
def test_pictures_are_decoded_or_refused_with_a_reason(kind: str) -> None:
    content, _, fate = hostile.KINDS[kind]
    if fate != hostile.FINE:
        with pytest.raises(Rejected, match=fate.replace("?", r"\?")) as refused:
            decode(content(5), PLAIN)
        assert refused.value.stage == "decode"
        return
    image = decode(content(5), PLAIN).image
    assert image.dtype == np.uint8
    expected = hostile.pixels(5)
    if kind == "turned":
        expected = np.rot90(expected, -1)
    assert image.shape == expected.shape
    if kind not in ("grey", "sixteen", "palette", "gif", "cmyk"):
        assert np.abs(image.astype(int) - expected).mean() < 4


def test_avif_is_read() -> None:
    buffer = io.BytesIO()
    Image.fromarray(hostile.pixels(5)).save(buffer, "AVIF", quality=95)
    decoded = decode(buffer.getvalue(), PLAIN)
    assert np.abs(decoded.image.astype(int) - hostile.pixels(5)).mean() < 4
    assert (decoded.encoded, decoded.notes) == (None, ("read from AVIF",))


def with_brands(*brands: bytes) -> bytes:
    box = b"ftyp" + brands[0] + bytes(4) + b"".join(brands)
    return (len(box) + 4).to_bytes(4, "big") + box + bytes(400)


@pytest.mark.parametrize(
    ("brands", "reason"),
    [
        ((b"heic", b"mif1"), "a HEIC picture that is damaged"),
        ((b"mif1", b"heix"), "a HEIC picture that is damaged"),
        ((b"mp42", b"isom"), "a video or another ISO media file, not a picture"),
    ],
)
def test_what_pillow_does_not_decode_is_named_with_its_remedy(
    brands: tuple[bytes, ...], reason: str
) -> None:
    with pytest.raises(Rejected, match=reason):
        decode(with_brands(*brands), PLAIN)


def test_sixteen_bits_keep_their_upper_eight() -> None:
    image = decode(hostile.sixteen_bits(9), PLAIN).image
    np.testing.assert_array_equal(image[..., 0], hostile.pixels(9)[..., 0])


def test_what_is_see_through_lies_on_white() -> None:
    array = np.zeros((40, 40, 4), np.uint8)
    array[:, 20:, 3] = 255
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, "PNG")
    decoded = decode(buffer.getvalue(), PLAIN)
    assert decoded.image[:, :20].min() == 255
    assert decoded.image[:, 20:].max() == 0
    assert decoded.encoded is None


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_ends_upright(orientation: int) -> None:
    decoded = decode(hostile.turned(3, orientation), PLAIN)
    with Image.open(io.BytesIO(hostile.turned(3, orientation))) as stored:
        exif = Image.Exif()
        exif[274] = orientation
        picture = stored.copy()
    # Turning an upright picture by the inverse of its orientation gives what was stored.
    inverse = {6: 8, 8: 6}.get(orientation, orientation)
    again = decode(_with_orientation(decoded.image, inverse), PLAIN).image
    assert np.abs(again.astype(int) - np.asarray(picture)).max() <= 2
    assert (decoded.encoded is None) == (orientation != 1)
    as_stored = decode(hostile.turned(3, orientation), DecodeSettings(upright=False))
    np.testing.assert_array_equal(as_stored.image, np.asarray(picture))


def _with_orientation(array: np.ndarray, orientation: int) -> bytes:
    exif = Image.Exif()
    exif[274] = orientation
    return hostile.encoded(array, "PNG", exif=exif)


def test_bytes_are_kept_only_where_every_reader_sees_the_same() -> None:
    kept = {
        kind
        for kind, (content, _, fate) in hostile.KINDS.items()
        if fate == hostile.FINE and decode(content(1), PLAIN).encoded is not None
    }
    assert kept == {"plain", "wrong name", "strange turn", "ünï코드 🦜"}
    assert (
        decode(hostile.encoded(hostile.pixels(1)), DecodeSettings(keep_bytes=False)).encoded is None
    )


def test_large_pictures_are_made_smaller_and_say_by_how_much() -> None:
    data = hostile.encoded(hostile.pixels(0, (300, 500)), "PNG")
    decoded = decode(data, DecodeSettings(max_side=100))
    assert decoded.image.shape == (60, 100, 3)
    np.testing.assert_allclose(decoded.scale, [0.2, 0.2])
    assert decoded.encoded is None
    with pytest.raises(Rejected, match="150000|more than"):
        decode(data, DecodeSettings(max_pixels=100_000))
    with pytest.raises(Rejected, match="bytes are more than"):
        decode(data, DecodeSettings(max_bytes=10))


def with_focal(millimetres: float, size: tuple[int, int] | None = None) -> bytes:
    exif = Image.Exif()
    details = exif.get_ifd(34665)
    details[41989] = millimetres
    if size is not None:
        details[40962], details[40963] = size
    return hostile.encoded(hostile.pixels(0, (200, 300)), exif=exif)


def test_the_focal_length_compares_diagonals() -> None:
    # 36 mm by 24 mm film has the sides of this picture, so 36 mm is the width of 300 pixels.
    assert decode(with_focal(36), PLAIN).focal == pytest.approx(300)
    assert decode(with_focal(36), DecodeSettings(max_side=150)).focal == pytest.approx(150)
    assert decode(with_focal(36, (3000, 2000)), PLAIN).focal == pytest.approx(300)
    assert decode(with_focal(36, (3000, 3000)), PLAIN).focal is None
    assert decode(with_focal(0), PLAIN).focal is None
    assert decode(with_focal(60_000), PLAIN).focal is None


def with_sensor(focal: float, **changes: float) -> bytes:
    """A picture of 300 x 200 pixels by a sensor of 12 x 8 mm, taken at ten times that size."""
    exif = Image.Exif()
    tags = {"focal": 37386, "resolution": 41486, "unit": 41488, "width": 40962, "height": 40963}
    own = {"focal": focal, "resolution": 2500.0, "unit": 3, "width": 3000, "height": 2000}
    exif.get_ifd(34665).update({tags[name]: value for name, value in {**own, **changes}.items()})
    return hostile.encoded(hostile.pixels(0, (200, 300)), exif=exif)


def test_the_sensor_gives_the_crop_factor_where_no_equivalent_is_told() -> None:
    # A third of the film: 12 mm is the width of the sensor, and so of 300 pixels.
    assert decode(with_sensor(12), PLAIN).focal == pytest.approx(300)
    assert decode(with_sensor(12, resolution=250.0, unit=4), PLAIN).focal == pytest.approx(300)
    absurd: tuple[tuple[float, dict[str, float]], ...] = (
        (0.001, {}),
        (12, {"resolution": 0}),
        (12, {"unit": 7}),
        (12, {"width": 0}),
    )
    for focal, changes in absurd:
        assert decode(with_sensor(focal, **changes), PLAIN).focal is None


@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_a_camera_is_read_without_the_pixels(orientation: int) -> None:
    exif = Image.Exif()
    exif[274] = orientation
    exif.get_ifd(34665)[41989] = 36
    data = hostile.encoded(hostile.pixels(0, (200, 300)), exif=exif)
    for settings in (PLAIN, DecodeSettings(upright=False)):
        decoded, camera = decode(data, settings), read_camera(data, settings)
        assert camera.size == decoded.image.shape[1::-1]
        assert camera.intrinsics is not None
        assert camera.intrinsics[0, 0] == decoded.focal
    with pytest.raises(Rejected, match="not a picture"):
        read_camera(b"text", PLAIN)


def test_wrong_bounds_are_named() -> None:
    with pytest.raises(ValueError, match="min_side: 100 is more than max_side=50"):
        DecodeSettings(min_side=100, max_side=50)
