"""A picture on its side is turned with everything that belongs to it."""

import numpy as np
import pytest

from spatialvlm_jax.generation.experts.base import MetricDepth, Perception, Photo, Region
from spatialvlm_jax.generation.lifting.lift import back_project
from spatialvlm_jax.generation.lifting.upright import quarter_turns, turned

INTRINSICS = np.array([[50.0, 0, 11.0], [0, 60.0, 9.0], [0, 0, 1]])


def perception() -> Perception:
    mask = np.zeros((20, 30), np.bool_)
    mask[2:6, 20:29] = True
    depth = 1 + np.arange(600, dtype=np.float32).reshape(20, 30) / 100
    image = np.arange(1800, dtype=np.uint32).astype(np.uint8).reshape(20, 30, 3)
    photo = Photo("a", image, INTRINSICS, up=np.array([-1.0, 0, 0]), encoded=b"file")
    region = Region(np.array([20, 2, 29, 6], np.float32), "box", mask=mask)
    return Perception(photo, (region,), MetricDepth(depth, INTRINSICS), ground=mask)


@pytest.mark.parametrize(
    ("up", "turns"),
    [
        ([0, -1, 0], 0),
        ([0.5, -0.8, 0.2], 0),
        ([-1, 0, 0], 3),
        ([1, 0, 0], 1),
        ([0, 1, 0], 2),
        ([-0.3, 0.1, -0.95], 0),
    ],
)
def test_turns_bring_up_to_the_top(up: list[float], turns: int) -> None:
    assert quarter_turns(np.array(up)) == turns
    assert quarter_turns(None) == 0


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_everything_turns_together(quarters: int) -> None:
    before, after = perception(), turned(perception(), quarters)
    np.testing.assert_array_equal(after.photo.image, np.rot90(before.photo.image, quarters))
    assert after.photo.encoded is None
    (region,) = after.regions
    rows, columns = np.nonzero(region.mask)
    box = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    np.testing.assert_array_equal(region.box, box)
    np.testing.assert_array_equal(after.ground, region.mask)
    # The same points of space, seen from a camera that is turned.
    quarter = np.array([[0.0, 1, 0], [-1, 0, 0], [0, 0, 1]])
    turn = np.linalg.matrix_power(quarter, quarters)
    np.testing.assert_allclose(after.photo.up, turn @ before.photo.up)
    mask, depth = before.regions[0].mask, before.depth
    at = np.nonzero(mask)
    points = back_project(depth.depth[mask], at[0], at[1], depth.intrinsics) @ turn.T
    found = back_project(after.depth.depth[region.mask], rows, columns, after.depth.intrinsics)
    order, other = np.argsort(points[:, 2]), np.argsort(found[:, 2])
    np.testing.assert_allclose(points[order], found[other], atol=1e-6)
