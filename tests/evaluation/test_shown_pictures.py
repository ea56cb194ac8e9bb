import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from spatialvlm_jax.evaluation import shown_pictures
from spatialvlm_jax.evaluation.shown_pictures import (
    SMALL_PICTURES,
    ShownPictures,
    read_small_pictures,
    write_small_pictures,
)
from spatialvlm_jax.foreign_files.errors import FileError

WIDE = np.full((40, 400, 3), 200, np.uint8)


def test_first_pictures_are_whole_and_more_are_small(monkeypatch):
    monkeypatch.setattr(shown_pictures, "MOST_WHOLE", 1)
    monkeypatch.setattr(shown_pictures, "MOST_SMALL", 2)
    shown = ShownPictures()
    for name in ("a", "a", "b", "c"):
        assert shown.wants(name) == (name not in (*shown.small, "c"))
        shown.add(name, WIDE)
    assert list(shown.whole) == ["a"]
    assert list(shown.small) == ["a", "b"]
    assert not shown.has_room
    data = base64.b64decode(shown.small["b"].removeprefix("data:image/jpeg;base64,"))
    assert Image.open(io.BytesIO(data)).size == (160, 16)


def test_they_are_read_again_from_the_first_folder_that_has_them(tmp_path):
    one, two = ShownPictures(), ShownPictures()
    one.add("a", WIDE)
    for name in ("a", "b", "c"):
        two.add(name, WIDE // 2)
    for name, shown in (("one", one), ("two", two)):
        write_small_pictures(tmp_path / name, shown.small)
    folders = [tmp_path / name for name in ("none", "one", "two")]
    found = read_small_pictures(folders, {"a", "b", "d"})
    assert found == {"a": one.small["a"], "b": two.small["b"]}
    write_small_pictures(tmp_path / "two", {})
    assert set(read_small_pictures(folders, {"a", "b", "d"})) == {"a"}


@pytest.mark.parametrize(
    "row",
    [
        [],
        {"image_id": "a"},
        {"image_id": 1, "picture": "data:image/jpeg;base64,AAAA"},
        {"image_id": "a", "picture": "https://example.org/a.jpg"},
        {"image_id": "a", "picture": 'data:image/jpeg;base64,AAAA" onerror="alert(1)'},
        {"image_id": "a", "picture": "data:image/svg+xml;base64,AAAA"},
        {"image_id": "a", "picture": "data:image/jpeg;base64," + "A" * 2**17},
    ],
)
def test_what_is_no_picture_is_refused_with_its_line(tmp_path, row):
    good = {"image_id": "b", "picture": "data:image/jpeg;base64,AAAA"}
    path = tmp_path / SMALL_PICTURES
    path.write_text(f"{json.dumps(good)}\n{json.dumps(row)}\n")
    with pytest.raises(FileError, match="line 2 is no picture: evaluate the run again, or remove"):
        read_small_pictures([tmp_path], {"a", "b"})
    assert set(read_small_pictures([tmp_path], set())) == set()
