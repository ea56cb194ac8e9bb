from typing import get_args

import pytest

from spatialvlm_jax.evaluation.breakdowns import broken_down
from spatialvlm_jax.evaluation.columns import AnswerColumns
from spatialvlm_jax.evaluation.scorer import Scorer
from spatialvlm_jax.experiment import Breakdown
from spatialvlm_jax.scene.records import QA
from spatialvlm_jax.scene.sight import Sight

TALL = QA("How tall?", "2 m", "height", "quantitative", value=2.0, unit="m")


@pytest.mark.parametrize("by", get_args(Breakdown))
def test_what_is_known_falls_into_one_range_and_what_is_unknown_into_none(by):
    scorer = Scorer()
    for value in (0.0, 0.05, 0.4, 0.95, 1.0, 30.0):
        scorer.add(TALL, "1 m", sight=Sight(value, value, value))
    scorer.add(TALL, "1 m")
    parts = dict(broken_down(AnswerColumns.of(scorer.answers()), by))
    assert sum(map(len, parts.values())) == 6
    assert all(name.startswith(f"{by} ") for name in parts)


def test_ranges_hold_their_lower_ends():
    scorer = Scorer()
    for value in (1.0, 1.99, 2.0):
        scorer.add(TALL, "1 m", sight=Sight(distance=value))
    parts = broken_down(AnswerColumns.of(scorer.answers()), "distance")
    found = {name: len(members) for name, members in parts}
    assert found == {"distance 1 to 2 m": 2, "distance 2 to 4 m": 1}
