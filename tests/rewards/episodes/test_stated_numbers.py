"""Numbers as data sets state them of themselves."""

import math

import pytest

from spatialvlm_jax.rewards.episodes.stated_numbers import stated_number, stated_seconds


def test_whole_numbers_may_be_stated_as_json_has_them():
    assert [stated_number(each, "length") for each in (0, 3.0, "12", 2**62 - 1)] == [
        *(0, 3, 12),
        2**62 - 1,
    ]


@pytest.mark.parametrize(
    "value", [None, True, -1, 0.5, math.inf, math.nan, 2**62, 10**400, 1e300, "-1", "1e3", "²", [1]]
)
def test_what_is_no_whole_number_is_refused(value):
    with pytest.raises(ValueError, match="^length is .*, no whole number from 0 to 2"):
        stated_number(value, "length")


def test_times_are_numbers():
    assert [stated_seconds(each, "from") for each in (0, -1.5, 20.25)] == [0.0, -1.5, 20.25]
    for value in (None, True, "1", math.inf, math.nan, 10**400, [1.0]):
        with pytest.raises(ValueError, match="^from is .*, no number of seconds"):
            stated_seconds(value, "from")
