import numpy as np

from spatialvlm_jax.scene.intrinsics import pinhole, scaled_intrinsics


def test_the_principal_point_is_the_middle() -> None:
    np.testing.assert_array_equal(pinhole(640, 480, 320), [[320, 0, 320], [0, 320, 240], [0, 0, 1]])


def test_intrinsics_follow_the_picture() -> None:
    camera = pinhole(300, 200, 250.0)
    np.testing.assert_allclose(camera @ [0, 0, 1], [150, 100, 1])
    half = scaled_intrinsics(camera, np.array([0.5, 0.5]))
    np.testing.assert_allclose(half, pinhole(150, 100, 125.0))
