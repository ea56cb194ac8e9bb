"""The report's charts: training curves, predicted against true lengths, how far answers are off."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from spatialvlm_jax.evaluation import metrics
from spatialvlm_jax.evaluation.answers import Answer
from spatialvlm_jax.evaluation.columns import AnswerColumns
from spatialvlm_jax.evaluation.scorer import Summary
from spatialvlm_jax.pages import svg
from spatialvlm_jax.pages.svg import Axis, Series

_CURVES = {
    "qualitative_accuracy": "qualitative accuracy",
    "within_25": "lengths within 25 %",
    "within_50_200": "lengths within [50, 200] %",
    "general_accuracy": "general VQA accuracy",
}
_CURVE_POINTS = 400
_FACTORS = 61
_SCATTER_POINTS = 1_500
_OCTAVES, _BINS_PER_OCTAVE = 3, 6


def loss_chart(rows: Sequence[Mapping[str, Any]]) -> str:
    """The loss over steps, raw and as a running mean; "" without rows that have a loss."""
    steps, losses = _losses(rows)
    if not len(steps):
        return ""
    low, high = svg.limits(np.quantile(losses, [0.0, 0.995]).tolist())
    series = [
        Series("", *_thin(steps, losses), faint=True),
        Series("", *_thin(*_running_mean(steps, losses))),
    ]
    x = _step_axis(steps[0], steps[-1])
    y = Axis(max(low, 0.0), high, "loss, nats")
    return svg.line_chart(series, x, y, "Training loss by step")


def loss_curves(runs: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """Running means of the losses of runs, by name; "" where none has a loss."""
    means = {name: _running_mean(*_losses(rows)) for name, rows in runs.items()}
    known = {name: mean for name, mean in means.items() if len(mean[0])}
    if not known:
        return ""
    ends = np.concatenate([steps[[0, -1]] for steps, _ in known.values()])
    low, high = svg.limits(np.concatenate([losses for _, losses in known.values()]).tolist())
    series = [
        Series(name, *_thin(*known[name]), color % svg.SERIES_COLORS)
        for color, name in enumerate(runs)
        if name in known
    ]
    x, y = _step_axis(ends.min(), ends.max()), Axis(max(low, 0.0), high, "loss, nats")
    return svg.line_chart(series, x, y, "Training loss by step, of each run")


def figure_curves(metric: str, runs: Mapping[str, Mapping[int, Summary]]) -> str:
    """A held-out share over steps, of runs by name; "" where none has two evaluations."""
    if all(len(evaluations) < 2 for evaluations in runs.values()):
        return ""
    series, steps = [], list[int]()
    for color, (name, evaluations) in enumerate(runs.items()):
        known = _known(metric, evaluations)
        if known:
            steps += [step for step, _ in known]
            xs, ys = zip(*known, strict=True)
            series.append(Series(name, xs, ys, color % svg.SERIES_COLORS))
    if not series:
        return ""
    x, y = _step_axis(min(steps), max(steps)), Axis(0.0, 1.0, "share of answers", percent=True)
    return svg.line_chart(series, x, y, f"{_CURVES.get(metric, metric)} by step, of each run")


def _losses(rows: Sequence[Mapping[str, Any]]) -> tuple[np.ndarray, np.ndarray]:
    """Steps and losses of the rows that have one, float64[N] each."""
    kept = [(row["step"], row["loss"]) for row in rows if isinstance(row.get("loss"), float)]
    steps, losses = np.array(kept, np.float64).reshape(-1, 2).T
    return steps, losses


def _running_mean(steps: np.ndarray, losses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean over a fortieth of all, at its middle."""
    if not len(losses):
        return steps, losses
    width = max(1, len(losses) // 40)
    smooth = np.convolve(losses, np.ones(width) / width, mode="valid")
    return steps[(width - 1) // 2 :][: len(smooth)], smooth


def _known(metric: str, evaluations: Mapping[int, Summary]) -> list[tuple[int, float]]:
    """Steps at which a figure is known, with its value."""
    return [
        (step, figures[metric]["value"])
        for step, figures in evaluations.items()
        if figures.get(metric, {}).get("value") is not None
    ]


def accuracy_chart(evaluations: Mapping[int, Summary]) -> str:
    """Held-out figures over steps; "" with fewer than two evaluations."""
    if len(evaluations) < 2:
        return ""
    series = []
    for color, (name, title) in enumerate(_CURVES.items()):
        known = _known(name, evaluations)
        if known:
            steps, values = zip(*known, strict=True)
            series.append(Series(title, steps, values, color))
    x = _step_axis(min(evaluations), max(evaluations))
    y = Axis(0.0, 1.0, "share of answers", percent=True)
    return svg.line_chart(series, x, y, "Held-out accuracy by step")


def scatter_chart(answers: Sequence[Answer]) -> str:
    """Predicted against true lengths by question type; "" where no length was predicted."""
    said = _with_length(answers)
    lengths = {}
    for name in dict.fromkeys(answer.record.type for answer in said):
        members = [answer for answer in said if answer.record.type == name]
        true = np.array([answer.record.value for answer in members])
        lengths[name.replace("_", " ")] = np.array([answer.value for answer in members]), true
    return length_scatter(lengths)


def length_scatter(lengths: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> str:
    """Predicted against true lengths; "" where none was predicted.

    Args:
      lengths: predicted (NaN where none was) and true ones, float64[N], metres, by what their
        points are called.
    """
    said = {name: _positive(*each) for name, each in lengths.items()}
    every = -(-sum(len(true) for _, true in said.values()) // _SCATTER_POINTS)
    if not every:
        return ""
    shown = {name: (one[::every], true[::every]) for name, (one, true) in said.items()}
    predicted, truths = (np.concatenate(each) for each in zip(*shown.values(), strict=True))
    # An absurd prediction is drawn on the edge rather than squeezing all others.
    low = max(min(predicted.min(), truths.min()) / 1.2, truths.min() / 10)
    high = min(max(predicted.max(), truths.max()) * 1.2, truths.max() * 10)
    series = [
        Series(name, true.tolist(), one.tolist(), color % svg.SERIES_COLORS)
        for color, (name, (one, true)) in enumerate(shown.items())
    ]
    axis = Axis(float(low), float(high), "true length, metres", log=True)
    return svg.scatter(series, axis, "predicted length, metres", "Predicted against true length")


def _positive(predicted: np.ndarray, true: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    known = np.isfinite(predicted) & (predicted > 0) & (true > 0)
    return predicted[known], true[known]


def ratio_chart(answers: Sequence[Answer]) -> str:
    """A histogram of predicted by true length on a logarithmic axis; "" where there are none."""
    said = _with_length(answers)
    if not said:
        return ""
    octaves = np.log2([(answer.value or 0.0) / answer.record.value for answer in said])
    edges = np.linspace(-_OCTAVES, _OCTAVES, 2 * _OCTAVES * _BINS_PER_OCTAVE + 1)
    counts, _ = np.histogram(np.clip(octaves, -_OCTAVES, _OCTAVES), edges)
    x = Axis(2.0**-_OCTAVES, 2.0**_OCTAVES, "predicted length ÷ true length", log=True)
    y = Axis(0.0, 1.05 * float(counts.max()), "number of answers", whole=True)
    return svg.histogram(
        counts.tolist(), (2.0**edges).tolist(), x, y, "How far predicted lengths are off"
    )


def range_chart(lengths: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> str:
    """The share of answers within each factor of the truth; "" where no number was asked for.

    Args:
      lengths: predicted and true numbers float64[N] by what their line is called.
    """
    if not any(len(true) for _, true in lengths.values()):
        return ""
    factors = np.geomspace(1, metrics.MOST_FACTOR, _FACTORS)
    series = []
    for color, (name, (predicted, true)) in enumerate(lengths.items()):
        shares = metrics.in_range_curve(predicted, true, factors)
        color %= svg.SERIES_COLORS
        series.append(Series(name, factors.tolist(), shares.tolist(), color))
    x = Axis(1.0, metrics.MOST_FACTOR, "off by at most this factor", log=True)
    y = Axis(0.0, 1.0, "share of answers", percent=True)
    return svg.line_chart(series, x, y, "Answers in range by factor")


def asked_numbers(answers: Sequence[Answer]) -> tuple[np.ndarray, np.ndarray]:
    """Predicted (NaN where none was) and true numbers of questions for one, angles left out."""
    measured = AnswerColumns.of(answers).measured()
    return measured.predicted, measured.true


def _step_axis(first: float, last: float) -> Axis:
    return Axis(float(first), float(max(last, first + 1)), "training step", whole=True)


def _with_length(answers: Sequence[Answer]) -> list[Answer]:
    return [
        answer
        for answer in answers
        if answer.record.kind == "quantitative"
        and answer.dimension == "length"
        and answer.record.value > 0
        and (answer.value or 0) > 0
    ]


def _thin(x: np.ndarray, y: np.ndarray) -> tuple[list[float], list[float]]:
    every = -(-len(x) // _CURVE_POINTS)
    return x[::every].tolist(), y[::every].tolist()
