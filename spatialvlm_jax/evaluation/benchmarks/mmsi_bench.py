"""MMSI-Bench: relations across several pictures of one place, as options."""

from collections.abc import Iterator
from pathlib import Path

from spatialvlm_jax.evaluation.benchmarks.item import Benchmark, Item
from spatialvlm_jax.evaluation.benchmarks.marking import (
    LETTER_RULES,
    accuracy_by_group,
    by_option,
    letter_rule,
)
from spatialvlm_jax.evaluation.benchmarks.rows import Row, parquet_rows
from spatialvlm_jax.evaluation.rules.letters import within_backticks

_OPTIONS = dict.fromkeys("ABCD", "")  # their texts stand in the question
_ASKED = (
    "Answer with the option's letter from the given choices directly. "
    "Enclose the option's letter within ``."
)


def _rows(place: Path) -> Iterator[Row]:
    return parquet_rows(place, without=("images",))


def _item(row: Row) -> Item:
    question = row.text("question")
    return Item(
        id=row.text("id"),
        question=question,
        prompt=f"{question}\n{_ASKED}",
        answer=row.letter("answer", _OPTIONS),
        image_id=row.text("id"),
        options=_OPTIONS,
        group=row.text("question_type"),
    )


BENCHMARK = Benchmark(
    name="mmsi_bench",
    measures="positions, motion and attributes across several pictures",
    size="1,000",
    licence="as its project states",
    project="MMSI-Bench (Yang et al., 2025)",
    site="https://github.com/InternRobotics/MMSI-Bench",
    files="the parquet file",
    rows=_rows,
    item=_item,
    official=letter_rule(within_backticks),
    robust=by_option,
    figures=accuracy_by_group,
    official_is="the first letter that stands alone, in backticks where there are some",
    rules=LETTER_RULES,
    pictures="several",
)
