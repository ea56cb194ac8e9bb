"""Rewards and checks against values worked out by hand."""

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest

from spatialvlm_jax.rewards.shaping import (
    distance_reward,
    has_succeeded,
    monotonicity,
    potential_shaping,
    progress,
    rank_correlation,
)

NAN = np.nan


def test_the_reward_is_the_negative_distance_from_what_is_wished():
    np.testing.assert_array_equal(distance_reward(np.array([0.5, NAN, 0.0])), [-0.5, NAN, 0.0])
    np.testing.assert_allclose(distance_reward(np.array([0.5, 0.1]), 0.3), [-0.2, -0.2])


def test_shaping_is_the_discounted_gain_of_potential():
    potentials = np.array([-1.0, -0.5, -0.5, -0.25])
    found = potential_shaping(potentials, 0.8)
    np.testing.assert_allclose(found, [0.6, 0.1, 0.3, 0.0])
    gap = potential_shaping(np.array([-1.0, NAN, -0.5, -0.25]), 1.0)
    np.testing.assert_array_equal(gap, [NAN, NAN, 0.25, 0.0])
    np.testing.assert_array_equal(potential_shaping(np.array([-1.0, NAN]), 1.0), [NAN, NAN])
    assert potential_shaping(np.zeros(0), 1.0).shape == (0,)


@hypothesis.given(st.lists(st.floats(-10, 10), min_size=1, max_size=30), st.floats(0.1, 1.0))
def test_all_potentials_but_the_first_and_the_last_cancel(values, gamma):
    potentials = np.array(values)
    discounts = gamma ** np.arange(len(values))
    whole = float((discounts * potential_shaping(potentials, gamma)).sum())
    assert whole == pytest.approx(discounts[-1] * potentials[-1] - potentials[0], abs=1e-9)


@pytest.mark.parametrize("gamma", [0.0, 1.01, -0.5, NAN])
def test_no_other_discount_is_taken(gamma):
    with pytest.raises(ValueError, match="gamma"):
        potential_shaping(np.zeros(3), gamma)


def test_progress_is_the_share_of_the_way():
    found = progress(np.array([NAN, 1.0, 0.5, 1.5, NAN, 0.0]))
    np.testing.assert_array_equal(found, [NAN, 0.0, 0.5, 0.0, NAN, 1.0])
    np.testing.assert_allclose(progress(np.array([0.5, 0.4, 0.1]), 0.1), [0, 0.25, 1])
    # It begins where it should end.
    np.testing.assert_array_equal(progress(np.array([0.1, 0.2, 0.05, 0.1]), 0.1), [1, 0, 0, 1])
    np.testing.assert_array_equal(progress(np.array([NAN, NAN])), [NAN, NAN])


@pytest.mark.parametrize(
    ("distances", "expected"),
    [
        ([0.2, 0.3, 0.5], [0, 1 / 3, 1]),
        ([0.2, 0.1, 0.6, 0.9], [0, 0, 2 / 3, 0]),
        # It passes its target and moves on.
        ([0.8, 0.5, 0.4, 0.2], [0, 1, 2 / 3, 0]),
    ],
)
def test_a_target_is_come_to_from_either_side(distances, expected):
    np.testing.assert_allclose(progress(np.array(distances), 0.5), expected, atol=1e-9)


@hypothesis.given(st.lists(st.floats(1e-3, 10), min_size=1, max_size=20), st.floats(0, 5))
def test_progress_lies_between_0_and_1_and_rises_with_the_reward(values, target):
    distances = np.array(values)
    found = progress(distances, target)
    assert ((found >= 0) & (found <= 1)).all()
    order = np.argsort(distance_reward(distances, target), kind="stable")
    assert (np.diff(found[order]) >= 0).all()


def test_success_is_staying_there():
    near = np.array([1.0, 0.5, 0.04, 0.03, 0.02])
    assert has_succeeded(near, 0.0, 0.05, 3)
    assert not has_succeeded(near, 0.0, 0.05, 4)
    assert not has_succeeded(near[::-1], 0.0, 0.05, 1)
    assert not has_succeeded(np.array([0.01, NAN, 0.01]), 0.0, 0.05, 2)
    assert not has_succeeded(np.array([0.01]), 0.0, 0.05, 2)


def test_success_is_as_near_to_the_target_on_either_side():
    assert not has_succeeded(np.full(5, 0.2), 0.5, 0.1, 5)
    assert has_succeeded(np.array([0.2, 0.4, 0.45, 0.6]), 0.5, 0.1, 3)
    assert not has_succeeded(np.array([0.8, 0.5, 0.2]), 0.5, 0.1, 1)
    assert has_succeeded(np.array([0.2, 0.5]), 0.5, 0.0, 1)


def test_rank_correlation_counts_a_constant_as_nothing():
    assert rank_correlation(np.array([1.0, 2.0, 4.0]), np.array([0.1, 0.5, 0.6])) == 1.0
    assert rank_correlation(np.array([1.0, 2.0, 4.0]), np.array([3.0, 2.0, 1.0])) == -1.0
    assert rank_correlation(np.array([1.0, 2.0, 3.0]), np.array([5.0, 5.0, 5.0])) == 0.0
    # Ranks 1, 2, 3, 4 and 2, 1, 4, 3: 1 - 6 * 4 / (4 * 15).
    ranks = rank_correlation(np.array([1.0, 2, 3, 4, NAN]), np.array([2.0, 1, 4, 3, 9]))
    assert ranks == pytest.approx(0.6)
    assert rank_correlation(np.array([1.0, NAN]), np.array([1.0, 2.0])) == 0.0


def test_monotonicity_is_of_the_reward_over_time():
    assert monotonicity(np.array([-1.0, -0.8, NAN, -0.5, 0.0])) == pytest.approx(1.0)
    assert monotonicity(np.array([0.0, -0.5, -1.0])) == pytest.approx(-1.0)
    assert monotonicity(np.full(4, -0.5)) == 0.0
    assert np.isnan(monotonicity(np.array([-0.5, NAN])))  # of one frame nothing is known
