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


def test_relative_errors_leave_out_missing_numbers_and_zero_truths():
    errors = metrics.relative_errors(np.array([1.5, np.nan, 1.0]), np.array([1.0, 1.0, 0.0]))
    assert errors.tolist() == [0.5]


def test_figures_are_plain_json():
    figure = metrics.proportion(3, 4, 2)
    low, high = wilson_interval(3, 4)
    written = json.loads(json.dumps(figure.as_dict()))
    assert written == {"value": 0.75, "baseline": 0.5, "count": 4, "ci95": [low, high]}
    empty = metrics.proportion(0, 0, 0).as_dict()
    assert empty == {"value": None, "baseline": None, "count": 0, "ci95": None}


def test_mean_error_has_the_interval_of_a_mean():
    errors = np.array([0.1, 0.2, 0.3, 0.6])
    figure = metrics.mean_error(errors, baseline=0.5)
    low, high = stats.norm.interval(0.95, loc=0.3, scale=stats.sem(errors))
    assert figure.value == pytest.approx(0.3)
    assert figure.ci95 == pytest.approx((max(low, 0), high))
    assert metrics.mean_error(errors[:1], None).ci95 is None


def test_angles_differ_by_the_shorter_turn():
    predicted = np.radians([10.0, 175.0, -30.0, 200.0, np.nan])
    true = np.radians([-5.0, -175.0, 30.0, -160.0, 0.0])
    errors = np.degrees(metrics.angle_errors(predicted, true))
    assert errors == pytest.approx([15.0, 10.0, 60.0, 0.0, np.nan], nan_ok=True, abs=1e-9)
