"""Two models that were asked the same questions of a benchmark, side by side."""

import dataclasses

import numpy as np

from spatialvlm_jax.errors import one_line
from spatialvlm_jax.evaluation.benchmarks.scoring import OFFICIAL, ROBUST, Scores, headline_name
from spatialvlm_jax.evaluation.statistics.pairs import (
    PairedDifference,
    paired_difference,
    possible_difference,
    possible_interval,
)
from spatialvlm_jax.evaluation.statistics.power import written_chance

_CARRIERS = 5
_SHOWN = 40  # characters of a picture's name


def compare_marks(first: Scores, second: Scores, rule: str) -> PairedDifference:
    """The first model's headline by a rule minus the second's, clustered by picture.

    Questions weigh as in the headline: those that are no part of it take no part here.

    Args:
      first, second: of the same questions in the same order.

    Raises:
      ValueError: no question has a weight.
    """
    pairs = list(zip(first.replies, second.replies, strict=True))
    marks = np.array([[each.marks[rule].score for each in pair] for pair in pairs])
    weights = first.benchmark.weights([each.item for each in first.replies])
    found = paired_difference(marks[:, 0], marks[:, 1], pictures_of(first)[1], _CARRIERS, weights)
    return dataclasses.replace(
        found,
        interval=possible_interval(found.interval),
        smallest_difference=possible_difference(found.smallest_difference),
    )


def pictures_of(scores: Scores) -> tuple[np.ndarray, np.ndarray]:
    """The names of the pictures, and int[N], which of them each question is about."""
    names = [each.item.image_id for each in scores.replies]
    found, numbers = np.unique(names, return_inverse=True)
    return found, numbers


def comparison_lines(first: Scores, second: Scores) -> list[str]:
    """By rule: the difference with its interval, who is right where, and what carries it."""
    names, _ = pictures_of(first)
    lines = [f"first less second, {headline_name(first)}:"]
    for rule in (OFFICIAL, ROBUST):
        found = compare_marks(first, second, rule)
        said = f"  {rule} {_points(found.difference)}"
        if found.interval:
            low, high = map(_points, found.interval)
            said += f", 95 % interval {low} to {high}"
        lines.append(f"{said}, p {written_chance(found.p_value)}")
        lines.append(
            f"    right: both {found.both:,}, only the first {found.only_first:,}, only the second "
            f"{found.only_second:,}, neither {found.neither:,}"
        )
        carriers = [(one_line(str(names[at]))[:_SHOWN], part) for at, part in found.carriers]
        if carriers:
            parts = ", ".join(f"{name} {_points(part)}" for name, part in carriers)
            lines.append(f"    most of it from {parts}")
    return lines


def _points(share: float) -> str:
    return f"{100 * share:+.2f} points"
