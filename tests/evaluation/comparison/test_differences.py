import dataclasses

import numpy as np
import pytest

from spatialvlm_jax.evaluation.comparison.differences import compare, figure_marks
from spatialvlm_jax.evaluation.comparison.predictions import StoredAnswer
from spatialvlm_jax.evaluation.distribution import ValueReading
from spatialvlm_jax.evaluation.statistics.pairs import paired_difference
from spatialvlm_jax.evaluation.statistics.power import holm


def length(predicted, true=1.0):
    accuracy = float(0.75 * true <= predicted <= 1.25 * true)
    return StoredAnswer(
        "i", "height", "quantitative", "?", "", "", "length", true, predicted, accuracy
    )


def word(accuracy, kind="left_of"):
    nothing = float("nan")
    return StoredAnswer("i", kind, "qualitative", "?", "", "", "", nothing, nothing, accuracy)


def reading(median):
    return ValueReading(median, median, 1.0, (median, median), (median, median), 0.0)


def test_each_figure_counts_its_own_answers():
    answers = [length(1.2), length(float("nan")), word(1.0)]
    marks = {name: m[where].tolist() for name, (where, m) in figure_marks(answers).items()}
    assert marks["within_25"] == [1.0, 0.0]
    assert marks["within_90_110"] == [0.0, 0.0]
    assert marks["number_given"] == [1.0, 0.0]
    assert marks["qualitative_accuracy"] == [1.0]
    assert marks["general_accuracy"] == []
    assert marks["mean_relative_accuracy"] == pytest.approx([0.7, 0.0])


def test_medians_of_distributions_count_where_all_runs_have_them():
    read = [dataclasses.replace(length(2.0), reading=reading(median)) for median in (1.1, 0.4)]
    marks = {name: m[where].tolist() for name, (where, m) in figure_marks(read).items()}
    assert marks["within_25"] == [0.0, 0.0]
    assert marks["within_25_distribution"] == [1.0, 0.0]
    overall, _ = compare([read], [read], np.arange(2))
    found = {figure.name: figure.first for figure in overall}
    assert found["within_50_200_distribution"] == 0.5
    overall, _ = compare([read], [[length(1.0), length(1.0)]], np.arange(2))
    assert "within_50_200_distribution" not in {figure.name for figure in overall}


def test_a_difference_is_second_minus_first_in_clusters_of_pictures():
    images = np.array([0, 0, 1, 1, 2, 2])
    first = [word(x) for x in (1.0, 0, 0, 0, 1, 1)]
    second = [word(x) for x in (1.0, 1, 1, 0, 1, 0)]
    (found,), (of_type,) = compare([first], [second], images)
    expected = paired_difference(
        np.array([1.0, 1, 1, 0, 1, 0]), np.array([1.0, 0, 0, 0, 1, 1]), images
    )
    assert found.first == 0.5
    assert found.second == pytest.approx(4 / 6)
    assert found.difference == pytest.approx(1 / 6)
    assert found.p_value == found.adjusted == expected.p_value
    # Student's interval of three pictures is wider than any difference of shares.
    assert expected.interval == pytest.approx((1 / 6 - 1.434, 1 / 6 + 1.434), abs=1e-3)
    assert found.interval == (-1.0, 1.0)
    assert found.pairs.only_first == 2  # of `pairs`, whose first is the second way
    assert (of_type.name, of_type.type) == ("qualitative_accuracy", "left_of")


def test_many_types_are_adjusted_together():
    rng = np.random.default_rng(0)
    names = [f"type_{number}" for number in range(20)]
    first, second = (
        [word(float(rng.random() < 0.5), name) for name in names for _ in range(100)]
        for _ in range(2)
    )
    _, by_type = compare([first], [second], np.arange(2_000))
    assert len(by_type) == 20
    expected = holm(np.array([figure.p_value for figure in by_type]))
    assert [figure.adjusted for figure in by_type] == expected.tolist()
    assert min(expected) > 10 * min(figure.p_value for figure in by_type)


def test_seeds_that_disagree_widen_the_interval():
    rng = np.random.default_rng(0)
    images = np.repeat(np.arange(100), 4)

    def way(shares):
        drawn = rng.random(400)  # what is hard for one seed is hard for the others
        return [[word(float(each < share)) for each in drawn] for share in shares]

    (steady,), _ = compare(way([0.5] * 3), way([0.6] * 3), images)
    (loose,), _ = compare(way([0.5] * 3), way([0.4, 0.6, 0.8]), images)
    assert (steady.seed_share or 0.0) < 0.6 < (loose.seed_share or 0.0)
    widths = [high - low for low, high in (steady.interval or (0, 0), loose.interval or (0, 0))]
    assert widths[1] > 3 * widths[0] > 0
    assert loose.p_value > 0.05
