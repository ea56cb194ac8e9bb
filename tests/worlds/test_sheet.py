"""Contact sheets, and the verb that writes them."""

import numpy as np
import pytest
from PIL import Image

from spatialvlm_jax.cli import main
from spatialvlm_jax.scene.records import Object3D, Scene
from spatialvlm_jax.worlds.sheet import contact_sheet, depth_colours, instance_colours


def scene(gray: int) -> Scene:
    mask = np.zeros((6, 6), bool)
    mask[1:5, 1:5] = True
    eye = np.eye(3)
    red = Object3D(
        "red box", "box", np.array([1, 1, 5, 5]), eye[0], eye, eye[0], {"color": "red"}, mask
    )
    image = np.full((6, 6, 3), gray, np.uint8)
    return Scene("test", image, eye, (red,), depth=np.full((6, 6), 2.0, np.float32))


def test_tiles_lie_in_rows_with_gaps():
    sheet = contact_sheet([scene(0), scene(10), scene(20)], columns=2, scale=2)
    assert sheet.shape == (2 * 12 + 4, 2 * 12 + 4, 3)
    assert (sheet[:12, :12] == 0).all()
    assert (sheet[:12, 16:] == 10).all()
    assert (sheet[16:, :12] == 20).all()
    assert (sheet[16:, 12:] == 255).all()


def test_views_stand_side_by_side():
    sheet = contact_sheet([scene(0)], columns=3, views=("image", "depth", "instances"))
    assert sheet.shape == (6, 18, 3)


def test_near_is_light_and_far_is_dark():
    colours = depth_colours(np.array([[0.5, 1.0, 8.0]]))
    brightness = colours.astype(int).sum(-1)[0]
    assert brightness[0] > brightness[1] > brightness[2]


def test_objects_are_flat_with_a_dark_edge():
    drawn = instance_colours(scene(100))
    assert (drawn[2:4, 2:4] == [205, 38, 38]).all()
    assert (drawn[1, 1:5] == 30).all()
    assert (drawn[0] > 100).all()


def test_preview_writes_the_sheet(tmp_path):
    out = tmp_path / "new" / "sheet.png"
    command = ["preview", f"--out={out}", "--preset=simple", "--count=3", "--columns=2"]
    assert main([*command, "--image-size=16", "--show=image,depth", "--scale=1"]) == 0
    assert Image.open(out).size == (2 * 32 + 4, 2 * 16 + 4)


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("--preset=fancy", "the presets are: clear, gallery, holding, manipulation, rich, simple"),
        ("--show=heat", "--show knows image, depth, instances, not 'heat'"),
        ("--out=sheet.jpg", "--out must name a .png file"),
        ("--count=0", "--count: 0 is less than 1"),
        ("--image-size=0", "image_size: 0 is less than 1"),
        ("--scale=1000", "24 scenes of 64000 pixels a side are too much for a sheet"),
    ],
)
def test_preview_explains_mistakes(argument, message, capsys):
    assert main(["preview", argument]) == 2
    assert message in capsys.readouterr().err
