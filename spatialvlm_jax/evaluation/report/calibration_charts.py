"""Charts of calibration: what models say of their own sureness against what is found."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from spatialvlm_jax.evaluation.calibration import StatedSpreads, coverage, errors_by_spread
from spatialvlm_jax.pages import svg
from spatialvlm_jax.pages.svg import Axis, Series

EXPLANATION = (
    "On the thin line a model is as sure as it may be. Coverage: how many truths each central "
    "interval of its distributions holds; below the line it is too sure of itself, above it not "
    "sure enough. Error by stated spread: answers in parts, the surest first; across, the factor "
    "that half of them should be off by at most, half the width of the 50 % interval; upwards, the "
    "factor that half of them are; above the line it is too sure."
)
NO_DISTRIBUTION = (
    "No answer has a distribution, so that there is nothing to calibrate: evaluate with "
    "--config.eval.scored_values=64."
)
_LEAST_FACTOR, _MOST_FACTOR = 1.1, 16.0
_Curve = tuple[np.ndarray, np.ndarray]


def calibration_section(spreads: Mapping[str, StatedSpreads]) -> dict[str, Any]:
    """What a page's template is given: charts with their titles, and how to read them."""
    charts = calibration_charts(spreads)
    return {
        "calibration": charts,
        "calibration_note": EXPLANATION if charts else NO_DISTRIBUTION,
    }


def calibration_charts(spreads: Mapping[str, StatedSpreads]) -> list[tuple[str, str]]:
    """Charts with their titles; none where nothing has a distribution.

    Args:
      spreads: by what their lines are called; those of no answer are left out.
    """
    if not any(map(len, spreads.values())):
        return []
    return [
        ("Coverage of intervals", _coverage_chart(spreads)),
        ("Error by stated spread", _spread_chart(spreads)),
    ]


def _coverage_chart(spreads: Mapping[str, StatedSpreads]) -> str:
    series = [_as_sure_as_may_be(0.0, 1.0), *_curves(spreads, coverage)]
    x = Axis(0.0, 1.0, "level of the interval", percent=True)
    y = Axis(0.0, 1.0, "truths inside", percent=True)
    return svg.line_chart(series, x, y, "Truths inside intervals by their level")


def _spread_chart(spreads: Mapping[str, StatedSpreads]) -> str:
    curves = _curves(spreads, errors_by_spread)
    largest = max(max(*each.x, *each.y) for each in curves)
    high = min(max(largest * 1.05, _LEAST_FACTOR), _MOST_FACTOR)
    x = Axis(1.0, high, "half are off by at most, as stated", log=True)
    y = Axis(1.0, high, "half are off by at most", log=True)
    series = [_as_sure_as_may_be(1.0, high), *curves]
    return svg.line_chart(series, x, y, "Error of answers by their stated spread")


def _curves(
    spreads: Mapping[str, StatedSpreads], curve: Callable[[StatedSpreads], _Curve]
) -> Sequence[Series]:
    found = []
    for color, (name, each) in enumerate(spreads.items()):
        if len(each):
            xs, ys = curve(each)
            count = f"{len(each):,} answer{'s' if len(each) != 1 else ''}"
            title = f"{name}, {count}" if name else count
            found.append(Series(title, xs.tolist(), ys.tolist(), color % svg.SERIES_COLORS))
    return found


def _as_sure_as_may_be(low: float, high: float) -> Series:
    return Series("", [low, high], [low, high], faint=True)
