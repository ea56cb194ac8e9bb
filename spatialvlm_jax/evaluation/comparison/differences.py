"""Differences between two ways, each of one run or of several seeds, on the same questions."""

import dataclasses
from collections.abc import Sequence

import numpy as np
from scipy import special

from spatialvlm_jax.evaluation import metrics
from spatialvlm_jax.evaluation.comparison.predictions import StoredAnswer
from spatialvlm_jax.evaluation.evaluators.distributions import SUFFIX
from spatialvlm_jax.evaluation.metrics import Interval
from spatialvlm_jax.evaluation.statistics.pairs import (
    PairedDifference,
    paired_difference,
    possible_interval,
)
from spatialvlm_jax.evaluation.statistics.power import LEVEL, holm, smallest_difference
from spatialvlm_jax.evaluation.statistics.seeds import mean_over_seeds

# The figure that stands for a type of question.
OF_TYPES = (
    "qualitative_accuracy",
    "within_25",
    "angle_within_15_degrees",
    "general_accuracy",
)
_OF_DISTRIBUTIONS = ("within_50_200", "within_25", "within_90_110")


@dataclasses.dataclass(frozen=True)
class ComparedFigure:
    """One figure of both ways; shares from 0 to 1.

    difference: second minus first. interval: 95 %, None with one picture.
    p_value: that there is no difference; adjusted: the same, adjusted by Holm for all figures of
      its table.
    smallest_difference: that the sample can show, of few seeds more than shares can differ; None
      where no answer differs.
    pairs: by which of the two is right, and the pictures that carry the difference; of several
      seeds, of their mean marks.
    seed_share: part of the variance that is due to seeds; None with one seed.
    """

    name: str
    type: str
    first: float
    second: float
    difference: float
    interval: Interval | None
    p_value: float
    adjusted: float
    smallest_difference: float | None
    pairs: PairedDifference
    seed_share: float | None

    @property
    def is_sure(self) -> bool:
        """Whether the difference can be believed among all of its table."""
        return self.adjusted <= LEVEL


def figure_marks(answers: Sequence[StoredAnswer]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """By name of a figure, which of N answers count in it, bool[N], and marks float64[N], 0 to 1.

    Marks of answers that do not count mean nothing.
    """
    kinds = np.array([answer.kind for answer in answers], str)
    dimensions = np.array([answer.dimension for answer in answers], str)
    true = np.array([answer.true for answer in answers], np.float64)
    predicted = np.array([answer.predicted for answer in answers], np.float64)
    accuracy = np.array([answer.accuracy for answer in answers], np.float64)
    medians = np.array([answer.reading and answer.reading.median for answer in answers], np.float64)
    numbers, angles = kinds == "quantitative", dimensions == "angle"
    measured = numbers & ~angles
    figures = {
        "qualitative_accuracy": (kinds == "qualitative", accuracy),
        "number_given": (numbers, np.isfinite(predicted)),
        **{
            name: (measured, metrics.within(predicted, true, bounds))
            for name, bounds in metrics.BOUNDS.items()
        },
        "mean_relative_accuracy": (measured, metrics.relative_accuracy(predicted, true)),
        "in_range_area": (measured, metrics.range_scores(predicted, true)),
        **{
            name + SUFFIX: (numbers & np.isfinite(medians), metrics.within(medians, true, bounds))
            for name, bounds in metrics.BOUNDS.items()
            if name in _OF_DISTRIBUTIONS
        },
        "angle_within_15_degrees": (angles, accuracy),
        "general_accuracy": (kinds == "general", accuracy),
    }
    return {name: (where, marks.astype(np.float64)) for name, (where, marks) in figures.items()}


def compare(
    first: Sequence[Sequence[StoredAnswer]],
    second: Sequence[Sequence[StoredAnswer]],
    images: np.ndarray,
) -> tuple[list[ComparedFigure], list[ComparedFigure]]:
    """All figures, and one for each type of question.

    Args:
      first, second: of each seed, the answers to the same N questions; as many seeds of both.
      images: int64[N], equal for questions about one picture.
    """
    one, two = [list(map(figure_marks, way)) for way in (first, second)]
    types = np.array([answer.type for answer in first[0]], str)
    overall, by_type = [], []
    for name in one[0]:
        # Not every run need have been asked for distributions.
        counts = np.all([seed[name][0] for seed in (*one, *two)], axis=0)
        marks = [np.stack([seed[name][1] for seed in way]) for way in (one, two)]
        if counts.any():
            overall.append(_compared(name, "", marks, counts, images))
        if name in OF_TYPES:
            by_type += [
                _compared(name, kind, marks, counts & (types == kind), images)
                for kind in np.unique(types[counts]).tolist()
            ]
    return _adjusted(overall), _adjusted(by_type)


def _compared(
    name: str, kind: str, marks: Sequence[np.ndarray], counts: np.ndarray, images: np.ndarray
) -> ComparedFigure:
    one, two = (each[:, counts] for each in marks)
    own = images[counts]
    pairs = paired_difference(two.mean(0), one.mean(0), own)
    found = ComparedFigure(
        name=name,
        type=kind,
        first=float(one.mean()),
        second=float(two.mean()),
        difference=pairs.difference,
        interval=possible_interval(pairs.interval),
        p_value=pairs.p_value,
        adjusted=pairs.p_value,
        smallest_difference=pairs.smallest_difference,
        pairs=pairs,
        seed_share=None,
    )
    if len(one) < 2 or pairs.clusters < 2:
        return found
    over = mean_over_seeds(two - one, own)
    degrees, error = min(over.seeds, over.clusters) - 1, over.standard_error
    p_value = 2 * special.stdtr(degrees, -abs(over.value) / error) if error else pairs.p_value
    return dataclasses.replace(
        found,
        interval=possible_interval(over.interval),
        p_value=float(p_value),
        smallest_difference=smallest_difference(error, degrees) if error else None,
        seed_share=over.seed_share,
    )


def _adjusted(figures: Sequence[ComparedFigure]) -> list[ComparedFigure]:
    p_values = holm(np.array([figure.p_value for figure in figures])).tolist()
    return [
        dataclasses.replace(figure, adjusted=p_value)
        for figure, p_value in zip(figures, p_values, strict=True)
    ]
