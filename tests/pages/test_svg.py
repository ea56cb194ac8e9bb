import xml.etree.ElementTree as ET

import pytest

from spatialvlm_jax.pages import svg
from spatialvlm_jax.pages.svg import Axis, PlotArea, Series


def test_axes_map_limits_to_corners_and_logs_by_ratio():
    frame = PlotArea(Axis(0.1, 10, "x", log=True), Axis(0, 2, "y"))
    assert frame.point(0.1, 0) == (svg.LEFT, svg.HEIGHT - svg.BOTTOM)
    assert frame.point(10, 2) == (svg.WIDTH - svg.RIGHT, svg.TOP)
    x, y = frame.point(1, 1)
    assert x == pytest.approx((svg.LEFT + svg.WIDTH - svg.RIGHT) / 2)
    assert y == pytest.approx((svg.TOP + svg.HEIGHT - svg.BOTTOM) / 2)


def test_limits_of_nothing_and_of_a_constant_leave_room():
    assert svg.limits([]) == (0.0, 1.0)
    low, high = svg.limits([3.0, 3.0])
    assert low < 3 < high


def charts():
    x, y = Axis(0, 10, "<step>"), Axis(0, 1, "a & b")
    lines = [
        Series("<b>", [0, 5, 10], [0.1, float("nan"), 0.9]),
        Series("", [0, 1], [0, 1], 1, True),
    ]
    yield svg.line_chart(lines, x, y, 'a "title" <here>')
    log = Axis(0.1, 10, "true", log=True)
    yield svg.scatter([Series("<b>", [0.2, 5], [0.3, 4], 1)], log, "said", "scatter")
    yield svg.histogram([3, 0, 1], [0, 3, 6, 10], x, y, "histogram")


@pytest.mark.parametrize("chart", list(charts()))
def test_charts_are_well_formed_and_escape_their_text(chart):
    root = ET.fromstring(f"<div>{chart}</div>")
    assert root.find("svg") is not None
    assert "<b>" not in chart
    assert "nan" not in chart


def test_a_missing_value_breaks_the_line():
    frame = PlotArea(Axis(0, 2, ""), Axis(0, 1, ""))
    path = frame.path([0, 1, 2], [0, float("nan"), 1], "line")
    assert path.count("M") == 2
    assert "L" not in path


def test_histogram_draws_only_bars_that_count():
    chart = svg.histogram([3, 0, 1], [0, 1, 2, 3], Axis(0, 3, ""), Axis(0, 4, ""), "")
    assert chart.count("<rect") == 2
