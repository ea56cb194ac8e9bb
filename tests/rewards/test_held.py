"""Readings of a thing and of what holds it, put together."""

import math

import numpy as np
import pytest

from spatialvlm_jax.rewards.held import with_holder

NAN = math.nan


def combined(thing, holder, spreads=(0.1, 0.1)):
    both = (np.array(thing), np.array(holder))
    (own, beside) = ((each, share * each) for each, share in zip(both, spreads, strict=True))
    return with_holder(own, beside)


def test_a_holders_way_counts_at_the_level_of_the_things():
    # Level readings of the thing, and a holder that comes near, read 1.5 times as far.
    distances, spreads = combined([0.4, 0.4, 0.4], [1.2, 0.6, 0.3])
    np.testing.assert_allclose(distances, [0.4 * 2**0.5, 0.4, 0.4 / 2**0.5])
    np.testing.assert_allclose(spreads, 0.1 * distances)


def test_the_surer_of_two_readings_counts_more():
    distances, _ = combined([0.4, 0.4, 0.4], [0.8, 0.4, 0.2], (0.1, 0.2))
    np.testing.assert_allclose(distances, [0.4 * 2**0.2, 0.4, 0.4 / 2**0.2])


@pytest.mark.parametrize(
    ("thing", "holder", "due"),
    [
        ([0.4, NAN, NAN], [0.8, 0.4, NAN], [0.4, 0.2, NAN]),
        ([0.4, 0.3, NAN], [0.8, NAN, NAN], [0.4, 0.3, NAN]),
        ([0.4, NAN], [NAN, 0.2], [0.4, NAN]),
        ([NAN, NAN], [0.3, 0.2], [NAN, NAN]),
        ([0.4, NAN], [NAN, NAN], [0.4, NAN]),
    ],
)
def test_one_reading_alone_counts_where_its_level_is_known(thing, holder, due):
    distances, spreads = combined(thing, holder)
    np.testing.assert_allclose(distances, due)
    np.testing.assert_allclose(spreads, 0.1 * np.array(due))


def test_no_frame_is_nothing():
    assert [each.shape for each in combined([], [])] == [(0,), (0,)]
