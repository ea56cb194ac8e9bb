"""What is kept of a trial's answers: marks and errors, summed over groups of pictures.

Pictures are what intervals take as sampled. A thousand of them in a hundred groups give the same
intervals, as groups are drawn without regard to what they show, and files stay small.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from spatialvlm_jax.evaluation.comparison.differences import figure_marks
from spatialvlm_jax.evaluation.comparison.predictions import StoredAnswer

GROUPS = 100
NEAR_METRES = 1.0
_SHARES = (
    *("qualitative_accuracy", "within_50_200", "within_66_150", "within_90_110"),
    "general_accuracy",
)
_NEAR = "_near"
TITLES = {
    "qualitative_accuracy": "qualitative accuracy, %",
    "within_50_200": "within [50, 200] % of truth, %",
    "within_66_150": "within [66.7, 150] % of truth, %",
    "within_90_110": "within [90, 110] % of truth, %",
    "general_accuracy": "general accuracy, %",
    "squared_error": "mean squared error, m²",
    "within_50_200_near": "within [50, 200] % of truth, objects under 1 m, %",
    "squared_error_near": "mean squared error, objects under 1 m, m²",
}


@dataclasses.dataclass(frozen=True)
class GroupSums:
    """Marks or errors of one figure: of each group of pictures their sum and number."""

    sums: tuple[float, ...]
    counts: tuple[int, ...]


def is_squared_error(figure: str) -> bool:
    """Whether a figure is an error in square metres, and no share."""
    return figure.startswith("squared_error")


def group_sums(answers: Sequence[StoredAnswer]) -> dict[str, GroupSums]:
    """Sums of all figures over groups of pictures, by name as in `TITLES`.

    A picture's group is its place among all in order of their names. Squared errors are of lengths,
    and leave out answers without a number.
    """
    _, pictures = np.unique([answer.image for answer in answers], return_inverse=True)
    groups = pictures % GROUPS
    near = np.array([answer.distance for answer in answers], np.float64) < NEAR_METRES
    marks = figure_marks(answers)
    figures = {name: marks[name] for name in _SHARES} | {"squared_error": _errors(answers)}
    for name in ("within_50_200", "squared_error"):
        counts, values = figures[name]
        figures[name + _NEAR] = counts & near, values
    return {name: _summed(*figure, groups) for name, figure in figures.items()}


def _errors(answers: Sequence[StoredAnswer]) -> tuple[np.ndarray, np.ndarray]:
    """Which answers are lengths, bool[N], and their squared errors float64[N], square metres."""
    true, predicted = (
        np.array([getattr(answer, name) for answer in answers], np.float64)
        for name in ("true", "predicted")
    )
    lengths = np.array([answer.dimension == "length" for answer in answers])
    return lengths & np.isfinite(predicted), (predicted - true) ** 2


def _summed(counts: np.ndarray, values: np.ndarray, groups: np.ndarray) -> GroupSums:
    size = int(groups.max()) + 1
    sums = np.bincount(groups[counts], values[counts], size)
    numbers = np.bincount(groups[counts], minlength=size)
    return GroupSums(tuple(round(each, 5) for each in sums.tolist()), tuple(numbers.tolist()))
