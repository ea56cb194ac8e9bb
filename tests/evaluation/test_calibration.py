import math

import numpy as np
import pytest

from spatialvlm_jax.evaluation.calibration import StatedSpreads, coverage, errors_by_spread
from spatialvlm_jax.evaluation.distribution import ValueReading


def spreads(count, said, true=1.0, known=True):
    """Log-normal distributions that say `said` of a spread, of truths that spread by `true`."""
    draws = np.random.default_rng(0)
    off = draws.normal(size=count) * true * said
    widths = {50: 0.67449 * said, 90: 1.64485 * said}

    def reading(number):
        fifty, ninety = (
            (math.exp(-wide[number]), math.exp(wide[number])) for wide in widths.values()
        )
        z = off[number] / said[number]
        below = 0.5 * (1 + math.erf(z / math.sqrt(2))) if known else None
        return ValueReading(1.0, 1.0, 1.0, fifty, ninety, 0.0, below)

    return StatedSpreads.of(
        zip([reading(number) for number in range(count)], np.exp(off).tolist(), strict=True)
    )


SAID = np.geomspace(0.05, 0.5, 4_000)


def test_as_many_truths_are_inside_as_a_calibrated_model_says():
    levels, held = coverage(spreads(4_000, SAID))
    assert (levels[0], levels[-1], len(levels)) == (0.0, 1.0, 21)
    assert held == pytest.approx(levels, abs=0.03)
    levels, held = coverage(spreads(4_000, SAID, true=2.0))
    assert held[10] == pytest.approx(0.264, abs=0.03)  # of N(0, 2) within .674
    assert (held[1:-1] < levels[1:-1]).all()


def test_intervals_tell_two_levels_where_no_more_is_kept():
    known, unknown = spreads(4_000, SAID), spreads(4_000, SAID, known=False)
    levels, held = coverage(unknown)
    assert levels.tolist() == [0.5, 0.9]
    assert held == pytest.approx(coverage(known)[1][[10, 18]])


def test_a_truth_that_was_held_impossible_is_in_no_interval():
    beyond = ValueReading(1.0, 1.0, 1.0, (0.9, 1.1), (0.8, 1.2), 0.0, 1.0)
    assert coverage(StatedSpreads.of([(beyond, 9.0)]))[1].max() == 0.0


def test_half_are_off_by_what_is_stated_where_a_model_is_calibrated():
    stated, found = errors_by_spread(spreads(4_000, SAID))
    assert len(stated) == 10
    assert (np.diff(stated) > 0).all()
    assert np.log(found) == pytest.approx(np.log(stated), rel=0.15)
    _, doubled = errors_by_spread(spreads(4_000, SAID, true=2.0))
    assert np.log(doubled) == pytest.approx(2 * np.log(stated), rel=0.15)


def test_few_answers_are_one_part_and_unusable_ones_left_out():
    stated, found = errors_by_spread(spreads(5, SAID[:5]))
    assert len(stated) == len(found) == 1
    nan = float("nan")
    odd = [
        ValueReading(1.0, 1.0, 1.0, (0.9, 1.1), (0.8, 1.2), 0.0),
        ValueReading(1.0, 1.0, 1.0, (nan, nan), (nan, nan), 0.0),
    ]
    assert len(StatedSpreads.of(zip(odd, [2.0, 2.0], strict=True))) == 1
    assert len(StatedSpreads.of(zip(odd, [0.0, 2.0], strict=True))) == 0
    assert len(StatedSpreads.of([])) == 0
