"""Numbers of objects, and back to places."""

import hypothesis
import numpy as np
from hypothesis.extra import numpy as arrays

from spatialvlm_jax.scene.object_values import (
    OBJECT_VALUES,
    VALUE_NAMES,
    object_places,
    object_values,
)
from spatialvlm_jax.scene.records import canonical_from_up

UPRIGHT = canonical_from_up(np.array([0.0, -1.0, 0.0]))


def test_every_value_has_a_name() -> None:
    assert len(VALUE_NAMES) == OBJECT_VALUES == 8


def test_what_is_up_ahead_of_a_level_camera() -> None:
    values, known = object_values(np.array([[0.3, -0.4, 1.2]]), np.ones((1, 3)), UPRIGHT)
    assert known.all()
    np.testing.assert_allclose(values[0, :3], np.arcsinh([0.3, 1.2, 0.4]), rtol=1e-6)
    np.testing.assert_allclose(values[0, 3], np.log(1.3), rtol=1e-6)
    place = object_places(np.pad(values, ((0, 0), (1, 0))))
    np.testing.assert_allclose(place, [[0.3, 1.2, 0.4]], rtol=1e-6)


def test_how_far_off_one_is_is_told_by_its_distance() -> None:
    values = np.array([0.0, *np.arcsinh([0.0, 1.0, 0.0]), np.log(2.0), 0.0, 0.0, 0.0])
    np.testing.assert_allclose(object_places(values), [0.0, 2.0, 0.0], atol=1e-12)


@hypothesis.given(
    arrays.arrays(np.float64, (4, 3), elements={"min_value": -50, "max_value": 50}),
    arrays.arrays(np.float64, 3, elements={"min_value": -1, "max_value": 1}),
)
def test_places_come_back(centers: np.ndarray, up: np.ndarray) -> None:
    far = np.linalg.norm(centers, axis=1) > 0.1
    tilt = up + np.array([0.0, -2.0, 0.0])  # never along the view
    rotation = canonical_from_up(tilt)
    values, _ = object_values(centers, np.ones((4, 3)), rotation)
    places = object_places(np.pad(values, ((0, 0), (1, 0))))
    np.testing.assert_allclose(places[far], (centers @ rotation.T)[far], rtol=1e-4, atol=1e-4)
