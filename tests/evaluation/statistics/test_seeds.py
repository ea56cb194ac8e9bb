import math

import numpy as np
import pytest
from scipy import stats

from spatialvlm_jax.evaluation.statistics.seeds import SeedSums, mean_of_sums, mean_over_seeds


def test_both_sources_of_chance_count():
    rng = np.random.default_rng(0)
    of_seed = np.array([-0.05, 0.0, 0.02, 0.07])
    of_picture = rng.normal(0, 0.3, 100)
    # Nothing is left between the two: what one picture adds, it adds to every seed.
    marks = 0.5 + of_seed[:, None] + np.repeat(of_picture, 5)
    found = mean_over_seeds(marks, np.repeat(np.arange(100), 5))
    from_seeds, from_pictures = stats.sem(of_seed), stats.sem(of_picture)
    assert found.value == pytest.approx(0.51 + of_picture.mean())
    expected = math.hypot(from_seeds, from_pictures)
    assert found.standard_error == pytest.approx(expected)
    assert found.seed_share == pytest.approx(from_seeds**2 / expected**2)
    reach = stats.t.ppf(0.975, 3) * found.standard_error
    assert found.interval == pytest.approx((found.value - reach, found.value + reach))


def test_seeds_that_agree_add_nothing():
    marks = np.tile(np.repeat([1.0, 0.0, 1.0, 1.0], 3), (3, 1))
    found = mean_over_seeds(marks, np.repeat(np.arange(4), 3))
    assert found.seed_share == 0.0
    assert found.standard_error == pytest.approx(stats.sem([1, 0, 1, 1]))


@pytest.mark.parametrize(
    ("seeds", "of_seed", "of_picture"), [(3, 0.0, 0.0), (3, 0.1, 1.0), (5, 0.0, 1.0), (5, 0.2, 0.0)]
)
def test_what_is_left_between_seeds_and_pictures_counts_once(seeds, of_seed, of_picture):
    """Its variance is right over many draws, and intervals hold what is true as often as they say.

    Where nothing but what is left varies, resampling both at once makes it three times as large.
    """
    rng, pictures, draws = np.random.default_rng(seeds), 60, 400
    variances, held = [], 0
    for _ in range(draws):
        marks = rng.normal(0, 1, (seeds, pictures))
        marks += rng.normal(0, of_seed, (seeds, 1)) + rng.normal(0, of_picture, pictures)
        found = mean_over_seeds(marks, np.arange(pictures))
        variances.append(found.standard_error**2)
        held += found.interval[0] <= 0 <= found.interval[1]
    true = of_seed**2 / seeds + of_picture**2 / pictures + 1 / (seeds * pictures)
    assert np.mean(variances) == pytest.approx(true, rel=0.2)
    assert held >= 0.93 * draws


@pytest.mark.parametrize("shape", [(1, 4), (3, 1)])
def test_one_seed_or_one_picture_tells_nothing_of_both(shape):
    with pytest.raises(ValueError, match="two seeds and two clusters"):
        mean_over_seeds(np.ones(shape), np.arange(shape[1]))


def test_a_difference_of_sums_is_that_of_the_marks():
    rng = np.random.default_rng(1)
    clusters = np.repeat(np.arange(30), 4)
    one, two = rng.random((2, 3, 120)) < 0.6

    def summed(marks):
        return SeedSums(marks.reshape(3, 30, 4).sum(2), np.full((3, 30), 4.0))

    expected = mean_over_seeds(two.astype(float) - one, clusters)
    found = mean_of_sums(summed(two), summed(one))
    assert found.value == pytest.approx(expected.value)
    assert found.interval == pytest.approx(expected.interval)
    assert found.seed_share == pytest.approx(expected.seed_share)


def test_clusters_count_by_their_answers():
    sums = SeedSums(np.array([[1.0, 6.0], [1.0, 4.0]]), np.array([[1.0, 9.0], [1.0, 9.0]]))
    assert mean_of_sums(sums).value == pytest.approx(0.6)
    assert sums.by_seed.tolist() == [0.7, 0.5]


def test_one_seed_has_the_interval_over_clusters():
    values = np.random.default_rng(2).normal(0.5, 0.1, (1, 200))
    found = mean_of_sums(SeedSums(values, np.ones((1, 200))))
    assert found.standard_error == pytest.approx(stats.sem(values[0]))
    assert found.degrees == 199
    assert found.seed_share == 0.0
