"""Figures of quantities that are read from distributions."""

import dataclasses

import numpy as np
import pytest

from spatialvlm_jax.evaluation.columns import AnswerColumns
from spatialvlm_jax.evaluation.distribution import ValueReading
from spatialvlm_jax.evaluation.evaluators.distributions import (
    COVERS,
    SURER_HALF,
    distribution_figures,
)
from spatialvlm_jax.evaluation.scorer import Scorer
from spatialvlm_jax.scene.records import QA


def columns(*read: tuple[float, float]) -> AnswerColumns:
    """Answers to questions whose truth is 1 m: medians, and factors that intervals span."""
    scorer = Scorer()
    record = QA("How tall?", "", "height", "quantitative", value=1.0, unit="m")
    for number in range(len(read)):
        scorer.add(record, "3 m", image_id=f"image-{number}")
    answers = []
    for answer, (median, factor) in zip(scorer.answers(), read, strict=True):
        ends = (median / factor**0.5, median * factor**0.5)
        reading = ValueReading(median, median, 0.1, ends, ends, 0.0)
        answers.append(dataclasses.replace(answer, reading=reading))
    return AnswerColumns.of(answers)


@pytest.mark.parametrize(
    ("read", "value", "count"),
    [
        # The two that span the smaller factors: one is near.
        ([(1.1, 1.2), (1.0, 9.0), (2.0, 1.5), (1.0, 4.0)], 0.5, 2),
        ([(1.0, 9.0), (1.2, 1.2), (1.0, 4.0), (0.8, 1.5)], 1.0, 2),
        # Of an odd number the larger half.
        ([(2.0, 3.0), (1.0, 9.0), (1.0, 2.0)], 0.5, 2),
        ([(1.0, 9.0)], 1.0, 1),
    ],
)
def test_the_surer_half_is_judged_by_itself(read, value, count) -> None:
    figures = distribution_figures(columns(*read))
    assert SURER_HALF == "within_25_surer_half_distribution"
    assert figures[SURER_HALF].value == pytest.approx(value)
    assert figures[SURER_HALF].count == count
    all_of_them = np.mean([0.8 <= median <= 1.25 for median, _ in read])
    assert figures["within_25_distribution"].value == pytest.approx(all_of_them)


def test_intervals_cover_what_lies_in_them() -> None:
    figures = distribution_figures(columns((1.1, 1.5), (2.0, 1.5), (0.5, 9.0), (1.0, 1.1)))
    assert figures[COVERS[90]].value == pytest.approx(0.75)


def test_without_a_reading_there_is_no_figure() -> None:
    assert distribution_figures(columns()) == {}
