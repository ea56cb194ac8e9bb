"""Figures of arms, and differences to the first, from what is on disk."""

import numpy as np
import pytest

from spatialvlm_jax.evaluation.comparison.differences import ComparedFigure
from spatialvlm_jax.sweeps.record import load_sweep
from spatialvlm_jax.sweeps.results import ArmFigure, read_results
from spatialvlm_jax.sweeps.table import arm_cells
from tests.sweeps.stored_answers import IMAGES, fail, finish
from tests.sweeps.stub_trials import stub_sweep


def draw(share: float, seed: int):
    """Relations that are right with this chance; equal seeds agree as far as shares do."""
    chances = np.random.default_rng(seed).random((IMAGES, 4))
    return lambda image, question: bool(chances[image, question] < share)


def versus(arm: ArmFigure) -> ComparedFigure:
    assert arm.versus is not None
    return arm.versus


def swept(folder, seeds=3):
    trials = stub_sweep(folder, seeds)
    for trial in trials:
        if trial.arm.name == "a":
            finish(trial, draw(0.5, trial.seed))
        elif trial.arm.name == "b":
            finish(trial, draw(0.8, trial.seed), factor=1.5)
    return trials


def test_means_and_paired_differences_over_seeds(tmp_path):
    swept(tmp_path)
    results = read_results(load_sweep(tmp_path), tmp_path, 0.02)
    first, second = results.overall["qualitative_accuracy"]
    right = [
        [draw(share, seed)(i, q) for i in range(IMAGES) for q in range(2)]
        for share in (0.5, 0.8)
        for seed in (1, 2, 3)
    ]
    assert first.value == pytest.approx(np.mean(right[:3]))
    assert (first.seeds, first.questions, first.images) == (3, 2 * IMAGES, IMAGES)
    assert first.versus is None
    assert versus(second).difference == pytest.approx(np.mean(right[3:]) - np.mean(right[:3]))
    low, high = versus(second).interval or (0.0, 0.0)
    assert 0 < low < versus(second).difference < high
    assert second.pairs == 3
    assert 0 <= (versus(second).seed_share or -1) <= 1
    heights = results.by_type["within_25", "height"]
    assert [arm.value for arm in heights] == [1.0, 0.0]
    assert [arm.value for arm in results.overall["within_50_200"]] == [1.0, 1.0]


def test_the_interval_of_a_share_at_its_end_is_not_nothing(tmp_path):
    swept(tmp_path)
    results = read_results(load_sweep(tmp_path), tmp_path, 0.02)
    for arm in results.overall["within_25"]:
        low, high = arm.interval
        assert 0 <= low < high <= 1
        assert high - low > 0.1


def test_only_common_seeds_are_compared_and_arms_without_any_are_left_out(tmp_path):
    trials = swept(tmp_path)
    (trials[4].workdir / "finished.json").unlink()  # b, seed 2
    fail(trials[2], ("said this", "out of memory"))
    results = read_results(load_sweep(tmp_path), tmp_path, 0.02)
    arms = results.overall["qualitative_accuracy"]
    assert [(arm.arm, arm.seeds, arm.pairs) for arm in arms] == [("a", 3, 0), ("b", 2, 2)]
    assert [trial.title for trial in results.failed] == ["c, seed 1"]
    assert results.waiting == 3
    assert len(results.finished) == 5


def test_p_values_are_adjusted_for_the_number_of_arms(tmp_path):
    for trial in stub_sweep(tmp_path, 3):
        share = {"a": 0.5, "b": 0.7, "c": 0.52}[trial.arm.name]
        finish(trial, draw(share, trial.seed))
    results = read_results(load_sweep(tmp_path), tmp_path, 0.02)
    _, second, third = results.overall["qualitative_accuracy"]
    p, q = versus(second).p_value, versus(third).p_value
    assert p < q
    assert versus(second).adjusted == pytest.approx(min(1, 2 * p))
    assert versus(third).adjusted == pytest.approx(max(q, min(1, 2 * p)))


def test_more_seeds_are_needed_for_a_smaller_difference(tmp_path):
    swept(tmp_path)

    def needed(wanted: float) -> int | None:
        results = read_results(load_sweep(tmp_path), tmp_path, wanted)
        return results.overall["qualitative_accuracy"][1].needed

    assert 2 <= (needed(0.9) or 0) <= (needed(0.5) or 0)
    assert needed(1e-3) is None


def test_what_few_seeds_can_show_is_told_as_it_is_and_capped_where_it_is_printed(tmp_path):
    for trial in stub_sweep(tmp_path, 2):
        if trial.arm.name != "c":  # the second seed of the second arm is worse by all
            share = {"a1": 0.0, "b1": 1.0, "a2": 1.0, "b2": 0.0}[f"{trial.arm.name}{trial.seed}"]
            finish(trial, draw(share, trial.seed))
    results = read_results(load_sweep(tmp_path), tmp_path, 0.5)
    second = results.overall["qualitative_accuracy"][1]
    # One degree of freedom: (12.7 + 1.38) times an error of about 1.
    assert (versus(second).smallest_difference or 0.0) == pytest.approx(14.08, rel=0.05)
    # An error of √2 a seed, eleven degrees of twelve pictures: (2.20 + .876) √(2 / n) ≤ .5.
    assert second.needed == 76
    assert arm_cells(second)[7] == "100.0 %"


def test_one_seed_has_differences_over_pictures_and_says_nothing_of_seeds(tmp_path):
    swept(tmp_path, seeds=1)
    results = read_results(load_sweep(tmp_path), tmp_path, 0.02)
    _, second = results.overall["qualitative_accuracy"]
    assert versus(second).interval is not None
    assert versus(second).seed_share is None
    assert second.needed is None


def test_nothing_finished_is_no_error(tmp_path):
    stub_sweep(tmp_path)
    results = read_results(load_sweep(tmp_path), tmp_path, 0.02)
    assert results.overall == {}
    assert results.waiting == 6


def test_the_least_that_all_arms_can_show_is_that_of_the_worst(tmp_path):
    for trial in stub_sweep(tmp_path, 3):
        share = {"a": 0.5, "b": 0.7, "c": 0.52}[trial.arm.name]
        finish(trial, draw(share, trial.seed))
    results = read_results(load_sweep(tmp_path), tmp_path, 0.02)
    _, second, third = results.overall["qualitative_accuracy"]
    shown = [versus(arm).smallest_difference or 0.0 for arm in (second, third)]
    assert min(shown) > 0
    assert results.largest_shown(["qualitative_accuracy", "general_accuracy"]) == max(shown)
    assert results.largest_shown(["within_25"]) is None  # no answer differs
    assert results.largest_shown([]) is None
