"""TextVQA: questions about text in pictures, ten people's answers each."""

from collections.abc import Iterator
from pathlib import Path

from spatialvlm_jax.evaluation.benchmarks.free_text import (
    by_eval_ai,
    by_likeness,
    by_people,
    by_people_normalised,
    by_people_robust,
    people_item,
)
from spatialvlm_jax.evaluation.benchmarks.item import Benchmark, Item
from spatialvlm_jax.evaluation.benchmarks.marking import accuracy_by_group
from spatialvlm_jax.evaluation.benchmarks.rows import Row, find_files, number_rows
from spatialvlm_jax.foreign_files.errors import FileError
from spatialvlm_jax.foreign_files.json_files import read_object
from spatialvlm_jax.foreign_files.places import Placed, placed


def _rows(place: Path) -> Iterator[Row]:
    return number_rows(find_files(place, ".json"), _records)


def _records(path: Path) -> Iterator[Placed]:
    records = read_object(path, "TextVQA's").get("data")
    if not isinstance(records, list):
        raise FileError(f"{path} is not TextVQA's: it has no list 'data'")
    return placed(records)


def _item(row: Row) -> Item:
    image_id = row.text("image_id")
    return people_item(row, row.text("question_id"), image_id, f"{image_id}.jpg")


BENCHMARK = Benchmark(
    name="text_vqa",
    measures="questions about text in pictures, ten people's answers each",
    size="5,000 (val)",
    licence="CC BY 4.0; pictures: Open Images' terms",
    project="TextVQA (Singh et al., 2019)",
    site="https://textvqa.org",
    files="a file named like TextVQA_0.5.1_val.json",
    rows=_rows,
    item=_item,
    picture_field="image_id",
    official=by_eval_ai,
    robust=by_people_robust,
    figures=accuracy_by_group,
    official_is="three of the nine others agree; everything is normalised as EvalAI does, 's apart",
    rules={
        "VQA v2's rule": by_people,
        "normalised always": by_people_normalised,
        "ANLS": by_likeness,
    },
)
