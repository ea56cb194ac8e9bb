import math

import numpy as np

from spatialvlm_jax.scene.sight import UNSEEN, Sight, sight_of

CENTERS = np.array([[0.0, 0, 2], [3, 0, 4], [0, 0, 1]])
EXTENTS = np.array([[0.2, 0.5, 0.1], [0.1, 0.1, 0.3], [2, 1, 1]])
VISIBLE = np.array([1.0, 0.6, np.nan])


def test_the_farthest_the_smallest_and_the_least_visible_object_count():
    assert sight_of((0, 1), CENTERS, EXTENTS, VISIBLE) == Sight(5.0, 0.3, 0.6)
    assert sight_of((), CENTERS, EXTENTS, VISIBLE) == UNSEEN


def test_what_is_unknown_of_one_object_is_unknown():
    seen = sight_of((0, 2), CENTERS, EXTENTS, VISIBLE)
    assert (seen.distance, seen.size) == (2.0, 0.5)
    assert math.isnan(seen.visible)
