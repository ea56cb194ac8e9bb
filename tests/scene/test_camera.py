import dataclasses

import numpy as np
import pytest

from spatialvlm_jax.scene.camera import (
    FOCAL_STD,
    HEIGHT_STD,
    UP_STD,
    KnownCamera,
    add_errors,
    describe_camera,
    leave_out,
    tell,
)
from spatialvlm_jax.scene.intrinsics import pinhole

CAMERA = KnownCamera((640, 480), pinhole(640, 480, 320.0), np.array([0.0, -1.0, 0.0]), 1.5)


def facts(camera: KnownCamera) -> tuple[bool, bool, bool]:
    return camera.intrinsics is not None, camera.up is not None, camera.height is not None


def test_the_field_of_view_is_between_the_sides() -> None:
    assert CAMERA.field_of_view == pytest.approx(np.pi / 2)
    off = dataclasses.replace(CAMERA, intrinsics=np.array([[320.0, 0, 0], [0, 320, 0], [0, 0, 1]]))
    assert off.field_of_view == pytest.approx(np.arctan(2))
    assert KnownCamera((640, 480)).field_of_view is None


def test_no_more_is_told_than_asked_for() -> None:
    assert tell(CAMERA, "known") is CAMERA
    assert facts(tell(CAMERA, "field_of_view")) == (True, False, False)
    assert facts(tell(CAMERA, "unknown")) == (False, False, False)


def test_facts_are_left_out_together_and_one_by_one() -> None:
    rng = np.random.default_rng(0)
    left = [facts(leave_out(CAMERA, 0.25, rng)) for _ in range(4000)]
    shares = {known: left.count(known) / len(left) for known in set(left)}
    assert len(shares) == 8
    assert shares[True, True, True] == pytest.approx(0.75**4, abs=0.03)
    assert shares[True, False, False] == pytest.approx(0.75 * 0.75 * 0.25**2, abs=0.03)
    assert shares[False, False, False] == pytest.approx(0.25 + 0.75 * 0.25**3, abs=0.03)
    assert facts(leave_out(CAMERA, 0.0, rng)) == (True, True, True)
    assert facts(leave_out(CAMERA, 1.0, rng)) == (False, False, False)


def spread(camera: KnownCamera, scale: float) -> tuple[float, float, float]:
    """Standard deviations of log focal length, of up in one direction, of log height."""
    rng = np.random.default_rng(0)
    drawn = [add_errors(camera, scale, rng) for _ in range(2000)]
    focal = np.log([c.intrinsics[0, 0] for c in drawn if c.intrinsics is not None])
    up = [c.up[0] for c in drawn if c.up is not None]
    height = np.log([c.height for c in drawn if c.height is not None])
    return float(np.std(focal)), float(np.std(up)), float(np.std(height))


def test_exact_facts_get_the_usual_errors() -> None:
    np.testing.assert_allclose(spread(CAMERA, 1), (FOCAL_STD, UP_STD, HEIGHT_STD), rtol=0.06)
    np.testing.assert_allclose(spread(CAMERA, 2), (0.06, 2 * UP_STD, 0.2), rtol=0.06)
    exact = add_errors(CAMERA, 0, np.random.default_rng(0))
    np.testing.assert_array_equal(exact.intrinsics, CAMERA.intrinsics)
    assert exact.height == CAMERA.height


def test_errors_come_up_to_the_usual_ones_and_no_further() -> None:
    noisy = dataclasses.replace(CAMERA, focal_std=0.05, up_std=np.nan, height_std=0.06)
    np.testing.assert_allclose(spread(noisy, 1), (0, 0, 0.08), rtol=0.06, atol=1e-9)
    assert add_errors(noisy, 1, np.random.default_rng(0)).focal_std == 0.05


def test_errors_leave_the_middle_and_what_is_unknown() -> None:
    camera = add_errors(CAMERA, 1, np.random.default_rng(1))
    assert camera.intrinsics is not None
    assert camera.up is not None
    np.testing.assert_array_equal(camera.intrinsics[:, 2], [320, 240, 1])
    assert np.linalg.norm(camera.up) == pytest.approx(1)
    assert facts(add_errors(KnownCamera((4, 4)), 1, np.random.default_rng(0))) == (False,) * 3


def test_facts_are_said_as_far_as_they_are_known() -> None:
    down = np.array([0.0, -np.cos(0.2), -np.sin(0.2)])
    whole = dataclasses.replace(CAMERA, up=down, height=1.44)
    assert describe_camera(whole) == "camera: 90 degrees wide, 1.4 m high, 11 degrees down."
    assert describe_camera(tell(whole, "field_of_view")) == "camera: 90 degrees wide."
    assert describe_camera(tell(whole, "unknown")) == ""
    assert describe_camera(CAMERA) == "camera: 90 degrees wide, 1.5 m high, level."
    up = dataclasses.replace(whole, up=down * [1, 1, -1], height=2000.0)
    assert describe_camera(up) == "camera: 90 degrees wide, 11 degrees up."
