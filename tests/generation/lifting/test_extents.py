import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spatialvlm_jax.generation.lifting.extents import (
    footprint_yaw,
    robust_span,
    round_footprint,
    upright_box,
)

QUARTER = np.pi / 2
AHEAD = np.array([0.0, 4.0])


def turned(points: np.ndarray, yaw: float) -> np.ndarray:
    c, s = np.cos(yaw), np.sin(yaw)
    return points @ np.array([[c, s], [-s, c]])


def apart(first: float, second: float) -> float:
    """Difference of two directions of a rectangle, which repeat after a quarter turn."""
    gap = abs(first - second) % QUARTER
    return min(gap, QUARTER - gap)


@settings(max_examples=40, deadline=None)
@given(
    yaw=st.floats(0, 1.57),
    width=st.floats(0.2, 3.0),
    depth=st.floats(0.2, 3.0),
    seed=st.integers(0, 9),
)
def test_the_yaw_of_a_filled_rectangle_is_found(
    yaw: float, width: float, depth: float, seed: int
) -> None:
    points = np.random.default_rng(seed).uniform(-0.5, 0.5, (500, 2)) * (width, depth)
    corners = np.array([(1, 1), (1, -1), (-1, 1), (-1, -1)]) * (width / 2, depth / 2)
    found = footprint_yaw(turned(np.concatenate([points, corners]), yaw))
    assert apart(found, yaw) < np.deg2rad(2)


@pytest.mark.parametrize("yaw", [0.1, 0.5, 0.9, 1.3])
def test_two_walls_of_a_box_are_not_taken_for_its_diagonal(yaw: float) -> None:
    along = np.linspace(0, 1, 200)
    walls = np.concatenate(
        [np.stack([along, 0 * along], -1), np.stack([0 * along, 0.6 * along], -1)]
    )
    assert apart(footprint_yaw(turned(walls, yaw)), yaw) < np.deg2rad(2)


def test_one_wall_and_single_points_have_a_yaw_too() -> None:
    wall = turned(np.stack([np.linspace(0, 1, 50), np.zeros(50)], -1), 0.4)
    assert apart(footprint_yaw(wall), 0.4) < 1e-6
    assert 0 <= footprint_yaw(np.ones((30, 2))) <= QUARTER
    assert footprint_yaw(np.ones((1, 2))) == 0.0


def test_spans_of_even_and_of_piled_points_have_no_bias() -> None:
    even = (np.arange(1000) + 0.5) / 1000 * 3 - 1
    piled = np.where(np.arange(1000) < 400, -1.0, (np.arange(1000) - 399.5) / 600 * 3 - 1)
    low, high = robust_span(np.stack([even, piled], -1), 0.005)
    np.testing.assert_allclose(low, [-1, -1], atol=0.005)
    np.testing.assert_allclose(high, [2, 2], atol=0.005)


def test_a_few_wild_points_do_not_move_the_ends() -> None:
    values = np.concatenate([np.linspace(0, 1, 1000), [50.0, 60.0, -70.0]])[:, None]
    low, high = robust_span(values, 0.005)
    assert abs(low[0]) < 0.01
    assert abs(high[0] - 1) < 0.01


def test_few_points_have_a_span() -> None:
    low, high = robust_span(np.array([[1.0], [3.0]]), 0.005)
    assert (low[0], high[0]) == (1.0, 3.0)


def disc(radius: float, around: tuple[float, float], front_only: bool) -> np.ndarray:
    angles = np.linspace(0, 2 * np.pi, 4000, endpoint=False)
    rim = np.stack([np.cos(angles), np.sin(angles)], -1) * radius
    return rim[rim[:, 1] < -0.1 * radius] + around if front_only else rim + around


@pytest.mark.parametrize("front_only", [False, True])
def test_a_circle_is_found_from_its_near_side(front_only: bool) -> None:
    center, radius = round_footprint(disc(0.3, (0.4, 3.0), front_only), np.zeros(31))
    assert radius == pytest.approx(0.3, rel=0.02)
    np.testing.assert_allclose(center, (0.4, 3.0), atol=0.01)


@pytest.mark.parametrize("yaw", [0.0, 0.2, 0.4, 0.785])
def test_boxes_and_walls_are_not_round(yaw: float) -> None:
    grid = np.stack(np.meshgrid(np.linspace(-0.5, 0.5, 21), np.linspace(-0.5, 0.5, 21)), -1)
    square = turned(grid.reshape(-1, 2), yaw)
    assert round_footprint(square + AHEAD, np.zeros(31))[1] == 0.0
    wall = turned(grid.reshape(-1, 2) * (1, 0.02), yaw)
    assert round_footprint(wall + AHEAD, np.zeros(31))[1] == 0.0


def test_extents_and_axes_belong_together() -> None:
    size = np.array([0.9, 0.5, 0.3])
    points = np.random.default_rng(0).uniform(-0.5, 0.5, (4000, 3)) * size
    points[:, :2] = turned(points[:, :2], 0.3)
    box = upright_box(points + np.array([1, 5, -1]), None, 0.005, 0.0)
    np.testing.assert_allclose(np.sort(box.extents), np.sort(size), rtol=0.04)
    np.testing.assert_allclose(box.center, (1, 5, -1), atol=0.02)
    np.testing.assert_allclose(box.rotation.T @ box.rotation, np.eye(3), atol=1e-12)
    long_axis = box.rotation[:, box.extents.argmax()]
    assert abs(long_axis @ (np.cos(0.3), np.sin(0.3), 0)) > np.cos(np.deg2rad(3))
    assert box.rotation[2, 2] == 1.0
    assert np.linalg.det(box.rotation) == pytest.approx(1.0)


def test_noise_that_is_known_does_not_make_things_larger() -> None:
    draws = np.random.default_rng(1)
    points = draws.uniform(-0.5, 0.5, (3000, 3)) * (0.4, 0.3, 0.5) + (0, 3, 0)
    noisy = points * (1 + 0.01 * draws.standard_normal((3000, 1)))
    plain = upright_box(noisy, 0.0, 0.005, 0.0).extents
    freed = upright_box(noisy, 0.0, 0.005, 0.01).extents
    assert plain[1] > 1.15 * 0.3
    assert abs(freed[1] - 0.3) < 0.5 * (plain[1] - 0.3)
