import itertools
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from spatialvlm_jax.generation.card.drawing import (
    DARK,
    LIGHT,
    letter,
    name_letters,
    picture,
    plan,
    role,
)
from spatialvlm_jax.pages.placement import Rectangle
from spatialvlm_jax.scene.records import Object3D, Scene
from tests.generation.pictures import picture as draw
from tests.pages.test_template import contrast


def badges(drawing):
    """Where the lettered squares are, with their edges, and the frame of the drawing."""
    root = ET.fromstring(drawing)
    found = []
    for rect in root.iter("rect"):
        if rect.get("class") == "badge":
            x, y, w, h, line = (
                float(rect.attrib[name]) for name in ("x", "y", "width", "height", "stroke-width")
            )
            found.append(Rectangle(x - line / 2, y - line / 2, x + w + line / 2, y + h + line / 2))
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    return found, Rectangle(0, 0, width, height)


def crowd(width, height, count):
    """Objects that lie over each other at a corner of the picture."""
    thing = Object3D(
        "thing",
        "thing",
        np.array([width - 8, 0, width, 6], np.float32),
        np.array([0.4, 0.0, 2.0]),
        np.eye(3),
        np.full(3, 0.2),
    )
    image = np.zeros((height, width, 3), np.uint8)
    intrinsics = np.array([[60.0, 0, width / 2], [0, 60.0, height / 2], [0, 0, 1]])
    return Scene("crowd", image, intrinsics, (thing,) * count)


@pytest.mark.parametrize("size", [(64, 64), (248, 75), (40, 120)])
@pytest.mark.parametrize("drawn", [picture, plan])
def test_labels_stay_inside_and_apart_however_crowded(size, drawn):
    width, height = size
    found, frame = badges(drawn(crowd(width, height, 4), (0, 1, 2, 3)))
    assert len(found) == 4
    slack = 0.02  # as written, with two decimals
    for place in found:
        assert frame.x0 - slack <= place.x0 <= place.x1 <= frame.x1 + slack
        assert frame.y0 - slack <= place.y0 <= place.y1 <= frame.y1 + slack
    smaller = [Rectangle(p.x0 + slack, p.y0 + slack, p.x1 - slack, p.y1 - slack) for p in found]
    assert not any(a.overlaps(b) for a, b in itertools.combinations(smaller, 2))


def test_outlines_stand_out_from_any_colour():
    # Where the lines are 9 to 1, one of them has 3 to 1 to whatever is behind.
    assert all(contrast(DARK, colour) >= 9 for colour in LIGHT)
    strokes = re.findall(
        r'class="box"[^>]*stroke="(#\w+)" stroke-width="([\d.]+)"', picture(draw(0), (0, 1))
    )
    colours, widths = zip(*strokes, strict=True)
    assert colours == (DARK, DARK, *LIGHT[:2])
    assert float(widths[0]) > 2 * float(widths[2])


def test_objects_are_lettered_in_the_order_of_the_question():
    scene = draw(0)
    assert name_letters(scene, (1, 0)) == [("A", "a", "blue chair"), ("B", "b", "red mug")]
    assert [letter(i) for i in (0, 25, 26)] == ["A", "Z", "27"]
    assert [role(i) for i in (0, 3, 4)] == ["a", "d", "a"]
    for drawing in (picture(scene, (1, 0)), plan(scene, (1, 0))):
        texts = [each.text for each in ET.fromstring(drawing).iter("text")]
        assert texts[-2:] == ["A", "B"]


def test_small_pictures_keep_their_pixels():
    assert 'class="pixelated"' in picture(draw(0), ())
    assert 'class="pixelated"' not in picture(crowd(400, 300, 0), ())
