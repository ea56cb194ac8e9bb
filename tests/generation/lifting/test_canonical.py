import numpy as np
import pytest

from spatialvlm_jax.generation.lifting.canonical import (
    CanonicalFrame,
    FrameConfig,
    GroundPlane,
    find_up,
)
from tests.generation.rays import pixel_rays, plane_depth
from tests.generation.scenes import camera_from_canonical, degrees_between

CONFIG = FrameConfig()


def points_on(normal: np.ndarray, distance: float, noise: float = 0.0) -> np.ndarray:
    """What is seen of the plane normal . X = distance up to 8 m away, noisy along the rays."""
    depth = plane_depth(normal, distance)
    seen = np.isfinite(depth) & (depth < 8)
    draws = np.random.default_rng(3)
    depth = depth[seen] * (1 + noise * draws.standard_normal(int(seen.sum())))
    return (pixel_rays()[seen] * depth[:, None])[:: max(1, int(seen.sum()) // 800)]


def up_at(pitch: float, roll: float) -> np.ndarray:
    return camera_from_canonical(pitch, roll) @ np.array([0.0, 0, 1])


def find(
    ground: np.ndarray | None,
    objects: np.ndarray | None = None,
    given_up: np.ndarray | None = None,
    noise: float = 0.0,
) -> CanonicalFrame:
    if objects is None:
        objects = np.array([[0.0, 0.1, 0.8]])
    return find_up(ground, objects, given_up, CONFIG, noise, np.random.default_rng(0))


@pytest.mark.parametrize("pitch", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("roll", [-0.35, 0.0, 0.35])
def test_the_floor_tells_up_and_height_under_pitch_and_roll(pitch: float, roll: float) -> None:
    up = up_at(pitch, roll)
    frame = find(points_on(-up, 1.3, noise=0.01), noise=0.01)
    assert degrees_between(frame.up, up) < 0.5
    assert frame.camera_height == pytest.approx(1.3, rel=0.01)
    assert (frame.source, frame.reason) == ("ground plane", "")


def test_a_third_of_the_mask_on_other_things_does_not_tilt_the_floor() -> None:
    up = up_at(0.4, 0.1)
    floor = points_on(-up, 1.3)
    stray = floor[::2] * np.random.default_rng(0).uniform(0.5, 0.9, (len(floor[::2]), 1))
    assert degrees_between(find(np.concatenate([floor, stray])).up, up) < 0.01


@pytest.mark.parametrize("yaw", [0.0, 0.5])
@pytest.mark.parametrize("pitch", [-0.2, 0.0, 0.3])
def test_a_facing_wall_with_a_false_mask_is_refused(pitch: float, yaw: float) -> None:
    normal = camera_from_canonical(pitch) @ np.array([np.sin(yaw), np.cos(yaw), 0])
    frame = find(points_on(normal, 3.0))
    assert (frame.up, frame.camera_height, frame.source) == (None, None, "camera")
    assert "wall" in frame.reason


def test_a_ceiling_is_refused() -> None:
    frame = find(points_on(up_at(-0.4, 0.0), 1.2))
    assert frame.up is None
    assert "ceiling" in frame.reason


def test_no_plane_is_taken_without_a_ground_mask() -> None:
    frame = find(None)
    assert (frame.up, frame.reason) == (None, "no ground mask")


def test_too_little_ground_is_refused() -> None:
    frame = find(points_on(-up_at(0.4, 0.0), 1.3)[:20])
    assert frame.up is None
    assert frame.reason == "the ground shows 20 points only"


def test_a_small_patch_of_noisy_floor_is_refused() -> None:
    floor = points_on(-up_at(0.4, 0.0), 1.3, noise=0.02)
    assert find(floor, noise=0.02).error < np.deg2rad(1)
    patch = floor[np.linalg.norm(floor - floor[400], axis=1).argsort()[:60]]
    frame = find(patch, noise=0.02)
    assert frame.up is None
    assert "slope is known to" in frame.reason


def test_a_mask_that_is_no_plane_is_refused() -> None:
    cloud = np.random.default_rng(0).uniform((-1, -1, 1), (1, 1, 4), (500, 3))
    frame = find(cloud)
    assert frame.up is None
    assert "is no plane" in frame.reason


def test_points_in_a_line_are_refused() -> None:
    line = np.linspace(1, 3, 100)[:, None] * np.array([0.1, 0.3, 1.0])
    assert find(line).up is None


def test_a_table_top_is_refused_while_things_stand_below_it() -> None:
    up = up_at(0.5, 0.0)
    below = points_on(-up, 1.4)[::10]
    frame = find(points_on(-up, 0.7), objects=below)
    assert frame.up is None
    assert "above 100% of the objects" in frame.reason


def test_a_given_up_is_kept_and_the_ground_tells_the_height() -> None:
    up = up_at(0.3, 0.1)
    frame = find(points_on(-up, 1.1, noise=0.01), given_up=2 * up, noise=0.01)
    np.testing.assert_allclose(frame.up, up)
    assert frame.camera_height == pytest.approx(1.1, rel=0.01)
    assert frame.source == "given"


def test_the_ground_overrules_a_given_up_that_points_elsewhere() -> None:
    up = up_at(0.1, 0.0)
    for wrong in (-up, up_at(0.1, 0.6)):
        frame = find(points_on(-up, 1.1, noise=0.001), given_up=wrong)
        np.testing.assert_allclose(frame.up, up, atol=0.02)
        assert frame.camera_height == pytest.approx(1.1, rel=0.02)
        assert (frame.source, "off the ground's" in frame.reason) == ("ground plane", True)


@pytest.mark.parametrize("wrong", ["wall", "ceiling", "nothing"])
def test_a_given_up_does_without_a_floor(wrong: str) -> None:
    up = up_at(0.0, 0.0)
    ground = {
        "wall": points_on(np.array([0.0, 0, 1]), 3.0),
        "ceiling": points_on(up, 1.0),
        "nothing": np.zeros((0, 3)),
    }[wrong]
    frame = find(ground, given_up=up)
    assert frame.camera_height is None
    np.testing.assert_allclose(frame.up, up)


def test_a_plane_states_its_errors_relative_to_depth() -> None:
    plane = GroundPlane(np.array([0.0, 0.5, 0.0]))
    np.testing.assert_allclose(plane.up, [0, -1, 0])
    assert plane.distance == 2.0
    ray = np.array([[0.3, 0.4, 1.0]])
    np.testing.assert_allclose(plane.residuals(1.1 * 5.0 * ray), [0.1], atol=1e-12)
