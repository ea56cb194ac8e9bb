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


def test_some_answers_are_spaced_evenly_in_each_unit():
    spoken = spoken_values(("m", "ft"))
    chosen = spoken.spread(20)
    assert len(chosen) == 20
    assert (np.diff(chosen) > 0).all()
    assert np.bincount(spoken.units[chosen]).tolist() == [10, 10]
    middles = ((spoken.low + spoken.high) / 2)[chosen]
    steps = np.diff(middles[:10])
    assert steps == pytest.approx(np.full(9, steps.mean()), rel=0.1)


def test_angles_and_no_unit_are_refused():
    for units in ((), ("degrees",), ("m", "degrees")):
        with pytest.raises(ValueError, match="spaced in ratio"):
            spoken_values(units)
