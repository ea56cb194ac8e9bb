import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spatialvlm_jax.inputs.pictures import canonical_placement, place_camera, placement
from spatialvlm_jax.scene.camera import KnownCamera
from spatialvlm_jax.scene.intrinsics import pinhole, turned_intrinsics
from spatialvlm_jax.scene.rays import FARTHEST, gravity_axes, patch_rays, ray_directions

LEVEL = np.array([0.0, -1.0, 0.0])
sides = st.integers(40, 900)
focals = st.floats(30, 2000)


def direction(camera: KnownCamera, u: float, v: float) -> np.ndarray:
    """Of the ray through a pixel, camera frame."""
    assert camera.intrinsics is not None
    ray = np.linalg.inv(camera.intrinsics) @ [u, v, 1]
    return ray / np.linalg.norm(ray)


def off_centre(width: int, height: int, focal: float) -> KnownCamera:
    matrix = pinhole(width, height, focal)
    matrix[:2, 2] += (0.1 * width, -0.05 * height)
    matrix[1, 1] *= 1.03
    return KnownCamera((width, height), matrix)


@given(sides, sides, focals, st.sampled_from(["squash", "pad", "canonical"]))
def test_patches_of_a_square_look_where_the_same_pixels_looked(
    width: int, height: int, focal: float, how: str
) -> None:
    camera = off_centre(width, height, focal)
    where = (
        canonical_placement(camera, 64, 0.8)
        if how == "canonical"
        else placement(width, height, 64, "pad" if how == "pad" else "squash")
    )
    assert where is not None
    found = ray_directions(place_camera(camera, 64, where), 4)
    for patch in range(16):
        u, v = 16 * (patch % 4) + 8 - where.left, 16 * (patch // 4) + 8 - where.top
        expected = direction(camera, u * width / where.columns, v * height / where.rows)
        np.testing.assert_allclose(found[patch], expected, atol=1e-9)


@given(sides, sides, focals)
def test_pictures_of_one_lens_have_its_rays(width: int, height: int, focal: float) -> None:
    camera = off_centre(width, height, focal)
    where = canonical_placement(camera, 4096, 0.8)
    assert where is not None
    matrix = place_camera(camera, 4096, where).intrinsics
    # Whole pixels: to one in the width of the picture, and in where it lies.
    np.testing.assert_allclose(
        matrix, pinhole(4096, 4096, 0.8 * 4096), rtol=0.5 / where.columns + 0.5 / where.rows, atol=2
    )


@given(sides, sides, focals)
def test_turned_patches_look_where_they_looked(width: int, height: int, focal: float) -> None:
    camera = dataclasses.replace(
        off_centre(width, height, focal), up=np.array([-0.96, -0.28, 0.0]), height=1.3
    )
    assert camera.intrinsics is not None
    turned = KnownCamera(
        (height, width),
        turned_intrinsics(camera.intrinsics, width),
        np.array([-0.28, 0.96, 0.0]),
        1.3,
    )
    before = patch_rays(camera, 4).reshape(4, 4, -1)
    after = patch_rays(turned, 4).reshape(4, 4, -1)
    np.testing.assert_allclose(
        np.rot90(before)[..., [0, 1, 2, 3, 4, 6, 7, 8, 9]],
        after[..., [0, 1, 2, 3, 4, 6, 7, 8, 9]],
        atol=1e-5,
    )


@given(focals, st.floats(-1.5, 1.5), st.floats(-3, 3), st.floats(0.1, 20))
def test_rays_meet_the_ground_where_it_is(
    focal: float, pitch: float, roll: float, height: float
) -> None:
    level = np.array([np.sin(roll), -np.cos(roll), 0.0]) * np.cos(pitch)
    up = level + np.array([0.0, 0.0, np.sin(pitch)])
    camera = KnownCamera((64, 64), pinhole(64, 64, focal), up, height)
    rays = patch_rays(camera, 4).astype(np.float64)
    for ray, seen in zip(rays, ray_directions(camera, 4), strict=True):
        np.testing.assert_allclose(ray[2], seen @ up, atol=1e-6)
        distance = np.exp(ray[3])
        assert distance <= FARTHEST * 1.001
        if distance < 0.999 * FARTHEST:
            assert distance * ray[2] == pytest.approx(-height, rel=1e-4)
    np.testing.assert_allclose(np.linalg.norm(rays[:, :3], axis=1), 1, atol=1e-6)


def test_the_ground_before_a_level_camera() -> None:
    camera = KnownCamera((200, 200), pinhole(200, 200, 100.0), LEVEL, 1.5)
    top_left, _, bottom_left, bottom_right = patch_rays(camera, 2)
    third = 1.5**-0.5
    np.testing.assert_allclose(top_left[:3], np.array([-0.5, 1, 0.5]) * third, rtol=1e-6)
    np.testing.assert_allclose(bottom_right[:3], np.array([0.5, 1, -0.5]) * third, rtol=1e-6)
    assert top_left[3] == pytest.approx(np.log(FARTHEST))
    assert bottom_left[3] == pytest.approx(np.log(3 / third), rel=1e-6)
    assert bottom_left[4] == pytest.approx(np.log(1.5))
    assert bottom_left[5] == pytest.approx(np.pi / 2)
    assert bottom_left[6:].tolist() == [1, 1, 1, 1]


def test_what_is_unknown_is_zero_and_flagged() -> None:
    matrix = pinhole(8, 8, 8.0)
    assert not patch_rays(KnownCamera((8, 8)), 2).any()
    alone = patch_rays(KnownCamera((8, 8), matrix), 2)
    assert alone[0, 6:].tolist() == [1, 0, 0, 0]
    np.testing.assert_array_equal(
        alone[:, :3], patch_rays(KnownCamera((8, 8), matrix, LEVEL), 2)[:, :3]
    )
    assert not alone[:, 3:5].any()
    high = patch_rays(KnownCamera((8, 8), None, LEVEL, 2.0), 2)
    np.testing.assert_allclose(high[0], [0, 0, 0, 0, np.log(2), 0, 0, 0, 1, 0], rtol=1e-6)
    no_height = patch_rays(KnownCamera((8, 8), matrix, LEVEL), 2)
    assert no_height[0, 6:].tolist() == [1, 1, 0, 0]


@pytest.mark.parametrize("z", [-1.0, 1.0])
def test_a_camera_that_looks_along_gravity_has_axes(z: float) -> None:
    axes = gravity_axes(np.array([0, 0, z]))
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(axes) == pytest.approx(1)
    np.testing.assert_allclose(axes @ [0, 0, z], [0, 0, 1])
    np.testing.assert_allclose(axes @ LEVEL, [0, 1, 0], atol=1e-12)
