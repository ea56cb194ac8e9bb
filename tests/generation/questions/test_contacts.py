import numpy as np
import pytest

from spatialvlm_jax.generation.questions import contacts
from tests.generation.scenes import TILTS, geometry, make_scene, thing


def on_table(**fields) -> list:
    """A mug on a table, a book on the floor beside it, a lamp high above, all by their boxes."""
    return [
        thing("brown table", (0, 4, 0.4), (1.2, 0.8, 0.8), **fields),
        thing("red mug", (0.3, 4, 0.85), (0.1, 0.1, 0.1), **fields),
        thing("blue book", (1.2, 4, 0.05), (0.3, 0.2, 0.1), **fields),
        thing("white lamp", (0, 4, 1.8), (0.4, 0.4, 0.4), **fields),
    ]


@pytest.mark.parametrize(("pitch", "roll"), TILTS)
def test_on_by_the_boxes(pitch: float, roll: float) -> None:
    scene = geometry(*on_table(provenance="annotated"), pitch=pitch, roll=roll)
    assert contacts.on_top_of(scene, 1, 0) == "on"
    for i, j in ((0, 1), (2, 0), (0, 2), (3, 0), (0, 3), (3, 1), (1, 2)):
        assert contacts.on_top_of(scene, i, j) == "off", (i, j)


def test_on_by_the_boxes_is_not_said_of_uncertain_places() -> None:
    sure = geometry(*on_table(provenance="estimated", std=0.003, extents_std=0.003))
    assert contacts.on_top_of(sure, 1, 0) == "on"
    unsure = geometry(*on_table(provenance="estimated", std=0.15))
    assert contacts.on_top_of(unsure, 1, 0) is None
    assert contacts.on_top_of(unsure, 2, 0) is None


def test_a_seat_below_the_top_of_the_chair_is_not_judged_by_boxes() -> None:
    chair = thing("black chair", (0, 4, 0.45), (0.5, 0.5, 0.9), provenance="annotated")
    cat = thing("white cat", (0, 4, 0.6), (0.3, 0.3, 0.3), provenance="annotated")
    assert contacts.on_top_of(geometry(chair, cat), 1, 0) is None


def test_on_as_it_is_told() -> None:
    stack = [
        on_table()[0],
        thing("red mug", (9, 9, 9), support=2),
        thing("blue book", (3, 3, 3), support=0),
        thing("black box", (0.3, 4, 0.85)),
    ]
    scene = geometry(*stack)
    assert contacts.on_top_of(scene, 1, 2) == "on"
    assert contacts.on_top_of(scene, 2, 0) == "on"
    assert contacts.on_top_of(scene, 1, 0) is None
    assert contacts.on_top_of(scene, 3, 0) == "off"
    assert contacts.on_top_of(scene, 0, 2) == "off"
    assert contacts.touching(scene, 2, 1) == "touching"


def test_touching_and_apart() -> None:
    scene = geometry(
        thing("red box", (0, 4, 0), (1, 1, 1)),
        thing("blue box", (1, 4, 0), (1, 1, 1)),
        thing("green box", (2.06, 4, 0), (1, 1, 1)),
        thing("white box", (3.7, 4, 0), (1, 1, 1)),
    )
    assert contacts.touching(scene, 0, 1) == "touching"
    assert contacts.touching(scene, 2, 1) is None
    assert contacts.touching(scene, 3, 2) == "apart"


def test_seen_points_apart_do_not_make_objects_apart() -> None:
    """Two boxes in a row touch; of each only the side towards the camera is seen."""
    side = np.stack(np.meshgrid([-0.2, 0.2], [-0.2, 0.2]), -1).reshape(-1, 2)

    def seen(caption: str, distance: float):
        points = np.array([(x, distance - 0.2, z) for x, z in side])
        box = thing(caption, (0, distance, 0), (0.4, 0.4, 0.4))
        scene = make_scene(box)
        turn = scene.canonical_from_camera().T
        return box, (points @ turn.T).astype(np.float32)

    objects = []
    for caption, distance in (("red box", 4.0), ("blue box", 4.4), ("green box", 6.0)):
        box, points = seen(caption, distance)
        objects.append(thing(caption, box.center, box.extents, points=points))
    scene = geometry(*objects)
    assert scene.surface_distance[0, 1] == pytest.approx(0.4, abs=1e-6)
    assert contacts.touching(scene, 0, 1) is None
    assert contacts.touching(scene, 1, 2) == "apart"
