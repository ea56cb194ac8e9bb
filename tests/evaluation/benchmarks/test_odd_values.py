"""Any value in any field of a record: a question, or one error that names the field."""

import copy
import dataclasses
import random
from pathlib import Path
from typing import Any

import pytest

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.evaluation.benchmarks.registry import BENCHMARKS
from spatialvlm_jax.evaluation.benchmarks.scoring import rules_of
from tests.evaluation.benchmarks.published import SAMPLES

ODD: tuple[Any, ...] = (
    *(None, "", " ", "x", "\0", "\ud800", "yes", "(B)", "nan", "1e999", "-1", "0"),
    *(0, -1, 1, 10**30, 1e308, float("nan"), float("inf"), True, False, b"x"),
    *([], {}, [[]], [None], ["a", "b"], ["a", 1], [{}], [{"value": 1}], [{"answer": None}] * 2),
    *({"type": 1}, {"value": "x"}, "a" * 10_000, ["same", "same"], ["", ""], "(1, 2), (3, 4)"),
)
REPLIES = ("", "B", "yes", "3.0 m", "(0.1, 0.2)", "\0", "\ud800", r"\boxed{", "Region [0]")


def with_odd_value(fields: dict[str, Any], draw: random.Random) -> dict[str, Any]:
    """The fields with one of them, perhaps a nested one, replaced."""
    changed = copy.deepcopy(fields)
    place: Any = changed
    while True:
        key = draw.choice(list(place) if isinstance(place, dict) else range(len(place)))
        inner = place[key]
        if isinstance(inner, dict | list) and inner and draw.random() < 0.6:
            place = inner
            continue
        place[key] = draw.choice(ODD)
        return changed


@pytest.mark.parametrize("name", SAMPLES)
def test_any_value_makes_a_question_or_one_error(name: str, tmp_path: Path) -> None:
    benchmark, draw = BENCHMARKS[name], random.Random(0)
    SAMPLES[name].write(tmp_path)
    rows = list(benchmark.rows(tmp_path))
    told = 0
    for _ in range(80):
        row = draw.choice(rows)
        odd = dataclasses.replace(row, fields=with_odd_value(dict(row.fields), draw))
        try:
            item = benchmark.item(odd)
        except UserError as error:
            told += 1
            assert f": {row.place}: field" in str(error)
            continue
        if item is None:
            continue
        scores = [r(item, reply).score for r in rules_of(benchmark).values() for reply in REPLIES]
        assert 0 <= min(scores) <= max(scores) <= 1
    assert told > 3
