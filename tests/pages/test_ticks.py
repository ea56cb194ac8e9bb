import pytest
from hypothesis import given
from hypothesis import strategies as st

from spatialvlm_jax.pages.svg import Axis
from spatialvlm_jax.pages.ticks import linear_ticks, log_ticks, tick_labels


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (0, 1000, [0, 200, 400, 600, 800, 1000]),
        (-1, 1, [-1, -0.5, 0, 0.5, 1]),
        (2.3, 7.1, [3, 4, 5, 6, 7]),
    ],
)
def test_linear_ticks_are_round(low, high, ticks):
    assert linear_ticks(low, high) == pytest.approx(ticks)


def test_whole_numbers_are_not_divided():
    assert linear_ticks(0, 2.1, whole=True) == [0, 1, 2]
    assert linear_ticks(-0.5, 4.5, whole=True) == [0, 1, 2, 3, 4]


def test_log_ticks_thin_out_over_many_decades():
    assert log_ticks(0.09, 2.1) == pytest.approx([0.1, 0.2, 0.5, 1, 2])
    assert log_ticks(0.01, 1000) == pytest.approx([0.01, 0.1, 1, 10, 100, 1000])
    assert log_ticks(1e-8, 1e8) == pytest.approx([1e-6, 1e-3, 1, 1e3, 1e6])


def test_a_short_logarithmic_range_has_ticks_all_the_same():
    assert log_ticks(2.1, 4.4) == pytest.approx([2.5, 3, 3.5, 4])


@pytest.mark.parametrize(
    ("values", "percent", "labels"),
    [
        ([0, 0.5, 1], False, ["0", "0.5", "1"]),
        ([0.05, 1, 1000], False, ["0.05", "1", "1,000"]),
        ([-0.2, 0, 0.2], False, ["−0.2", "0", "0.2"]),
        ([0, 0.25, 0.5], True, ["0 %", "25 %", "50 %"]),
        ([2.3000000000000003, 2.4000000000000004], False, ["2.3", "2.4"]),
    ],
)
def test_labels_have_the_decimals_that_they_need(values, percent, labels):
    assert tick_labels(values, percent=percent) == labels


def read(label):
    return float(label.replace(",", "").replace("−", "-").removesuffix(" %"))


@given(
    st.floats(-1e6, 1e6),
    st.floats(1e-3, 1e6),
    st.sampled_from(["", "log", "whole", "percent"]),
)
def test_no_tick_is_missing_or_written_twice(low, span, form):
    if form == "log":
        low, span = abs(low) + 1e-3, span + 1e-2 * abs(low)
    if form == "whole":
        span += 2
    axis = Axis(low, low + span, "", **({form: True} if form else {}))
    ticks = axis.ticks()
    labels = [label for _, label in ticks]
    assert 2 <= len(labels) == len(set(labels)) <= 8
    slack = 1e-6 * span
    assert all(low - slack <= value <= axis.high + slack for value, _ in ticks)
    scale = 100 if form == "percent" else 1
    for value, label in ticks:
        assert read(label) == pytest.approx(value * scale, abs=scale * span / 100)
    if form == "whole":
        assert all(value.is_integer() and "." not in label for value, label in ticks)
