import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from spatialvlm_jax.scene.clouds import cloud_distances


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_every_distance_is_that_of_all_pairs_of_points(seed: int) -> None:
    rng = np.random.default_rng(seed)
    clouds = [
        rng.normal(size=(rng.integers(1, 300), 3)) * 10 ** rng.uniform(-1, 0.3) + place
        for place in rng.uniform(-2, 2, (rng.integers(2, 6), 3))
    ]
    found = cloud_distances(clouds)
    for a, first in enumerate(clouds):
        for b, second in enumerate(clouds):
            expected = 0.0 if a == b else cdist(first, second).min()
            assert found[a, b] == pytest.approx(expected, abs=1e-9)


def test_clouds_that_share_points_touch() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 400, 3))
    second[7] = first[11]
    assert cloud_distances([first, second])[0, 1] == 0


def test_one_cloud_and_none() -> None:
    assert cloud_distances([]).shape == (0, 0)
    np.testing.assert_array_equal(cloud_distances([np.ones((4, 3))]), [[0.0]])


def test_single_precision_points() -> None:
    clouds = [np.zeros((1, 3), np.float32), np.array([[3, 4, 0]], np.float32)]
    np.testing.assert_allclose(cloud_distances(clouds), [[0, 5], [5, 0]])
