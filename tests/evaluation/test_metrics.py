import json

import numpy as np
import pytest
from scipy import stats

from spatialvlm_jax.evaluation import metrics
from spatialvlm_jax.evaluation.statistics.clusters import wilson_interval


def test_bounds_are_inclusive_and_a_missing_number_is_outside():
    true = np.full(6, 2.0)
    predicted = np.array([0.99, 1.0, 2.0, 4.0, 4.01, np.nan])
    inside = metrics.within(predicted, true, metrics.BOUNDS["within_50_200"])
    assert inside.tolist() == [False, True, True, True, False, False]


def test_bounds_hold_for_numbers_stored_as_float32():
    true = np.array([np.float32(0.3)], np.float64)
    for low, high in metrics.BOUNDS.values():
        assert metrics.within(np.array([0.3 * low]), true, (low, high)).all()
        assert metrics.within(np.array([0.3 * high]), true, (low, high)).all()


def test_within_25_is_an_absolute_difference_of_a_quarter():
    true, predicted = np.full(4, 4.0), np.array([2.99, 3.0, 5.0, 5.01])
    inside = metrics.within(predicted, true, metrics.BOUNDS["within_25"])
    assert inside.tolist() == [False, True, True, False]


def test_relative_errors_are_unknown_without_a_number_or_a_truth_above_zero():
    errors = metrics.relative_errors(np.array([1.5, np.nan, 1.0]), np.array([1.0, 1.0, 0.0]))
    assert errors.tolist() == pytest.approx([0.5, np.nan, np.nan], nan_ok=True)


def test_mean_relative_accuracy_by_hand():
    predicted = np.array([1.0, 1.04, 1.05, 1.3, 1.5, 1.51, 0.5, np.nan, 0.0])
    true = np.array([1.0] * 8 + [0.0])
    expected = [1.0, 1.0, 1.0, 0.5, 0.1, 0.0, 0.1, 0.0, 1.0]
    assert metrics.relative_accuracy(predicted, true) == pytest.approx(expected)


def test_range_scores_are_the_area_under_the_curve():
    predicted = np.array([2.0, 1.0, 8.0, 0.5, 5.0, np.nan, 0.0, 0.0])
    true = np.array([2.0, 2.0, 2.0, 2.0, 1.0, 1.0, 1.0, 0.0])
    scores = metrics.range_scores(predicted, true)
    assert scores == pytest.approx([1.0, 0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0])
    factors = np.geomspace(1, metrics.MOST_FACTOR, 2_001)
    curve = metrics.in_range_curve(predicted[:6], true[:6], factors)
    assert curve[0] == pytest.approx(1 / 6)
    area = np.mean((curve[1:] + curve[:-1]) / 2)
    assert area == pytest.approx(scores[:6].mean(), abs=1e-3)


def test_figures_are_plain_json():
    figure = metrics.share(np.array([1.0, 1, 0, 1]), np.arange(4), 2)
    low, high = wilson_interval(3, 4)
    written = json.loads(json.dumps(figure.as_dict(), allow_nan=False))
    assert written == {
        "value": 0.75,
        "baseline": 0.5,
        "count": 4,
        "ci95": [pytest.approx(low), pytest.approx(high)],
        "images": 4,
        "design_effect": pytest.approx(1.0),
        "smallest_difference": 1.0,  # no two shares differ by more
    }
    empty = metrics.share(np.zeros(0), np.zeros(0, int), 0).as_dict()
    assert [empty[name] for name in ("value", "baseline", "count", "ci95")] == [None, None, 0, None]


def test_the_smallest_difference_is_that_of_80_percent_power():
    figure = metrics.share(np.tile([1.0, 1, 0, 1], 10), np.arange(40), None)
    error = stats.sem(np.tile([1.0, 1, 0, 1], 10))
    expected = error * (stats.t.ppf(0.975, 39) + stats.t.ppf(0.8, 39))
    assert figure.smallest_difference == pytest.approx(expected)


def test_mean_error_has_the_interval_of_a_mean():
    errors = np.array([0.1, 0.2, 0.3, 0.6])
    figure = metrics.mean_error(errors, np.arange(4), baseline=0.5)
    low, high = stats.t.interval(0.95, 3, loc=0.3, scale=stats.sem(errors))
    assert figure.value == pytest.approx(0.3)
    assert figure.ci95 == pytest.approx((max(low, 0), high))
    assert metrics.mean_error(errors, np.zeros(4, int), None).ci95 is None


def test_the_median_error_counts_missing_numbers_as_infinite():
    errors = np.array([0.1, 0.2, 0.3, np.inf, np.inf])
    figure = metrics.median_error(errors, np.arange(5), None)
    assert (figure.value, figure.ci95, figure.count) == (0.3, None, 5)
    assert metrics.median_error(errors[1:], np.arange(4), None).value == 0.3
    assert metrics.median_error(errors[2:], np.arange(3), None).value is None


def test_the_interval_of_a_median_holds_it_as_often_as_it_says():
    rng = np.random.default_rng(0)
    images, held = np.repeat(np.arange(100), 4), 0
    for _ in range(200):
        errors = np.exp(rng.normal(0, 1, 100)[images] + rng.normal(0, 1, 400))
        low, high = metrics.median_error(errors, images, None).ci95 or (1, 0)
        held += low <= 1.0 <= high
    assert 0.91 <= held / 200 <= 0.99


def test_marks_adjusted_for_guessing_are_0_at_chance_and_1_where_all_is_right():
    images, chances = np.arange(4), np.array([0.5, 0.5, 0.25, 1.0])
    adjusted = metrics.adjusted_share(np.array([1.0, 0, 1, 1]), chances, images, 2.25)
    assert adjusted.value == pytest.approx((0.5 - 0.5 + 0.75) / (0.5 + 0.5 + 0.75))
    assert adjusted.baseline == pytest.approx(0.0)
    assert metrics.adjusted_share(np.ones(4), chances, images, 2.25).value == 1.0
    assert metrics.adjusted_share(np.ones(1), np.ones(1), np.arange(1), 1.0).count == 0


def test_angles_differ_by_the_shorter_turn():
    predicted = np.radians([10.0, 175.0, -30.0, 200.0, np.nan])
    true = np.radians([-5.0, -175.0, 30.0, -160.0, 0.0])
    errors = np.degrees(metrics.angle_errors(predicted, true))
    assert errors == pytest.approx([15.0, 10.0, 60.0, 0.0, np.nan], nan_ok=True, abs=1e-9)
