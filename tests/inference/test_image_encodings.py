"""Encodings are made once, the least recently used go, and other cameras make other pictures."""

import jax.numpy as jnp
import numpy as np

from spatialvlm_jax.batch import CameraInput
from spatialvlm_jax.inference.image_encodings import ImageEncodings, picture_key
from spatialvlm_jax.inference.picture import open_picture

UNTOLD = CameraInput(rays=None, words=None)


class Encoder:
    """Encodes each key as what it is called, in 40 bytes; `made` are those that it did."""

    def __init__(self) -> None:
        self.made: list[str] = []

    def ask(self, kept: ImageEncodings, *keys: str) -> list[str]:
        def encode(places):
            self.made += [keys[place] for place in places]
            return [jnp.full(10, ord(keys[place]), jnp.float32) for place in places]

        return [chr(int(each[0])) for each in kept.of(keys, encode)]


def test_what_was_encoded_is_not_encoded_again() -> None:
    kept, encoder = ImageEncodings(1_000), Encoder()
    assert encoder.ask(kept, "a", "b", "a") == ["a", "b", "a"]
    assert sorted(encoder.made) == ["a", "b"]
    assert encoder.ask(kept, "b", "c", "a") == ["b", "c", "a"]
    assert encoder.made[2:] == ["c"]


def test_the_least_recently_used_go_first() -> None:
    kept, encoder = ImageEncodings(119), Encoder()  # two of them fit
    for key in "ababcac":
        assert encoder.ask(kept, key) == [key]
    assert encoder.made == ["a", "b", "c", "a"]
    assert encoder.ask(kept, "b") == ["b"]
    assert encoder.made[-1] == "b"


def test_more_than_there_is_room_for_is_encoded_all_the_same() -> None:
    for room in (0, 39, 80):
        kept, encoder = ImageEncodings(room), Encoder()
        assert encoder.ask(kept, *"abcd") == list("abcd")
        assert encoder.ask(kept, *"abcd") == list("abcd")
        assert len(encoder.made) == (6 if room == 80 else 8)


def test_a_key_tells_pictures_cameras_and_places_apart() -> None:
    image = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    same, other = open_picture(image.copy()), open_picture(image[::-1].copy())
    wide = open_picture(image.reshape(2, 8, 3))
    told = CameraInput(rays=np.ones((4, 2), np.float32), words=None)
    keys = {
        picture_key(open_picture(image), UNTOLD, None),
        picture_key(other, UNTOLD, None),
        picture_key(wide, UNTOLD, None),
        picture_key(same, told, None),
        picture_key(same, CameraInput(rays=told.rays * 2, words=None), None),
    }
    assert len(keys) == 5
    assert picture_key(same, UNTOLD, None) in keys
    # Words about a camera stand behind the picture and do not change its encoding.
    words = CameraInput(rays=None, words=np.ones(3, np.int32))
    assert picture_key(same, words, None) in keys
