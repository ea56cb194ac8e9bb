import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from spatialvlm_jax.generation.sources.boxes import (
    BoxError,
    box_truncation,
    common_up,
    corners_of,
    image_box,
    oriented_box,
    visible_shares,
)

INTRINSICS = np.array([[100.0, 0, 50], [0, 100, 40], [0, 0, 1]])


def annotation(turn: np.ndarray, center: np.ndarray, sizes: np.ndarray) -> dict:
    """An Omni3D box; sizes are (length, height, width), along the columns of the rotation."""
    signs = np.array(list(itertools.product((-0.5, 0.5), repeat=3)))
    return {
        "bbox3D_cam": (center + (signs * sizes) @ turn.T).tolist(),
        "center_cam": center.tolist(),
        "dimensions": [sizes[2], sizes[1], sizes[0]],
        "R_cam": turn.tolist(),
    }


def vertices(box: tuple[np.ndarray, np.ndarray, np.ndarray]) -> np.ndarray:
    rows = corners_of(*box)
    return rows[np.lexsort(np.round(rows, 6).T)]


sizes = st.tuples(*[st.floats(0.1, 3.0)] * 3).map(np.array)
turns = st.tuples(st.floats(-3, 3), st.floats(-0.9, 0.9), st.floats(-0.6, 0.6)).map(
    lambda angles: Rotation.from_euler("yxz", angles).as_matrix()
)


@settings(max_examples=40, deadline=None)
@given(turns, sizes, st.permutations(range(8)), st.booleans(), st.booleans())
def test_a_box_is_found_from_corners_in_any_order(turn, sizes, order, mirrored, unturned) -> None:
    center = np.array([0.3, -0.2, 4.0])
    stated = annotation(turn, center, sizes)
    expected = vertices(oriented_box(stated))
    stated["bbox3D_cam"] = [stated["bbox3D_cam"][place] for place in order]
    if mirrored:
        stated["R_cam"] = (turn * [1, 1, -1]).tolist()
    if unturned:
        del stated["R_cam"], stated["dimensions"]
    box = oriented_box(stated)
    np.testing.assert_allclose(vertices(box), expected, atol=1e-6)
    np.testing.assert_allclose(box[1].T @ box[1], np.eye(3), atol=1e-6)
    assert np.linalg.det(box[1]) == pytest.approx(1)


def test_extents_are_length_width_and_height_with_up_as_the_third_axis() -> None:
    turn = Rotation.from_euler("y", 0.4).as_matrix()
    sizes = np.array([4.0, 1.5, 1.8])
    for stated in (annotation(turn, np.zeros(3), sizes), annotation(-turn, np.zeros(3), sizes)):
        _, rotation, extents = oriented_box(stated)
        np.testing.assert_allclose(extents, [4.0, 1.8, 1.5])
        np.testing.assert_allclose(rotation[:, 2], [0, -1, 0], atol=1e-12)


def test_without_corners_center_dimensions_and_rotation_make_the_box() -> None:
    stated = annotation(np.eye(3), np.array([0, 0, 5.0]), np.array([1.0, 2.0, 3.0]))
    expected = vertices(oriented_box(stated))
    stated["bbox3D_cam"] = [[-1.0] * 3] * 8
    np.testing.assert_allclose(vertices(oriented_box(stated)), expected)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"bbox3D_cam": None, "R_cam": None}, "no corners"),
        ({"bbox3D_cam": [[0, 0, 1]] * 8, "R_cam": None}, "corners are the same"),
        ({"bbox3D_cam": np.random.default_rng(0).random((8, 3)).tolist()}, "not those of a box"),
        ({"bbox3D_cam": -1, "dimensions": [0, 1, 1]}, "sizes"),
        ({"bbox3D_cam": "what", "center_cam": [float("nan")] * 3}, "no corners"),
    ],
)
def test_what_is_no_box_is_said_to_be_none(changes: dict, message: str) -> None:
    with pytest.raises(BoxError, match=message):
        oriented_box(annotation(np.eye(3), np.zeros(3), np.ones(3)) | changes)


def test_the_tight_box_goes_before_projected_ones_and_ends_at_the_picture() -> None:
    boxes = {"bbox2D_tight": [-5, 2, 30, 90], "bbox2D_proj": [0, 0, 9, 9]}
    np.testing.assert_array_equal(image_box(boxes, (100, 80)), [0, 2, 30, 80])
    projected = {**boxes, "bbox2D_tight": [-1] * 4}
    np.testing.assert_array_equal(image_box(projected, (100, 80)), [0, 0, 9, 9])
    assert image_box({"bbox2D_tight": [200, 0, 300, 50]}, (100, 80)) is None
    assert image_box({}, (100, 80)) is None


def test_truncation_is_computed_where_it_is_not_stated() -> None:
    corners = corners_of(np.array([0.0, 0, 5.5]), np.eye(3), np.array([1.0, 1.0, 1.0]))
    assert box_truncation({"truncation": 0.25}, corners, INTRINSICS, (100, 80)) == 0.25
    assert box_truncation({"truncation": -1}, corners, INTRINSICS, (100, 80)) == 0
    # Projected: 40 to 60 and 30 to 50 pixels; half of it is left of column 50.
    assert box_truncation({}, corners, INTRINSICS, (50, 80)) == pytest.approx(0.5)
    assert box_truncation({}, corners - [0, 0, 5.5], INTRINSICS, (100, 80)) == 1


def test_boxes_of_nearer_objects_cover_those_behind() -> None:
    boxes = np.array([[0.0, 0, 10, 10], [5, 0, 15, 10], [40, 0, 50, 10]])
    shares = visible_shares(boxes, np.array([1.0, 2.0, 3.0]))
    np.testing.assert_allclose(shares, [1, 0.5, 1], atol=0.03)


def test_up_is_what_most_boxes_agree_on() -> None:
    up = np.array([0.0, -1.0, 0.0])
    tilted = np.array([0.0, -0.6, 0.8])
    options = {"votes": 2, "max_angle": 0.1}
    np.testing.assert_allclose(common_up(np.stack([up] * 4 + [tilted]), **options), up)
    assert common_up(np.stack([up] * 2 + [tilted] * 2), **options) is None
    assert common_up(up[None], **options) is None
    assert common_up(np.zeros((0, 3)), **options) is None
