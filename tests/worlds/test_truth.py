"""Visibility, truncation and boxes of scenes set up by hand."""

import dataclasses

import numpy as np
import pytest

from spatialvlm_jax.scene.records import Object3D
from spatialvlm_jax.worlds.camera import look_at
from spatialvlm_jax.worlds.config import WorldConfig
from spatialvlm_jax.worlds.items import WorldObject
from spatialvlm_jax.worlds.layout import Layout
from spatialvlm_jax.worlds.pack import pack
from spatialvlm_jax.worlds.parts import box
from spatialvlm_jax.worlds.render import render
from spatialvlm_jax.worlds.truth import objects, truncations

CONFIG = WorldConfig(image_size=80, boxes=4, cylinders=1, ellipsoids=1, chunk=1)


def plate(color: str, x: float, y: float, width: float, height: float, support=None) -> WorldObject:
    parts = (box(0, 0, 0, width, 0.01, height),)
    return WorldObject(
        "box", color, "wood", "square", parts, (), width / 2, 0.005, height, x, y, 0.0, 0.0, support
    )


def shown(*items: WorldObject, roll: float = 0.0) -> tuple[Object3D, ...]:
    """What a camera at (0, -4, 1) with a field of view of a right angle, looking level, records."""
    camera = look_at((0.0, -4.0, 1.0), (0.0, 0.0, 1.0), roll, np.pi / 2)
    grays = ((200, 200, 200), (100, 100, 100))
    room = (-20.0, 20.0, -10.0, 5.0, 9.0)
    layout = Layout("room", items, camera, room, (0.0, 0.6, 0.8), 0.4, 0, grays, (220, 220, 220))
    arrays = pack([layout], CONFIG)
    drawn = render(arrays, CONFIG)
    cut = {index: share for (_, index), share in truncations([layout], arrays).items()}
    return objects(layout, np.asarray(drawn.instance)[0], np.asarray(drawn.covered)[0], cut)


def test_unoccluded_object_is_seen_whole():
    (only,) = shown(plate("red", 0, 0, 1, 2))
    assert (only.visible_fraction, only.truncation) == (1.0, 0.0)
    assert only.caption == "red box"
    # 1 m wide and 2 m high, 4 m away, 40 pixels a unit slope: 10 x 20 pixels about the middle.
    np.testing.assert_array_equal(only.box, [35, 30, 45, 50])
    assert only.mask is not None
    assert only.mask.sum() == 200


def test_half_hidden_plate():
    # At half the distance a plate of half the size covers the right half of the one behind.
    hidden, before = shown(plate("red", 0, 0, 2, 2), plate("blue", 0.25, -2, 0.5, 2))
    assert hidden.visible_fraction == pytest.approx(0.5, abs=0.01)
    assert before.visible_fraction == 1.0


def test_invisible_object_is_left_out_and_supports_follow():
    wall = plate("red", 0, -2, 2, 2)
    hidden = plate("blue", 0, 0, 1, 1)
    far_right = plate("green", 3, 0, 1, 1)
    rider = plate("pink", 3, -0.5, 0.2, 1.2, support=2)
    orphan = plate("gray", -3, -0.5, 0.2, 1.2, support=1)
    seen = shown(wall, hidden, far_right, rider)
    assert [o.caption for o in seen] == ["red box", "green box", "pink box"]
    assert [o.support for o in seen] == [None, None, 1]
    assert shown(wall, hidden, orphan)[1].support is None


def test_truncation_is_the_share_of_the_projection_outside():
    # The image ends at x = 4 m at that distance: a quarter of the plate from 3 to 4 1/3 is out.
    (cut,) = shown(plate("red", 3.0 + 2 / 3, 0, 4 / 3, 2))
    assert cut.truncation == pytest.approx(0.25, abs=0.02)
    assert cut.visible_fraction == 1.0


def test_box_and_parts_are_in_the_camera_frame():
    roll = 0.1
    (seen,) = shown(plate("red", 0.5, 0, 1, 1.5), roll=roll)
    # Level, the middle of the plate is 0.5 m right, 0.25 m below the axis, 4 m ahead. Rolling the
    # camera clockwise turns the picture counter-clockwise.
    c, s = np.cos(roll), np.sin(roll)
    np.testing.assert_allclose(
        seen.center, [c * 0.5 + s * 0.25, c * 0.25 - s * 0.5, 4.0], atol=1e-9
    )
    np.testing.assert_allclose(seen.extents, [1.0, 0.01, 1.5])
    np.testing.assert_allclose(seen.rotation[:, 2], [-s, -c, 0.0], atol=1e-9)
    np.testing.assert_allclose(seen.rotation[:, 1], [0.0, 0.0, 1.0], atol=1e-9)
    assert np.linalg.det(seen.rotation) == pytest.approx(1.0)
    (part,) = seen.parts
    np.testing.assert_allclose(part.center, seen.center)
    np.testing.assert_allclose(part.extents, seen.extents)


@pytest.mark.parametrize(
    ("category", "near", "far"),
    [
        ("desk", True, False),  # wood or metal: by its boards
        ("mug", True, True),  # always ceramic
        ("bucket", False, False),  # plastic or metal: by its shine
        ("chair", False, False),  # wood, plastic or fabric
    ],
)
def test_a_material_shows_by_boards_or_where_there_is_no_other(
    category: str, near: bool, far: bool
) -> None:
    """At 80 pixels and a right angle the focal length is 40: at 2 m a pixel covers 5 cm."""
    for y, shows in ((-2.4, near), (-1.6, far)):
        item = dataclasses.replace(plate("red", 0, y, 1, 1), category=category)
        (only,) = shown(item)
        assert ("material" not in only.unseen) is shows
