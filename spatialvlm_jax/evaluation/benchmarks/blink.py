"""BLINK: what people see in a blink; of its sub-tasks five need one picture."""

from collections.abc import Iterator
from pathlib import Path

from spatialvlm_jax.evaluation.benchmarks.headline import nested_weights
from spatialvlm_jax.evaluation.benchmarks.item import Benchmark, Item
from spatialvlm_jax.evaluation.benchmarks.marking import LETTER_RULES, by_option, mean_of_groups
from spatialvlm_jax.evaluation.benchmarks.rows import Row, parquet_rows
from spatialvlm_jax.evaluation.benchmarks.stored_pictures import StoredPictures

_PICTURES = ("image_1", "image_2", "image_3", "image_4")


def _rows(place: Path) -> Iterator[Row]:
    return parquet_rows(place, without=_PICTURES)


def _item(row: Row) -> Item | None:
    if row.text("answer").strip() == "hidden":  # of the test split
        return None
    options = row.options("choices")
    return Item(
        id=row.text("idx"),
        question=row.text("question"),
        prompt=row.text("prompt"),
        answer=row.letter("answer", options),
        image_id=row.text("idx"),
        options=options,
        group=row.text("sub_task"),
    )


BENCHMARK = Benchmark(
    name="blink",
    measures="relative depth, relations, counts, localization and more, as options",
    size="1,901 (val); answers of the test split are hidden",
    licence="Apache-2.0",
    project="BLINK (Fu et al., 2024)",
    site="https://github.com/zeyofu/BLINK_Benchmark",
    files="the parquet files of val",
    rows=_rows,
    item=_item,
    stored=StoredPictures(parquet_rows, _PICTURES),
    official=by_option,
    robust=by_option,
    weights=nested_weights(lambda item: item.group),
    figures=mean_of_groups("mean of sub-tasks"),
    official_is="the letter; a language model reads it officially, here our parser",
    rules=LETTER_RULES,
    pictures="one or several",
)
