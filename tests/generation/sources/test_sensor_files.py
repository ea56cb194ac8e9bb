import json
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.generation.outcomes import Rejected
from spatialvlm_jax.generation.sources.sensor_files import (
    read_depth,
    read_integers,
    read_intrinsics,
    read_labels,
    read_up,
)

CAMERA = np.array([[500.0, 0, 320], [0, 510, 240], [0, 0, 1]])


def depth(path: Path, **options) -> np.ndarray:
    defaults = {"scale": 1000.0, "encoding": "plain", "max_depth": 10.0, "max_pixels": 10**6}
    return read_depth(path, **(defaults | options))


def test_integers_are_scaled_and_floats_are_metres(tmp_path: Path) -> None:
    values = np.array([[0, 1500], [65535, 4000]], np.uint16)
    Image.fromarray(values).save(tmp_path / "a.png")
    np.testing.assert_allclose(depth(tmp_path / "a.png"), [[0, 1.5], [0, 4.0]])
    np.testing.assert_allclose(depth(tmp_path / "a.png", scale=5000.0)[0], [0, 0.3])
    np.save(tmp_path / "a.npy", values[None])
    np.testing.assert_allclose(depth(tmp_path / "a.npy"), [[0, 1.5], [0, 4.0]])
    np.save(tmp_path / "b.npy", np.array([[np.nan, 1.5], [np.inf, -1]], np.float32))
    np.testing.assert_allclose(depth(tmp_path / "b.npy"), [[0, 1.5], [0, 0]])
    assert depth(tmp_path / "b.npy").dtype == np.float32


def test_turned_bits_are_turned_back(tmp_path: Path) -> None:
    millimetres = np.array([[8191, 12, 2500]], np.uint16)
    Image.fromarray((millimetres << 3) | (millimetres >> 13)).save(tmp_path / "a.png")
    found = depth(tmp_path / "a.png", encoding="sunrgbd")
    np.testing.assert_allclose(found, millimetres / 1000.0, rtol=1e-6)


def test_depth_that_is_none_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((2, 3, 4)))
    np.save(tmp_path / "b.npy", np.zeros((2, 3)))
    (tmp_path / "c.npy").write_bytes(b"no array")
    (tmp_path / "d.png").write_bytes(b"no picture")
    for name, message in (("a", "shape"), ("c", "is no array")):
        with pytest.raises(Rejected, match=message):
            depth(tmp_path / f"{name}.npy")
    with pytest.raises(Rejected, match="not a depth picture"):
        depth(tmp_path / "b.npy", max_pixels=5)
    with pytest.raises(Rejected, match="damaged"):
        depth(tmp_path / "d.png")
    # Colours of a scale from near to far, as demonstrations of depth models save them.
    Image.new("RGB", (3, 2), (200, 30, 0)).save(tmp_path / "e.png")
    with pytest.raises(Rejected, match="colours of depth, which are no lengths: a picture to look"):
        depth(tmp_path / "e.png")


def test_missing_exr_support_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "OpenEXR", None)
    (tmp_path / "a.exr").touch()
    with pytest.raises(UserError, match="make setup"):
        depth(tmp_path / "a.exr")


def test_instance_ids_are_read_as_they_are(tmp_path: Path) -> None:
    ids = np.array([[0, 7], [200, 3]], np.uint8)
    palette = Image.fromarray(ids, "L").convert("P")
    palette.putdata(ids.ravel().tolist())
    palette.save(tmp_path / "p.png")
    np.testing.assert_array_equal(read_integers(tmp_path / "p.png", 99), ids)
    colors = np.zeros((2, 2, 3), np.uint8)
    colors[0, 0] = (1, 2, 3)
    Image.fromarray(colors).save(tmp_path / "c.png")
    assert read_integers(tmp_path / "c.png", 99)[0, 0] == 1 + 2 * 256 + 3 * 65536
    with pytest.raises(Rejected, match="more than 3 pixels"):
        read_integers(tmp_path / "c.png", 3)


