"""VizWiz-VQA: what blind people asked about pictures that they took, ten people's answers each."""

from collections.abc import Iterator
from pathlib import Path

from spatialvlm_jax.evaluation.benchmarks.free_text import (
    SHORT,
    by_people,
    by_people_normalised,
    by_people_robust,
    people_item,
)
from spatialvlm_jax.evaluation.benchmarks.item import Benchmark, Item
from spatialvlm_jax.evaluation.benchmarks.marking import accuracy_by_group
from spatialvlm_jax.evaluation.benchmarks.rows import Row, json_rows

# As the harnesses ask it; the benchmark gives no prompt.
_UNANSWERABLE = "When the provided information is insufficient, respond with 'Unanswerable'."


def _rows(place: Path) -> Iterator[Row]:
    return json_rows(place, ".json")


def _item(row: Row) -> Item:
    picture = row.text("image")
    key = Path(picture).stem  # each picture has one question
    return people_item(row, key, picture, picture, told=f"{_UNANSWERABLE}\n{SHORT}")


BENCHMARK = Benchmark(
    name="viz_wiz",
    measures="what blind people asked about their own pictures, some of it unanswerable",
    size="4,319 (val)",
    licence="CC BY 4.0",
    project="VizWiz-VQA (Gurari et al., 2018)",
    site="https://vizwiz.org",
    files="the JSON file of a split with answers, val.json",
    rows=_rows,
    item=_item,
    picture_field="image",
    official=by_people,
    robust=by_people_robust,
    figures=accuracy_by_group,
    official_is="VQA v2's: three of the nine others agree; the prompt is the harnesses'",
    rules={"normalised always": by_people_normalised},
)
