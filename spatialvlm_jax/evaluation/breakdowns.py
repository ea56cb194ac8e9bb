"""Answers in ranges of something that is known of the objects asked about."""

from collections.abc import Callable, Iterator

import numpy as np

from spatialvlm_jax.evaluation.columns import AnswerColumns
from spatialvlm_jax.experiment import Breakdown

# Of the headline figures alone, so that summary.json stays readable.
BROKEN_DOWN = (
    "qualitative_accuracy",
    "within_50_200",
    "within_25",
    "mean_absolute_relative_error",
)
_Part = tuple[str, float, float]
# What is called so, from (included) and up to (excluded).
_PARTS: dict[Breakdown, tuple[_Part, ...]] = {
    "distance": (
        ("below 1 m", 0, 1),
        ("1 to 2 m", 1, 2),
        ("2 to 4 m", 2, 4),
        ("4 to 8 m", 4, 8),
        ("8 m and more", 8, np.inf),
    ),
    "size": (
        ("below 10 cm", 0, 0.1),
        ("10 to 30 cm", 0.1, 0.3),
        ("30 cm to 1 m", 0.3, 1),
        ("1 m and more", 1, np.inf),
    ),
    "occlusion": (
        ("more than half hidden", 0, 0.5),
        ("partly hidden", 0.5, 0.95),
        ("not hidden", 0.95, np.inf),
    ),
}
_OF: dict[Breakdown, Callable[[AnswerColumns], np.ndarray]] = {
    "distance": lambda answers: answers.distance,
    "size": lambda answers: answers.size,
    "occlusion": lambda answers: answers.visible,
}


def broken_down(answers: AnswerColumns, by: Breakdown) -> Iterator[tuple[str, AnswerColumns]]:
    """The answers in each range that has some, with its name: "distance 1 to 2 m"."""
    values = _OF[by](answers)
    for name, low, high in _PARTS[by]:
        inside = (low <= values) & (values < high)
        if inside.any():
            yield f"{by} {name}", answers.take(inside)
