import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spatialvlm_jax.evaluation.distribution import (
    ValueDistribution,
    ValueReading,
    cross_fitted,
    fit_temperature,
    sure_spread,
)

LOG = math.log


def distribution(low, high, log_density):
    """One density for each answer, constant from low to high."""
    answers = zip(low, high, log_density, strict=True)
    return ValueDistribution.summed(
        [
            ValueDistribution(np.array([low, high], float), np.array([density], float))
            for low, high, density in answers
        ]
    )


def test_one_answer_is_uniform_in_the_logarithm():
    only = distribution([LOG(1.0)], [LOG(4.0)], [-3.0])
    assert only.median == pytest.approx(2.0)
    assert only.quantile(0.0) == pytest.approx(1.0)
    assert only.interval(0.5) == pytest.approx((math.sqrt(2), 2 * math.sqrt(2)))
    assert only.entropy == pytest.approx(LOG(LOG(4.0)))
    assert only.mean == pytest.approx(3 / LOG(4.0))  # of 1 / (v log 4) from 1 to 4
    assert only.std == pytest.approx(math.sqrt(15 / (2 * LOG(4.0)) - (3 / LOG(4.0)) ** 2))


def test_a_reading_knows_how_much_lies_below_the_truth():
    only = distribution([LOG(1.0)], [LOG(4.0)], [-3.0])
    assert [only.share_below(value) for value in (0.5, 1.0, 2.0, 9.0)] == [0, 0, 0.5, 1]
    assert ValueReading.of(only, math.sqrt(2)).below_truth == pytest.approx(0.25)
    assert ValueReading.of(only).below_truth is None


def test_answers_in_two_units_add_up():
    # 1 to 4 m with probability .5, and 2 to 4 m in feet with as much.
    both = distribution(
        [LOG(1.0), LOG(2.0)], [LOG(4.0), LOG(4.0)], [LOG(0.5 / LOG(4.0)), LOG(0.5 / LOG(2.0))]
    )
    assert both.masses == pytest.approx([0.25, 0.75])
    assert both.quantile(0.25) == pytest.approx(2.0)


def test_temperature_flattens_towards_what_answers_stand_for():
    peaked = distribution([0.0, 1.0, 2.0], [1.0, 2.0, 3.0], [0.0, 5.0, 0.0])
    assert peaked.masses[1] == pytest.approx(math.exp(5) / (2 + math.exp(5)))
    assert peaked.tempered(5.0).masses[1] == pytest.approx(math.e / (2 + math.e))
    assert peaked.tempered(1e6).masses == pytest.approx([1 / 3] * 3, rel=1e-4)


def test_a_gap_between_answers_holds_nothing():
    gap = distribution([0.0, 2.0], [1.0, 3.0], [0.0, 0.0])
    assert gap.masses.tolist() == pytest.approx([0.5, 0.0, 0.5])
    assert math.isfinite(gap.log_likelihood(math.exp(1.5)))


def test_impossible_answers_are_refused():
    with pytest.raises(ValueError, match="finite likelihood"):
        distribution([0.0], [1.0], [-np.inf])


@given(
    st.lists(st.floats(-20, 5), min_size=2, max_size=30),
    st.floats(0.2, 5.0),
    st.floats(0.01, 0.99),
)
def test_quantiles_rise_and_stay_inside(log_density, temperature, share):
    edges = np.linspace(-3.0, 3.0, len(log_density) + 1)
    some = distribution(edges[:-1], edges[1:], log_density).tempered(temperature)
    assert some.masses.sum() == pytest.approx(1.0)
    low, high = some.interval(share)
    assert math.exp(-3) * 0.999 <= low <= some.median <= high <= math.exp(3) * 1.001
    assert low * 0.999 <= some.quantile(0.5) <= high * 1.001
    assert math.exp(-3) <= some.mean <= math.exp(3)


def normal(mean, claimed):
    """A normal distribution of the logarithm that claims to be known to within `claimed`."""
    edges = np.linspace(-4.0, 4.0, 401)
    middles = (edges[1:] + edges[:-1]) / 2
    return distribution(edges[:-1], edges[1:], -(((middles - mean) / claimed) ** 2) / 2)


def test_the_fitted_temperature_makes_intervals_cover_what_they_claim():
    rng = np.random.default_rng(0)
    means = rng.normal(size=400)
    truths = np.exp(means + 0.3 * rng.normal(size=400)).tolist()
    sure = [normal(mean, 0.15) for mean in means]  # claims half of the error that it makes
    assert fit_temperature(sure, truths) == pytest.approx(4.0, rel=0.15)
    images = [f"image-{place // 4}" for place in range(400)]
    for claim, attribute in ((0.5, "interval_50"), (0.9, "interval_90")):
        covered = [
            low <= truth <= high
            for (low, high), truth in zip(
                (getattr(each, attribute) for each in cross_fitted(sure, truths, images)),
                truths,
                strict=True,
            )
        ]
        assert np.mean(covered) == pytest.approx(claim, abs=0.06)
        raw = [
            getattr(ValueReading.of(each), attribute)[0]
            <= truth
            <= getattr(ValueReading.of(each), attribute)[1]
            for each, truth in zip(sure, truths, strict=True)
        ]
        assert np.mean(raw) < claim - 0.1


def test_each_half_is_read_under_what_fits_the_other():
    # One image alone has no other half to be fitted on, and is read as it is.
    (reading,) = cross_fitted([normal(0.0, 0.1)], [20.0], ["one"])
    assert reading == ValueReading.of(normal(0.0, 0.1), 20.0)
    assert reading.below_truth == 1.0
    assert fit_temperature([], []) == 1.0


def reading(median: float, spread: float) -> ValueReading:
    ends = (median / np.sqrt(spread), median * np.sqrt(spread))
    return ValueReading(median, median, 0.1, ends, ends, 0.0)


def test_answers_are_sure_up_to_the_spread_at_which_nine_of_ten_are_near():
    spreads = 1 + np.arange(1, 101) / 100
    order = np.random.default_rng(0).permutation(100)
    # 89 of the 98 narrowest are more than nine of ten, 89 of 99 fewer.
    for near, expected in ((100, 2.0), (90, 2.0), (89, 1.98)):
        read = [reading(1.2 if n < near else 1.3, x) for n, x in enumerate(spreads)]
        found = sure_spread([read[place] for place in order], [1.0] * 100)
        assert found == pytest.approx(expected)
    assert sure_spread([reading(1.0, 1.5)] * 50, [1.0] * 50) == pytest.approx(1.5)
    assert sure_spread([reading(1.0, 1.5)] * 49, [1.0] * 49) is None
    assert sure_spread([reading(1.3, 2.0)] * 200, [1.0] * 200) is None
    assert sure_spread([], []) is None
