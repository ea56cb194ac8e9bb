"""Figures of arms, from results that are kept."""

import dataclasses

import numpy as np
import pytest

from spatialvlm_jax.evaluation.statistics.seeds import mean_over_seeds
from spatialvlm_jax.sweeps.findings.measured import (
    ArmDifference,
    MeasuredArm,
    measure_arms,
    share_without_number,
)
from spatialvlm_jax.sweeps.findings.sums import GroupSums
from tests.sweeps.findings.kept_trials import ARMS, RIGHT, kept_trial

NAMES = [arm.name for arm in ARMS]
PICTURES = 40
TRIALS = [(arm.name, kept_trial(arm, seed)) for seed in (1, 2, 3) for arm in ARMS]


def versus_of(arm: MeasuredArm) -> ArmDifference:
    assert arm.versus is not None
    return arm.versus


def test_an_arm_has_its_mean_by_seed_and_the_difference_on_common_seeds():
    first, second = measure_arms(TRIALS, NAMES, "qualitative_accuracy", 0.1, PICTURES)
    assert first.arm == "trained"
    assert first.versus is None
    assert first.by_seed == {1: 0.75, 2: 0.75, 3: 0.75}
    assert first.value == 0.75
    assert first.answers == 16
    assert second.value == 0.5
    assert versus_of(second).value == -0.25
    # One of four answers of every group turns wrong with every seed: nothing varies.
    assert versus_of(second).interval == (-0.25, -0.25)
    assert versus_of(second).can_show is None
    assert versus_of(second).is_apart


def test_intervals_are_those_over_seeds_and_pictures():
    marks = np.array([np.repeat(RIGHT["trained"][seed], 4) / 4 for seed in (1, 2, 3)])
    over = mean_over_seeds(marks, np.repeat(np.arange(4), 4))
    (found,) = measure_arms(TRIALS[::2], NAMES, "qualitative_accuracy", 0.1, PICTURES)
    # Of so few groups Wilson's over pictures is the wider one below.
    assert found.interval[0] <= over.interval[0]
    assert found.interval[1] >= min(1.0, over.interval[1])
    # Seeds 1, 2, 3 by hand: variances of groups' means over .75 * .25 / 15.
    assert found.design_effect == pytest.approx(
        (0.0104167 + 0.0104167 + 0.0208333) / 3 / 0.0125, 1e-4
    )


def test_an_arm_that_is_never_right_is_not_sure_to_be_so_always():
    first, second = measure_arms(TRIALS, NAMES, "within_50_200", 0.1, PICTURES)
    # Wilson's of 0 of 8 answers, as there are more pictures than answers: z² / (8 + z²).
    assert first.interval == pytest.approx((0.0, 3.8415 / (8 + 3.8415)), abs=1e-4)
    assert first.design_effect is None
    assert second.value == 0.2


def test_lengths_without_a_number_are_told_of_every_arm():
    shares = [
        share_without_number([trial for own, trial in TRIALS if own == name], "squared_error")
        for name in NAMES
    ]
    assert shares == [0.0, pytest.approx(0.2)]
    assert share_without_number([TRIALS[0][1]], "squared_error_near") is None


def test_one_seed_has_an_interval_over_pictures_and_no_seeds_needed():
    first, second = measure_arms(TRIALS[:2], NAMES, "qualitative_accuracy", 0.1, PICTURES)
    assert first.interval[0] < 0.75 < first.interval[1]
    assert versus_of(second).pairs == 1
    assert versus_of(second).needed is None


def test_arms_without_results_and_seeds_that_only_one_has_are_left_out():
    assert measure_arms([], NAMES, "qualitative_accuracy", 0.1, PICTURES) == []
    only = measure_arms(TRIALS[1:2], NAMES, "qualitative_accuracy", 0.1, PICTURES)
    assert [(arm.arm, arm.versus) for arm in only] == [("frozen", None)]
    first, second = measure_arms(
        [TRIALS[0], *TRIALS[3:]], NAMES, "qualitative_accuracy", 0.1, PICTURES
    )
    assert list(first.by_seed) == [1, 3]
    assert list(second.by_seed) == [2, 3]
    assert versus_of(second).pairs == 1


def test_seeds_that_vary_say_how_many_are_needed():
    trials = [
        (name, with_right(trial, (4, 4, 4, seed_right) if name == "frozen" else (3, 4, 3, 3)))
        for (name, trial), seed_right in zip(TRIALS, (0, 4, 0, 1, 0, 3), strict=True)
    ]
    _, second = measure_arms(trials, NAMES, "qualitative_accuracy", 0.5, PICTURES)
    versus = versus_of(second)
    assert versus.interval[0] < versus.value < versus.interval[1]
    assert versus.can_show is not None
    assert versus.needed is not None


def with_right(trial, right):
    figures = {"qualitative_accuracy": GroupSums(tuple(map(float, right)), (4,) * 4)}
    return dataclasses.replace(trial, figures=figures)


def test_groups_of_pictures_without_an_answer_of_some_seed_are_left_out():
    gaps = GroupSums((0.25, 0.0, 0.125, 0.125), (2, 0, 2, 2))
    trials = [
        (name, dataclasses.replace(trial, figures={"squared_error": gaps})) if number == 2
        else (name, trial)
        for number, (name, trial) in enumerate(TRIALS)
    ]  # fmt: skip
    first, _ = measure_arms(trials, NAMES, "squared_error", 0.1, PICTURES)
    assert first.value == pytest.approx(0.5 / 6)


def test_one_seed_tells_no_arms_apart():
    first_seed = [(name, trial) for name, trial in TRIALS if trial.seed == 1]
    _, second = measure_arms(first_seed, NAMES, "qualitative_accuracy", 0.1, PICTURES)
    versus = versus_of(second)
    assert versus.interval[1] < 0
    assert not versus.is_apart
