"""Smoothing of readings whose truth is known."""

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest

from spatialvlm_jax.rewards.shaping import rank_correlation
from spatialvlm_jax.rewards.smoothing import smooth

NAN = np.nan
APPROACH = np.geomspace(1.0, 0.1, 30)


def relative_error(found: np.ndarray, truth: np.ndarray) -> float:
    return float(np.nanmax(np.abs(found / truth - 1.0)))


def test_a_steady_approach_stays_as_it_is():
    curve = smooth(APPROACH, 0.1 * APPROACH, 4)
    np.testing.assert_allclose(curve.distances, APPROACH, rtol=1e-9)
    assert curve.valid.all()


def test_readings_far_off_count_nothing():
    spoiled = APPROACH.copy()
    spoiled[[3, 10, 11, 20, 29]] *= (5.0, 0.2, 6.0, 4.0, 3.0)
    curve = smooth(spoiled, 0.1 * spoiled, 5)
    assert relative_error(curve.distances, APPROACH) < 0.02


def waiting_first(frames: int, nearest: float) -> np.ndarray:
    """A metre away for 40 frames, which are most, then nearer in each of `frames`."""
    return np.r_[np.full(40, 1.0), np.geomspace(1.0, nearest, frames + 1)[1:]]


def test_what_moves_is_no_outlier_to_what_waits():
    truth = np.r_[np.full(20, 1.0), [0.9, 0.8, 0.7, 0.6]]
    curve = smooth(truth, 0.1 * truth, 4)
    np.testing.assert_allclose(curve.distances[-4:], [0.817, 0.764, 0.693, 0.602], atol=1e-3)
    np.testing.assert_allclose(curve.distances[:15], 1.0, rtol=1e-9)


@pytest.mark.parametrize("relative", [0.03, 0.1, 0.25])
def test_a_fast_approach_behind_a_wait_is_followed_to_its_end(relative):
    truth = np.r_[np.full(12, 1.0), [0.9, 0.7, 0.5, 0.3, 0.2, 0.15]]
    curve = smooth(truth, relative * truth, 4).distances
    assert (np.diff(curve) < 1e-9).all()
    np.testing.assert_allclose(curve[-4:], [0.42, 0.31, 0.21, 0.14], atol=0.02)


@pytest.mark.parametrize("relative", [0.1, 0.2, 0.3])
@pytest.mark.parametrize(("frames", "nearest"), [(4, 0.6), (10, 0.3), (8, 0.1), (30, 0.1)])
def test_an_approach_behind_a_long_wait_stays_one(frames, nearest, relative):
    truth = waiting_first(frames, nearest)
    curve = smooth(truth, relative * truth, 4)
    assert (np.diff(curve.distances) <= 1e-9).all()
    np.testing.assert_allclose(curve.distances[-1], nearest, rtol=0.02)
    noise = np.random.default_rng(5).normal(size=len(truth))
    for spread in (0.01, 0.03, 0.1):
        read = truth * np.exp(spread * noise)
        found = smooth(read, relative * read, 4).distances
        assert rank_correlation(found, truth) >= rank_correlation(read, truth) - 0.005


def test_readings_far_off_count_nothing_while_a_robot_waits():
    truth = waiting_first(10, 0.3)
    spoiled = truth.copy()
    spoiled[[7, 20, 21, 46]] *= (3.0, 0.3, 2.5, 4.0)
    curve = smooth(spoiled, 0.2 * spoiled, 4)
    expected = smooth(truth, 0.2 * truth, 4).distances
    np.testing.assert_allclose(curve.distances[:35], 1.0, rtol=1e-9)
    np.testing.assert_allclose(curve.distances, expected, rtol=0.05)


def test_a_surer_reading_weighs_more():
    values = np.array([1.0, 2.0, 1.0, 2.0, 1.0, 2.0])
    sure = np.array([0.01, 1.0, 0.01, 1.0, 0.01, 1.0])
    curve = smooth(values, sure, 3)
    assert (curve.distances < 1.2).all()
    other = smooth(values, sure[::-1].copy(), 3)
    assert (other.distances > 1.7).all()


def test_frames_without_a_reading_stay_without_one():
    values, spreads = APPROACH.copy(), 0.1 * APPROACH
    values[[4, 5, 6]], spreads[12] = NAN, NAN
    curve = smooth(values, spreads, 4)
    assert np.flatnonzero(~curve.valid).tolist() == [4, 5, 6, 12]
    assert np.flatnonzero(np.isnan(curve.distances)).tolist() == [4, 5, 6, 12]
    assert relative_error(curve.distances, APPROACH) < 1e-6
    lonely = smooth(np.array([NAN, 2.0, NAN]), np.array([NAN, 0.2, NAN]), 2)
    np.testing.assert_allclose(lonely.distances, [NAN, 2.0, NAN])
    np.testing.assert_allclose(lonely.spreads, [NAN, 0.2, NAN])
    nothing = smooth(np.full(3, NAN), np.full(3, NAN), 2)
    assert not nothing.valid.any()
    assert smooth(np.zeros(0), np.zeros(0), 2).distances.shape == (0,)


def test_spreads_are_not_narrowed():
    """Errors of neighbours are alike: the middle of many equal readings is no surer than one."""
    curve = smooth(np.full(20, 0.5), np.full(20, 0.1), 4)
    np.testing.assert_allclose(curve.distances, 0.5)
    np.testing.assert_allclose(curve.spreads[5:15], 0.1, rtol=1e-6)
    assert (curve.spreads >= 0.1 - 1e-9).all()


def test_no_window_leaves_readings_as_they_are():
    curve = smooth(np.array([0.3, NAN, 0.1]), np.array([0.01, 0.02, 0.0]), 0)
    np.testing.assert_array_equal(curve.distances, [0.3, NAN, 0.1])
    np.testing.assert_array_equal(curve.spreads, [0.01, NAN, 0.0])


@pytest.mark.parametrize(
    ("distances", "spreads", "window"),
    [([1.0, 2.0], [0.1], 2), ([1.0], [0.1], -1), ([0.0], [0.1], 1), ([1.0], [-0.1], 1)],
)
def test_what_is_no_reading_is_refused(distances, spreads, window):
    with pytest.raises(ValueError, match="distance"):
        smooth(np.array(distances), np.array(spreads), window)


@hypothesis.given(
    st.lists(st.one_of(st.just(NAN), st.floats(1e-3, 100.0)), max_size=25),
    st.integers(0, 6),
    st.floats(0.01, 100.0),
)
@hypothesis.settings(deadline=None, max_examples=60)
def test_any_readings_give_a_curve_and_units_do_not_matter(values, window, unit):
    distances = np.array(values, np.float64)
    spreads = 0.2 * distances
    curve = smooth(distances, spreads, window)
    np.testing.assert_array_equal(curve.valid, np.isfinite(distances))
    np.testing.assert_array_equal(np.isfinite(curve.distances), curve.valid)
    np.testing.assert_array_equal(np.isfinite(curve.spreads), curve.valid)
    assert (curve.distances[curve.valid] > 0).all()
    scaled = smooth(unit * distances, unit * spreads, window)
    np.testing.assert_allclose(scaled.distances, unit * curve.distances, rtol=1e-4)
