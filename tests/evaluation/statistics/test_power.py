import math

import numpy as np
import pytest

from spatialvlm_jax.evaluation.statistics import power
from spatialvlm_jax.evaluation.statistics.power import (
    holm,
    smallest_difference,
    written_chance,
)


def test_holm_by_hand():
    adjusted = holm(np.array([0.04, 0.01, 0.03, 0.005]))
    assert adjusted == pytest.approx([0.06, 0.03, 0.06, 0.02])
    assert holm(np.array([0.9, 0.8])).tolist() == [1.0, 1.0]
    assert holm(np.array([])).tolist() == []


@pytest.mark.parametrize(
    ("p_value", "written"),
    [(0.0, "<.001"), (9.9e-4, "<.001"), (0.001, ".001"), (0.0344, ".034"), (1.0, "1.000")],
)
def test_no_chance_is_written_as_nothing(p_value: float, written: str):
    assert written_chance(p_value) == written


def test_what_215_paired_questions_can_show():
    error = math.sqrt(0.37 * 0.63 / 215)
    assert smallest_difference(error, 214) == pytest.approx(0.0926, abs=1e-4)
    assert smallest_difference(error * math.sqrt(2), 214) == pytest.approx(0.131, abs=1e-3)


def test_seeds_that_are_needed_show_the_wanted_difference_and_one_less_does_not():
    # A standard deviation of .03 between seeds, and pictures with a standard error of .002.
    def shown(seeds: int) -> float:
        error = math.sqrt(0.03**2 / seeds + 0.002**2)
        return power.smallest_difference(error, seeds - 1)

    for seeds in (2, 3, 10):
        share = 0.03**2 / seeds / (0.03**2 / seeds + 0.002**2)
        needed = power.seeds_needed(shown(seeds), share, seeds=seeds, clusters=1_000, wanted=0.02)
        assert needed is not None
        assert shown(needed) <= 0.02 < shown(needed - 1)
    assert power.seeds_needed(shown(3), 0.1, seeds=3, clusters=1_000, wanted=1e-4) is None
