"""Windows of pictures: what is cut, and where the camera then looks."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.inference.picture import Picture
from spatialvlm_jax.rewards.crop import WHOLE_FRAME, Crop
from spatialvlm_jax.scene.camera import KnownCamera
from spatialvlm_jax.scene.intrinsics import pinhole

IMAGE = np.arange(20 * 40 * 3, dtype=np.uint32).astype(np.uint8).reshape(20, 40, 3)


def test_a_window_is_cut_and_the_camera_looks_off_its_middle() -> None:
    camera = KnownCamera((40, 20), pinhole(40, 20, 30.0), np.array([0.0, -1.0, 0.0]), 1.5)
    cut = Crop.parse("0.5,0.1,1,0.9").of(Picture(IMAGE, camera, ("a note",), "ab"))
    np.testing.assert_array_equal(cut.image, IMAGE[2:18, 20:40])
    assert cut.camera.size == (20, 16)
    assert cut.camera.intrinsics is not None
    np.testing.assert_array_equal(cut.camera.intrinsics, [[30, 0, 0], [0, 30, 8], [0, 0, 1]])
    assert cut.camera.up is camera.up
    assert (cut.camera.height, cut.notes, cut.sha256) == (1.5, ("a note",), "ab")


def test_a_camera_of_which_nothing_is_known_stays_so() -> None:
    cut = Crop(0.0, 0.0, 0.5, 0.5).of(Picture(IMAGE, KnownCamera((40, 20))))
    assert (cut.image.shape, cut.camera.size) == ((10, 20, 3), (20, 10))
    assert cut.camera.intrinsics is None


def test_the_whole_frame_is_the_picture_itself() -> None:
    picture = Picture(IMAGE, KnownCamera((40, 20)))
    assert Crop.parse(" 0, 0,1.0,1 ").of(picture) is picture
    assert str(WHOLE_FRAME) == "0,0,1,1"


@given(st.lists(st.integers(0, 100), min_size=4, max_size=4))
def test_what_is_written_is_read_as_the_same(parts: list[int]) -> None:
    left, right = sorted(parts[:2])
    top, bottom = sorted(parts[2:])
    assume(left < right and top < bottom)
    crop = Crop(left / 100, top / 100, right / 100, bottom / 100)
    assert Crop.parse(str(crop)) == crop
    height, width = crop.cut(np.zeros((50, 200, 3), np.uint8)).shape[:2]
    assert width == 2 * (right - left)
    assert abs(height - (bottom - top) / 2) <= 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "1 numbers; say LEFT,TOP,RIGHT,BOTTOM as shares"),
        ("0,0,1", "3 numbers; say LEFT"),
        ("0,0,1,1,1", "5 numbers; say LEFT"),
        ("a,0,1,1", "'a' is not a number; say LEFT"),
        ("0,0,640,480", "640.0 is more than 1; say LEFT,TOP,RIGHT,BOTTOM as shares of the frame"),
        ("-0.1,0,1,1", "-0.1 is less than 0; say LEFT"),
        ("nan,0,1,1", "'nan' is not a number; say LEFT"),
        ("0.6,0,0.5,1", "encloses nothing"),
        ("0,0.5,1,0.5", "encloses nothing"),
    ],
)
def test_what_is_no_window_is_told(text: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        Crop.parse(text)


def test_too_few_pixels_are_told() -> None:
    picture = Picture(IMAGE, KnownCamera((40, 20)))
    with pytest.raises(UserError, match="leaves 40 x 7 pixels of a frame: take a larger part"):
        Crop.parse("0,0,1,0.35").of(picture)
