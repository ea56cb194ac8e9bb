import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from spatialvlm_jax.evaluation.statistics.clusters import (
    cluster_sums,
    clustered_gap,
    clustered_mean,
    clustered_ratio,
    wilson_interval,
)


@given(st.integers(1, 500), st.floats(0, 1))
def test_wilson_interval_agrees_with_scipy(count, share):
    hits = round(share * count)
    expected = stats.binomtest(hits, count).proportion_ci(0.95, method="wilson")
    assert wilson_interval(hits, count) == pytest.approx((expected.low, expected.high))


def test_wilson_interval_needs_observations():
    with pytest.raises(ValueError, match="at least one"):
        wilson_interval(0, 0)


def test_sums_are_of_clusters_in_order_of_their_numbers():
    sums = cluster_sums(np.array([[1.0, 2, 4, 8], [1, 1, 1, 1]]), np.array([7, 3, 7, 5]))
    assert sums.tolist() == [[2.0, 8.0, 5.0], [1.0, 1.0, 2.0]]
    assert cluster_sums(np.zeros(0), np.zeros(0, int)).tolist() == []


def test_answers_in_clusters_of_one_are_independent():
    values = np.array([0.1, 0.2, 0.3, 0.6])
    found = clustered_mean(values, np.arange(4))
    assert found.value == pytest.approx(0.3)
    assert found.standard_error == pytest.approx(stats.sem(values))
    assert found.design_effect == pytest.approx(1.0)
    expected = stats.t.interval(0.95, 3, loc=0.3, scale=stats.sem(values))
    assert found.interval() == pytest.approx(expected)


def test_clusters_that_agree_count_as_one_answer_each():
    each = np.array([1.0, 0, 1, 1, 0, 1])
    found = clustered_mean(np.repeat(each, 10), np.repeat(np.arange(6), 10))
    assert (found.count, found.clusters) == (60, 6)
    assert found.standard_error == pytest.approx(stats.sem(each))
    # The variance of 6 answers against that of 60: (60 - 1) / (6 - 1).
    assert found.design_effect == pytest.approx(59 / 5)


def test_the_error_of_a_ratio_is_that_of_its_jackknife():
    rng = np.random.default_rng(0)
    clusters = np.repeat(np.arange(200), 5)
    below = rng.uniform(1, 2, 1_000)
    above = below * rng.normal(0.5, 0.1, 1_000)
    found = clustered_ratio(above, below, clusters)
    without = np.array(
        [above[clusters != one].sum() / below[clusters != one].sum() for one in range(200)]
    )
    jackknife = math.sqrt(199 / 200 * ((without - without.mean()) ** 2).sum())
    assert found.standard_error == pytest.approx(jackknife, rel=0.01)


def test_few_clusters_have_the_interval_of_as_many_answers_as_they_are_worth():
    marks = np.array([1.0, 1, 0, 0, 0])
    assert clustered_mean(marks, np.arange(5)).share_interval() == wilson_interval(2, 5)
    # Two pictures say next to nothing: as much as one answer.
    two = clustered_mean(np.array([1.0, 1, 0, 0]), np.array([0, 0, 1, 1]))
    assert two.share_interval() == pytest.approx(wilson_interval(0.5, 1))


def test_many_clusters_have_the_interval_of_student():
    marks = np.tile([1.0, 0.0], 50)
    found = clustered_mean(marks, np.repeat(np.arange(50), 2))
    assert found.design_effect == pytest.approx(0.0)
    mixed = clustered_mean(np.tile([1.0, 1, 0, 1, 0, 0, 0, 1], 25), np.repeat(np.arange(50), 4))
    half = stats.t.ppf(0.975, 49) * mixed.standard_error
    assert mixed.share_interval() == pytest.approx((0.5 - half, 0.5 + half))


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_where_all_answers_are_alike_each_picture_counts_once(value):
    found = clustered_mean(np.full(400, value), np.repeat(np.arange(40), 10))
    assert math.isnan(found.design_effect)
    assert found.share_interval() == pytest.approx(wilson_interval(40 * value, 40))


def test_where_all_pictures_are_alike_no_difference_is_called_small_enough_to_show():
    # Sums of clusters, whose rounding alone would leave a trace above zero.
    marks = np.array([0.1, 0.2, 0.4, 0.4, 0.2, 0.1])
    found = clustered_mean(marks, np.array([0, 0, 0, 1, 1, 1]))
    assert (found.standard_error, found.design_effect) == (0.0, 0.0)
    assert found.smallest_difference() is None


def test_one_picture_has_no_standard_error_and_a_wide_interval():
    found = clustered_mean(np.array([1.0, 0.0, 1.0, 1.0]), np.zeros(4, int))
    assert found.interval() is None
    assert found.smallest_difference() is None
    assert found.share_interval() == pytest.approx(wilson_interval(0.75, 1))


def test_an_interval_of_a_share_holds_it_as_often_as_it_says():
    rng = np.random.default_rng(0)
    clusters, held = np.repeat(np.arange(40), 10), 0
    for _ in range(400):
        shared = rng.random(40)[clusters] < 0.7
        own = rng.random(400) < 0.7
        marks = np.where(rng.random(400) < math.sqrt(0.5), shared, own).astype(float)
        low, high = clustered_mean(marks, clusters).share_interval()
        held += low <= 0.7 <= high
    assert 0.92 <= held / 400 <= 0.98


def test_a_ratio_needs_something_to_divide_by():
    with pytest.raises(ValueError, match="more than zero"):
        clustered_mean(np.zeros(0), np.zeros(0, int))


def test_the_error_of_a_gap_between_independent_answers_is_that_of_both_sides():
    one, other = np.array([0.1, 0.5, 0.9, 0.7]), np.array([0.2, 0.3, 0.1, 0.6, 0.8])
    values, first = np.concatenate([one, other]), np.arange(9) < 4
    found = clustered_gap(values, first, np.arange(9))
    assert found.value == pytest.approx(one.mean() - other.mean())
    # Welch's, with one factor 9 / 8 instead of 4 / 3 and 5 / 4.
    expected = math.sqrt(9 / 8 * (one.var() / 4 + other.var() / 5))
    assert found.standard_error == pytest.approx(expected)


def test_what_both_sides_of_a_gap_share_in_a_cluster_is_no_error():
    hard = np.array([0.0, 0.2, 0.5, 0.9])
    values = np.concatenate([hard + 0.1, hard])
    found = clustered_gap(values, np.arange(8) < 4, np.tile(np.arange(4), 2))
    assert found.value == pytest.approx(0.1)
    assert found.standard_error == pytest.approx(0.0, abs=1e-12)


def test_a_gap_needs_both_sides():
    with pytest.raises(ValueError, match="either side"):
        clustered_gap(np.ones(3), np.ones(3, bool), np.arange(3))