@pytest.mark.parametrize(
    ("text", "suffix"),
    [
        ('{"1": "Night_Stand", "12": "bed"}', ".json"),
        ('{"1": {"label": "night stand"}, "12": {"name": "bed"}}', ".json"),
        ('[{"id": 1, "label": "night stand"}, {"id": 12, "category": "bed"}]', ".json"),
        (
            '{"segGroups": [{"objectId": 0, "label": "night stand"}, '
            '{"objectId": 11, "label": "bed"}]}',
            ".json",
        ),
        ("id,label\n1,night stand\n12,bed\n", ".csv"),
    ],
)
def test_labels_come_in_several_forms(text: str, suffix: str) -> None:
    assert read_labels(text, suffix) == {1: "night stand", 12: "bed"}


def test_labels_of_other_forms_are_refused() -> None:
    for text in ('{"1": {"colour": "red"}}', "[1, 2]", '[{"label": "bed"}]', "{"):
        with pytest.raises(ValueError, match=r"labels are|Expecting"):
            read_labels(text, ".json")


@pytest.mark.parametrize(
    "text",
    [
        '{"fx": 500, "fy": 510, "cx": 320, "cy": 240}',
        json.dumps({"K": CAMERA.tolist()}),
        json.dumps(CAMERA.tolist()),
        json.dumps({"other": None, "a": {"intrinsics": CAMERA.ravel().tolist()}}),
        "500 510 320 240",
        "500.0 0 3.2e2\n0 510 240\n0 0 1\n",
        "500 0 320 0\n0 510 240 0\n0 0 1 0\n0 0 0 1",
    ],
)
def test_intrinsics_come_in_several_forms(text: str) -> None:
    matrix, size = read_intrinsics(text, "a")
    np.testing.assert_allclose(matrix, CAMERA)
    assert size is None


@pytest.mark.parametrize(
    "text",
    [
        "640 480 500 510 320 240",
        '{"fx": 500, "fy": 510, "cx": 320, "cy": 240, "width": 640, "height": 480}',
        json.dumps({"K": CAMERA.tolist(), "width": 640, "height": 480}),
    ],
)
def test_intrinsics_may_tell_of_which_size_they_are(text: str) -> None:
    matrix, size = read_intrinsics(text, "a")
    np.testing.assert_allclose(matrix, CAMERA)
    assert size == (640, 480)


def test_a_null_label_is_no_object() -> None:
    rows = '{"1": "bed", "2": null, "3": "", "4": {"label": null}}'
    assert read_labels(rows, ".json") == {1: "bed", 2: "", 3: "", 4: ""}
    assert read_labels("id,label\n1,bed\n2,\n3,null\n", ".csv") == {1: "bed", 2: "", 3: ""}


def test_one_instance_has_one_name() -> None:
    assert read_labels("id,label\n1,bed\n1,Bed\n", ".csv") == {1: "bed"}
    with pytest.raises(ValueError, match="labels call 1 both 'bed' and 'lamp'"):
        read_labels("id,label\n1,bed\n1,lamp\n", ".csv")


def test_a_number_is_no_name() -> None:
    assert read_labels('{"1": 17, "2": "17", "3": "box 17", "4": "床"}', ".json") == {
        1: "",
        2: "",
        3: "box 17",
        4: "床",
    }


@pytest.mark.parametrize("text", ['{"up": 1}', '{"up": [0, 1]}', '{"gravity": [0, 0, 0]}'])
def test_what_is_no_direction_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a direction is three numbers"):
        read_up(text, "z")


def test_a_byte_order_mark_is_no_part_of_labels() -> None:
    assert read_labels("\ufeffid,label\n1,bed\n", ".csv") == {1: "bed"}
    assert read_labels('\ufeff{"1": "bed"}', ".json") == {1: "bed"}


