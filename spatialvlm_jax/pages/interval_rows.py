"""Figures below each other on one line of numbers, each with its interval and single points."""

import dataclasses
from collections.abc import Sequence

from spatialvlm_jax.pages import svg
from spatialvlm_jax.pages.svg import WIDTH, Axis

_ROW, _FOOT, _MARGIN = 40, 42, 14
_NAME = 48  # characters of a name in a drawing


@dataclasses.dataclass(frozen=True)
class IntervalRow:
    """One figure.

    interval: its ends, None where that is not known. points: what it is the mean of, drawn small.
    written: the value as it is told to those who hear the drawing.
    """

    name: str
    value: float
    interval: tuple[float, float] | None
    written: str
    points: Sequence[float] = ()


def interval_rows(rows: Sequence[IntervalRow], label: str, around: Sequence[float] = ()) -> str:
    """SVG: a line for each row; "" where there is none.

    Args:
      label: what the numbers are. around: further numbers that the axis holds, such as 0.
    """
    if not rows:
        return ""
    ends = [end for row in rows for end in (row.value, *(row.interval or ()), *row.points)]
    low, high = svg.limits([*around, *ends])
    axis = Axis(low, high, label)
    height = len(rows) * _ROW + _FOOT
    bottom = height - _FOOT

    def across(value: float) -> float:
        return _MARGIN + axis.share(value) * (WIDTH - 2 * _MARGIN)

    parts = []
    for value, written in axis.ticks():
        x = across(value)
        parts.append(f'<path class="{"axis" if not value else "grid"}" d="M{x:.1f} 0V{bottom}"/>')
        parts.append(svg.text_at(x, bottom + 17, written, "label", "middle"))
    parts.append(svg.text_at(WIDTH / 2, height - 4, axis.label, "label", "middle"))
    for number, row in enumerate(rows):
        y = number * _ROW + 29
        parts.append(svg.text_at(_MARGIN, y - 13, row.name[:_NAME], "label", "start"))
        if row.interval:
            left, right = (across(end) for end in row.interval)
            parts.append(f'<path class="line s0" d="M{left:.1f} {y}H{right:.1f}"/>')
        dots = [f'<circle cx="{across(each):.1f}" cy="{y}" r="2.5"/>' for each in row.points]
        if dots:
            parts.append(f'<g class="dots s1">{"".join(dots)}</g>')
        parts.append(f'<circle class="dot s0" cx="{across(row.value):.1f}" cy="{y}" r="4"/>')
    told = ", ".join(f"{row.name} {row.written}" for row in rows)
    return svg.document(parts, "chart", WIDTH, height, told)
