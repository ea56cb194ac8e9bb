import math

import numpy as np
import pytest

from spatialvlm_jax.generation.wording.phrasing import format_quantity
from spatialvlm_jax.generation.wording.spoken_values import RANGES, spoken_values
from spatialvlm_jax.units import DIMENSIONS, SI


@pytest.mark.parametrize("unit", [unit for unit in SI if DIMENSIONS[unit] in RANGES])
def test_every_length_between_two_edges_is_said_so(unit):
    spoken = spoken_values((unit,))
    assert len(set(spoken.texts)) == len(spoken.texts)
    assert np.array_equal(spoken.high[:-1], spoken.low[1:])
    middles = np.exp((spoken.low + spoken.high) / 2)
    said = [format_quantity(float(value), unit) for value in middles]
    assert np.mean(np.array(said) == np.array(spoken.texts)) > 0.9  # but at steps of rounding


def test_two_digits_of_metres():
    spoken = spoken_values(("m",))
    assert spoken.texts[:3] == ("0.020 m", "0.021 m", "0.022 m")
    assert spoken.texts[-1] == "50 m"
    place = spoken.texts.index("2.1 m")
    assert math.exp(spoken.low[place]) == pytest.approx(2.05)
    assert math.exp(spoken.high[place]) == pytest.approx(2.15)


def test_some_answers_stand_for_those_between_them():
    spoken = spoken_values(("m", "ft"))
    chosen = spoken.spread(20)
    assert len(chosen) == 20
    assert (np.diff(chosen) > 0).all()
    assert np.bincount(spoken.units[chosen]).tolist() == [10, 10]
    low, high = spoken.cells(chosen)
    for unit in (0, 1):
        of_unit = spoken.units[chosen] == unit
        assert np.array_equal(high[of_unit][:-1], low[of_unit][1:])
        assert low[of_unit][0] == spoken.low[chosen[of_unit][0]]
    whole = spoken.cells(np.arange(len(spoken.texts)))
    assert np.array_equal(whole, (spoken.low, spoken.high))


def test_angles_and_no_unit_are_refused():
    for units in ((), ("degrees",), ("m", "degrees")):
        with pytest.raises(ValueError, match="spaced in ratio"):
            spoken_values(units)