def test_eight_bits_are_no_depth(tmp_path: Path) -> None:
    Image.fromarray(np.full((4, 4), 40, np.uint8)).save(tmp_path / "a.png")
    np.save(tmp_path / "b.npy", np.full((4, 4), 40, np.uint8))
    for name in ("a.png", "b.npy"):
        with pytest.raises(Rejected, match="has 8 bits of depth"):
            read_depth(tmp_path / name, scale=1000, encoding="plain", max_depth=20, max_pixels=100)


@pytest.mark.parametrize("text", ["", "1 2 3", '{"b": [1]}', "0 510 320 240", "500 inf 320 240"])
def test_intrinsics_of_other_forms_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="intrinsics"):
        read_intrinsics(text, "a")


def test_up_is_stated_or_follows_from_a_pose() -> None:
    np.testing.assert_allclose(read_up('{"up": [0, -2, 0]}', "z"), [0, -1, 0])
    np.testing.assert_allclose(read_up('{"gravity": [0, 9.8, 0]}', "z"), [0, -1, 0])
    # A camera that looks along the world's y: its x is x, its y is -z, its z is y.
    pose = np.eye(4)
    pose[:3, :3] = [[1, 0, 0], [0, 0, 1], [0, -1, 0]]
    text = "\n".join(" ".join(map(str, row)) for row in pose)
    np.testing.assert_allclose(read_up(text, "z"), [0, -1, 0])
    np.testing.assert_allclose(read_up(text, "-y"), [0, 0, -1])
    # The world itself lies on its side: aligned, its y becomes z.
    align = np.eye(4)
    align[:3, :3] = [[1, 0, 0], [0, 0, -1], [0, 1, 0]]
    both = json.dumps({"pose": pose.tolist(), "axis_alignment": align.tolist()})
    np.testing.assert_allclose(read_up(both, "z"), [0, 0, 1])
    assert read_up(" ".join(["-inf"] * 16), "z") is None
    for bad in ("1 2 3", '{"down": [0, 1, 0]}'):
        with pytest.raises(ValueError, match="pose"):
            read_up(bad, "z")


def test_exr_is_read_by_the_channel_of_depth(tmp_path: Path) -> None:
    import OpenEXR

    metres = np.array([[0.5, 1.5, 30.0], [np.inf, 2.0, 4.0]], np.float32)
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    for name in ("Z", "Y", "R"):
        channels = {name: metres, "A": np.ones_like(metres)}
        OpenEXR.File(header, channels).write(str(tmp_path / f"{name}.exr"))
        found = depth(tmp_path / f"{name}.exr")
        np.testing.assert_allclose(found, [[0.5, 1.5, 0], [0, 2.0, 4.0]])
    OpenEXR.File(header, {"mask": metres}).write(str(tmp_path / "none.exr"))
    with pytest.raises(Rejected, match="none of depth"):
        depth(tmp_path / "none.exr")
    (tmp_path / "bad.exr").write_bytes(b"no picture")
    with pytest.raises(Rejected, match="is no EXR picture"):
        depth(tmp_path / "bad.exr")


def test_an_exr_header_that_promises_too_much_is_refused_before_pixels_are_read(
    tmp_path: Path,
) -> None:
    import OpenEXR

    path = tmp_path / "a.exr"
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    OpenEXR.File(header, {"Z": np.ones((4, 4), np.float32)}).write(str(path))
    data = path.read_bytes()
    # The attribute's name, type and length, then the corners of the window: x0, y0, x1, y1.
    place = data.index(b"dataWindow\0box2i\0") + len(b"dataWindow\0box2i\0") + 4
    assert struct.unpack_from("<4i", data, place) == (0, 0, 3, 3)
    for corner in ((200_000, 200_000), (2**31 - 2, 2**31 - 2)):
        promised = struct.pack("<4i", 0, 0, *corner)
        path.write_bytes(data[:place] + promised + data[place + 16 :])
        with pytest.raises(Rejected, match=r"a\.exr (has more than|is no EXR picture)"):
            depth(path)
