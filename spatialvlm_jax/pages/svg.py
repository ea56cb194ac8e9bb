"""Inline SVG: small charts, and what drawings share with them.

Colours are left to the page: series i has class "s{i}", everything else one of "axis", "grid",
"label", "band", "faint", "dots". All text is escaped.
"""

import dataclasses
import html
import math
from collections.abc import Iterable, Sequence

from spatialvlm_jax.pages.ticks import linear_ticks, log_ticks, tick_labels

# Small, so that text of 13 units is read on a phone, where the chart is 320 pixels wide.
WIDTH, HEIGHT = 480, 300
LEFT, RIGHT, TOP, BOTTOM = 72, 30, 14, 54
SERIES_COLORS = 8


@dataclasses.dataclass(frozen=True)
class Series:
    """Points of one name; a faint series is drawn thin, behind, and without a legend."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    color: int = 0
    faint: bool = False


@dataclasses.dataclass(frozen=True)
class Axis:
    """One axis: data limits, and what it shows with its unit.

    log: logarithmic. whole: ticks at whole numbers only. percent: shares, written in percent.
    """

    low: float
    high: float
    label: str
    log: bool = False
    whole: bool = False
    percent: bool = False

    def share(self, value: float) -> float:
        """Where `value` lies between the limits, 0 to 1; values outside are put on the edge."""
        value = min(max(value, self.low), self.high)
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def ticks(self) -> list[tuple[float, str]]:
        """Round values between the limits, two to eight, each as it is written."""
        if self.log:
            values = log_ticks(self.low, self.high)
        else:
            values = linear_ticks(self.low, self.high, whole=self.whole)
        return list(zip(values, tick_labels(values, percent=self.percent), strict=True))


def limits(values: Iterable[float], pad: float = 0.05) -> tuple[float, float]:
    """The range of finite values with a margin; (0, 1) where there are none."""
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return 0.0, 1.0
    low, high = min(finite), max(finite)
    margin = (high - low) * pad or abs(high) * pad or 1.0
    return low - margin, high + margin


@dataclasses.dataclass(frozen=True)
class PlotArea:
    """The area inside two axes: from data to pixels."""

    x: Axis
    y: Axis

    def point(self, x: float, y: float) -> tuple[float, float]:
        """Pixel coordinates of a data point."""
        return (
            LEFT + self.x.share(x) * (WIDTH - LEFT - RIGHT),
            HEIGHT - BOTTOM - self.y.share(y) * (HEIGHT - TOP - BOTTOM),
        )

    def axes(self) -> str:
        """Grid, tick labels and axis labels."""
        left, right, bottom = LEFT, WIDTH - RIGHT, HEIGHT - BOTTOM
        parts = []
        for value, written in self.x.ticks():
            x, _ = self.point(value, self.y.low)
            parts.append(f'<path class="grid" d="M{x:.1f} {TOP}V{bottom}"/>')
            parts.append(_text(x, bottom + 19, written, "middle"))
        for value, written in self.y.ticks():
            _, y = self.point(self.x.low, value)
            parts.append(f'<path class="grid" d="M{left} {y:.1f}H{right}"/>')
            parts.append(_text(left - 8, y + 4.5, written, "end"))
        parts.append(f'<path class="axis" d="M{left} {TOP}V{bottom}H{right}"/>')
        parts.append(_text((left + right) / 2, HEIGHT - 8, self.x.label, "middle"))
        middle = (TOP + bottom) / 2
        turn = f' transform="rotate(-90 15 {middle:.0f})"'
        parts.append(_text(15, middle, self.y.label, "middle", turn))
        return "".join(parts)

    def path(
        self, xs: Sequence[float], ys: Sequence[float], css: str, *, close: bool = False
    ) -> str:
        """A line through points, or the area that they enclose; broken where a value is missing."""
        steps, pen = [], "M"
        for x, y in zip(xs, ys, strict=True):
            if not (math.isfinite(x) and math.isfinite(y)):
                pen = "M"
                continue
            px, py = self.point(x, y)
            steps.append(f"{pen}{px:.1f} {py:.1f}")
            pen = "L"
        return f'<path class="{css}" d="{"".join(steps)}{"Z" if close else ""}"/>'


def line_chart(series: Sequence[Series], x: Axis, y: Axis, title: str) -> str:
    """Lines over x, with a legend of those that are not faint."""
    frame = PlotArea(x, y)
    parts = [frame.axes()]
    for item in sorted(series, key=lambda item: not item.faint):
        css = f"line s{item.color}" + (" faint" if item.faint else "")
        parts.append(frame.path(item.x, item.y, css))
        if not item.faint and len(item.x) == 1:
            parts.append(_dot(*frame.point(item.x[0], item.y[0]), 3, f"s{item.color}"))
    named = [item for item in series if not item.faint]
    return _chart(parts, title) + legend(named)


def scatter(series: Sequence[Series], axis: Axis, y_label: str, title: str) -> str:
    """Predicted against true on equal logarithmic axes, with the identity and a twofold band."""
    y_axis = dataclasses.replace(axis, label=y_label)
    frame = PlotArea(axis, y_axis)
    low, high = axis.low, axis.high
    xs, ys = [low, high / 2, high, high, low * 2, low], [low * 2, high, high, high / 2, low, low]
    parts = [frame.path(xs, ys, "band", close=True), frame.axes()]
    parts.append(frame.path([low, high], [low, high], "identity"))
    for item in series:
        points = [frame.point(x, y) for x, y in zip(item.x, item.y, strict=True)]
        dots = "".join(_dot(px, py, 2.4) for px, py in points)
        parts.append(f'<g class="dots s{item.color}">{dots}</g>')
    return _chart(parts, title) + legend(series)


def histogram(counts: Sequence[int], edges: Sequence[float], x: Axis, y: Axis, title: str) -> str:
    """Bars of `counts` between consecutive `edges`."""
    frame = PlotArea(x, y)
    parts = [frame.axes()]
    for count, left, right in zip(counts, edges[:-1], edges[1:], strict=True):
        (x0, y0), (x1, y1) = frame.point(left, 0), frame.point(right, count)
        if count:
            parts.append(
                f'<rect class="bar" x="{x0 + 0.5:.1f}" y="{y1:.1f}" '
                f'width="{max(x1 - x0 - 1, 0.5):.1f}" height="{y0 - y1:.1f}"/>'
            )
    return _chart(parts, title)


def legend(series: Sequence[Series]) -> str:
    """Names beside their colours, as HTML below a chart; nothing for a single unnamed series."""
    items = [
        f'<span class="key"><i class="s{item.color}"></i>{html.escape(item.name)}</span>'
        for item in series
        if item.name
    ]
    return f'<div class="legend">{"".join(items)}</div>' if items else ""


def document(parts: Sequence[str], css: str, width: float, height: float, title: str) -> str:
    """An <svg> of these elements; the title is for those who hear it."""
    label = html.escape(title, quote=True)
    return (
        f'<svg class="{css}" viewBox="0 0 {width} {height}" role="img" aria-label="{label}">'
        f"<title>{label}</title>{''.join(parts)}</svg>"
    )


def _chart(parts: Sequence[str], title: str) -> str:
    return document(parts, "chart", WIDTH, HEIGHT, title)


def _dot(x: float, y: float, radius: float, css: str = "") -> str:
    attribute = f' class="dot {css}"' if css else ""
    return f'<circle{attribute} cx="{x:.1f}" cy="{y:.1f}" r="{radius}"/>'


def text_at(x: float, y: float, text: str, css: str, anchor: str, extra: str = "") -> str:
    """A <text> at this point, escaped.

    Args:
      anchor: "start", "middle" or "end": which part of it lies there.
      extra: further attributes, with a space before each.
    """
    return (
        f'<text class="{css}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{extra}>'
        f"{html.escape(text)}</text>"
    )


def _text(x: float, y: float, text: str, anchor: str, extra: str = "") -> str:
    return text_at(x, y, text, "label", anchor, extra)
