import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spatialvlm_jax.evaluation import baselines, metrics, vqa_accuracy

LENGTHS = st.lists(st.floats(0.05, 20), min_size=1, max_size=30)


@given(LENGTHS, st.sampled_from(sorted(metrics.BOUNDS)))
def test_no_constant_hits_more_than_the_best(lengths, name):
    true, bounds = np.array(lengths), metrics.BOUNDS[name]
    constant, hits = baselines.best_length(true, bounds)
    assert metrics.within(np.full(len(true), constant), true, bounds).sum() == hits
    tries = np.concatenate([bounds[0] * true, true, bounds[1] * true, np.geomspace(0.01, 50, 300)])
    reached = [metrics.within(np.full(len(true), c), true, bounds).sum() for c in tries]
    assert hits >= max(reached)


def test_best_length_of_literal_values():
    constant, hits = baselines.best_length(np.array([1.0, 1.8, 2.0, 9.0]), (0.5, 2.0))
    assert hits == 3
    assert 1.0 <= constant <= 2.0
    assert baselines.best_length(np.array([]), (0.5, 2.0))[1] == 0


@given(LENGTHS)
def test_no_constant_hits_more_of_several_bounds_than_the_best(lengths):
    true, bounds = np.array(lengths), metrics.RELATIVE_BOUNDS
    constant, hits = baselines.best_length(true, *bounds)

    def reached(c):
        return metrics.relative_accuracy(np.full(len(true), c), true).sum() * len(bounds)

    assert reached(constant) == pytest.approx(hits)
    assert hits >= max(map(reached, [*true, *np.geomspace(0.01, 50, 200)])) - 1e-9


@given(LENGTHS)
def test_no_constant_has_a_larger_area_than_the_best(lengths):
    true = np.array(lengths)
    constant, area = baselines.best_length_by_factor(true)

    def reached(c):
        return metrics.range_scores(np.full(len(true), c), true).sum()

    assert area == pytest.approx(reached(constant))
    assert area >= max(map(reached, [*true, *np.geomspace(0.01, 50, 200)])) - 1e-9
    assert baselines.best_length_by_factor(np.zeros(2))[1] == 0.0


@given(LENGTHS)
def test_no_constant_errs_less_than_the_weighted_median(lengths):
    true = np.array(lengths)
    constant, error = baselines.best_length_by_error(true)
    assert error == pytest.approx(np.mean(np.abs(constant - true) / true))
    for other in np.concatenate([true, np.geomspace(0.01, 50, 100)]):
        assert error <= np.mean(np.abs(other - true) / true) + 1e-9


def test_the_majority_verdict_is_the_constant_word():
    assert baselines.best_word(["yes", "no", "yes"], [None] * 3) == ("yes", 2)
    assert baselines.best_word([], []) == ("", 0)


def test_always_the_same_position_beats_a_rare_caption():
    verdicts = ["red mug", "blue lamp", "green box"]
    assert baselines.best_word(verdicts, [1, 1, 0]) == ("always the second named", 2)


@given(st.lists(st.floats(-np.pi, np.pi), min_size=1, max_size=20))
def test_no_constant_angle_hits_more_than_the_best(angles):
    true = np.array(angles)
    hits = baselines.best_angle(true, metrics.ANGLE)
    tries = np.concatenate([np.linspace(-np.pi, np.pi, 721), true + metrics.ANGLE * 0.999999])
    reached = [(metrics.angle_errors(np.full(len(true), c), true) <= metrics.ANGLE).sum()
               for c in tries]  # fmt: skip
    assert max(reached) <= hits <= len(true)


def test_best_angle_of_literal_values():
    degrees = np.radians([-40.0, -30.0, -20.0, -10.0, 30.0])
    assert baselines.best_angle(degrees, metrics.ANGLE) == 4
    assert baselines.best_angle(np.radians([175.0, -170.0]), metrics.ANGLE) == 2
    assert baselines.best_angle(np.zeros(0), metrics.ANGLE) == 0


WORDS = st.sampled_from(["yes", "Yes.", "no", "2", "two", "a red mug", "red mug", "dont", "don't"])
PEOPLE = st.lists(st.lists(WORDS, min_size=1, max_size=10), min_size=1, max_size=8)


@given(PEOPLE)
def test_no_constant_text_agrees_more_than_the_best(people):
    text, total = baselines.best_text(people)
    sums = {
        said: sum(vqa_accuracy.accuracy(said, answers) for answers in people)
        for said in {answer for answers in people for answer in answers}
    }
    assert sums[text] == pytest.approx(total)
    assert total == pytest.approx(max(sums.values()))


def test_best_text_of_literal_answers():
    people = [["red"] * 4 + ["blue"] * 6, ["Red", "red", "red", "green"], ["blue"]]
    assert baselines.best_text(people) == ("blue", 2.0)
    assert baselines.best_text([]) == ("", 0.0)
