import math

import numpy as np
import pytest
from scipy import stats

from spatialvlm_jax.evaluation.statistics import power
from spatialvlm_jax.evaluation.statistics.clusters import clustered_ratio
from spatialvlm_jax.evaluation.statistics.pairs import clustered_test, paired_difference


def correlated(rng, runs, clusters, size, share, correlation):
    """float[runs, clusters * size]: marks that correlate within clusters of `size`."""
    shape = (runs, clusters, size)
    shared = np.broadcast_to(rng.random((runs, clusters, 1)) < share, shape)
    picks = rng.random(shape) < math.sqrt(correlation)
    return np.where(picks, shared, rng.random(shape) < share).reshape(runs, -1).astype(float)


def test_a_true_null_is_rejected_as_often_as_it_says():
    rng = np.random.default_rng(0)
    clusters = np.repeat(np.arange(60), 10)
    first = correlated(rng, 1_000, 60, 10, 0.6, 0.7)
    second = correlated(rng, 1_000, 60, 10, 0.6, 0.7)
    _, _, p_values = clustered_test(first - second, clusters)
    assert 0.04 <= np.mean(p_values < 0.05) <= 0.06
    _, _, naive = clustered_test(first - second, np.arange(600))
    assert np.mean(naive < 0.05) > 0.3


def test_the_smallest_difference_is_found_four_times_of_five():
    rng = np.random.default_rng(0)
    clusters = np.repeat(np.arange(200), 5)
    first, second = (correlated(rng, 1_000, 200, 5, 0.5, 0.3) for _ in range(2))
    _, errors, _ = clustered_test(first - second, clusters)
    smallest = power.smallest_difference(np.mean(errors), 199)
    _, _, p_values = clustered_test(first - second + smallest, clusters)
    assert 0.78 <= np.mean(p_values < 0.05) <= 0.82


def test_pairs_without_clusters_are_those_of_students_test():
    first = np.array([1.0, 1, 0, 1, 1, 0, 1])
    second = np.array([0.0, 1, 0, 0, 1, 1, 0])
    found = paired_difference(first, second, np.arange(7))
    expected = stats.ttest_rel(first, second)
    assert found.p_value == pytest.approx(expected.pvalue)
    assert found.interval == pytest.approx(tuple(expected.confidence_interval()))
    counts = (found.both, found.only_first, found.only_second, found.neither)
    assert counts == (2, 3, 1, 1)


def test_the_pictures_that_carry_a_difference_are_named_by_their_part():
    first = np.array([1.0, 1, 1, 0, 1, 1])
    second = np.array([0.0, 0, 1, 1, 1, 1])
    found = paired_difference(first, second, np.array([7, 7, 7, 4, 4, 9]))
    assert [name for name, _ in found.carriers] == [7, 4]
    assert [part for _, part in found.carriers] == pytest.approx([2 / 6, -1 / 6])
    assert found.difference == pytest.approx(sum(part for _, part in found.carriers))


def test_models_that_say_the_same_do_not_differ():
    marks = np.array([1.0, 0, 1, 0])
    found = paired_difference(marks, marks, np.array([0, 0, 1, 1]))
    assert (found.difference, found.p_value, found.interval) == (0.0, 1.0, None)
    assert found.smallest_difference is None
    assert found.carriers == ()


def test_few_pictures_that_differ_alike_are_no_certainty():
    """Of three coins that fall alike one in four throws is."""
    found = paired_difference(np.ones(6), np.zeros(6), np.array([0, 0, 1, 1, 2, 2]))
    assert (found.difference, found.p_value, found.interval) == (1.0, 0.25, None)
    many = paired_difference(np.ones(40), np.zeros(40), np.arange(40))
    assert many.p_value < 1e-11


def test_one_picture_shows_no_difference():
    found = paired_difference(np.ones(5), np.zeros(5), np.zeros(5, int))
    assert (found.difference, found.p_value, found.interval) == (1.0, 1.0, None)
    with pytest.raises(ValueError, match="at least one question"):
        paired_difference(np.zeros(0), np.zeros(0), np.zeros(0, int))


def test_a_weighted_difference_is_a_ratio_of_sums_over_clusters():
    first = np.array([1.0, 0.5, 0, 1, 1, 0, 1, 1])
    second = np.array([0.0, 0.5, 1, 0, 1, 1, 0, 0])
    weights = np.array([2.0, 1, 1, 4, 1, 1, 3, 0])
    clusters = np.array([0, 0, 1, 1, 2, 2, 3, 9])
    found = paired_difference(first, second, clusters, weights=weights)
    # (2 + 0 - 1 + 4 + 0 - 1 + 3) / 13, the last question being no part of either mean.
    assert found.difference == pytest.approx(7 / 13)
    # What the clusters add to the deviation, (sum of w d - 7/13 sum of w) / 13.
    rests = [(2 - 21 / 13) / 13, (3 - 35 / 13) / 13, (-1 - 14 / 13) / 13, (3 - 21 / 13) / 13]
    error = math.sqrt(4 / 3 * sum(rest**2 for rest in rests))
    reach = 3.182446305284263 * error
    assert found.interval == pytest.approx((7 / 13 - reach, 7 / 13 + reach))
    assert found.p_value == pytest.approx(2 * stats.t.sf(7 / 13 / error, 3))
    assert (found.count, found.clusters) == (7, 4)
    assert (found.both, found.only_first, found.only_second, found.neither) == (2, 3, 2, 0)
    assert dict(found.carriers) == pytest.approx({0: 2 / 13, 1: 3 / 13, 2: -1 / 13, 3: 3 / 13})
    again = clustered_ratio((first - second) * weights, weights, clusters)
    assert again.standard_error == pytest.approx(error * math.sqrt(3 / 4 * 5 / 4))
    with pytest.raises(ValueError, match="at least one question"):
        paired_difference(first, second, clusters, weights=np.zeros(8))


def test_weights_that_cancel_leave_no_difference():
    weights = np.array([1 / 3, 1 / 3, 1 / 7, 1 / 7, 1 / 7, 1 / 11])
    first, second = np.array([1.0, 0, 1, 0, 1, 1]), np.array([0.0, 1, 0, 1, 1, 1])
    found = paired_difference(first, second, np.array([0, 0, 1, 1, 2, 3]), weights=weights)
    assert (found.difference, found.p_value, found.interval) == (0.0, 1.0, None)
