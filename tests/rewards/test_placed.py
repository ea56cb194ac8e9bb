"""Distances from places."""

import math

import hypothesis
import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from spatialvlm_jax.rewards.placed import placed_distances

NOWHERE = [math.nan] * 3
# A thing that comes nearer to one that stands at the origin, which one frame has elsewhere.
FIRST = [[4.0, 0.0, 0.0], [3.0, 0.0, 0.0], [2.0, 0.0, 0.0]]
SECOND = [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [2.0, 0.0, 3.0]]
METRES = {"min_value": -5, "max_value": 5}


def stacked(*things):
    return np.stack(things, axis=1)


def test_each_frame_has_the_distance_of_its_places():
    np.testing.assert_allclose(placed_distances(stacked(FIRST, SECOND)), [4, 3, 3])


def test_what_stands_still_is_where_most_frames_have_it():
    np.testing.assert_allclose(placed_distances(stacked(FIRST, SECOND), still=True), [4, 3, 2])
    hidden = stacked(FIRST, [[0.0, 0.0, 0.0], NOWHERE, NOWHERE])
    np.testing.assert_allclose(placed_distances(hidden, still=True), [4, 3, 2])
    np.testing.assert_allclose(placed_distances(hidden), [4, math.nan, math.nan])


def test_what_is_held_goes_with_its_holder():
    holder = np.array([[4.0, 0.0, 1.0], [3.0, 0.0, 1.0], [2.0, 0.0, 1.0]])
    seen = [[4.0, 0.0, 0.0], NOWHERE, [2.0, 0.0, 0.0]]
    still = np.zeros((3, 3))
    np.testing.assert_allclose(placed_distances(stacked(seen, still, holder)), [4, 3, 2])
    # Half-way where the two are next to each other, and with the holder where they are far apart.
    for error, height in ((0.01, 0.005), (2.0, 0.0)):
        seen = [[4.0, 0.0, 0.0], [3.0, 0.0, 0.0], [2.0, 0.0, error]]
        found = placed_distances(stacked(seen, still, holder))
        np.testing.assert_allclose(found, [4, 3, math.hypot(2, height)], rtol=2e-4)
    unseen = stacked(FIRST, still, [NOWHERE] * 3)
    np.testing.assert_allclose(placed_distances(unseen), [4, 3, 2])


def test_nothing_comes_of_nothing():
    for things in (2, 3):
        nothing = np.full((4, things, 3), math.nan)
        assert np.isnan(placed_distances(nothing, still=True)).all()
        assert placed_distances(np.zeros((0, things, 3)), still=True).shape == (0,)


@hypothesis.given(arrays.arrays(np.float64, (5, 3, 3), elements=METRES), st.floats(-4, 4))
def test_it_does_not_matter_where_a_camera_looks(places, turn):
    around = np.array(
        [[math.cos(turn), -math.sin(turn), 0], [math.sin(turn), math.cos(turn), 0], [0, 0, 1]]
    )
    for things in (2, 3):
        whole = places[:, :things]
        for still in (False, True):
            # Of one frame: the medians of several are of each axis.
            found = placed_distances(whole[:1], still)
            turned = placed_distances(whole[:1] @ around.T, still)
            np.testing.assert_allclose(turned, found, atol=1e-9)
