"""VQA v2 and OK-VQA: free answers of ten people, in two files."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

from spatialvlm_jax.evaluation.benchmarks.free_text import (
    by_people,
    by_people_normalised,
    by_people_robust,
    people_item,
)
from spatialvlm_jax.evaluation.benchmarks.item import Benchmark, Item
from spatialvlm_jax.evaluation.benchmarks.marking import accuracy_by_group
from spatialvlm_jax.evaluation.benchmarks.rows import Row, find_files
from spatialvlm_jax.foreign_files.errors import FileError
from spatialvlm_jax.foreign_files.places import record_place
from spatialvlm_jax.foreign_files.vqa_files import question_key, read_vqa_files


def _rows(place: Path) -> Iterator[Row]:
    questions, annotations = _only(place, "questions.json"), _only(place, "annotations.json")
    files = read_vqa_files(questions, annotations)
    for index, question in enumerate(files.questions):
        if not isinstance(question, dict):
            raise FileError(f"{questions}: {record_place(index)} is no record")
        answered = files.annotations.get(question_key(question.get("question_id")), {})
        fields = {**answered, **question, "subset": files.subset}
        yield Row(questions, record_place(index), index, index, fields)


def _only(place: Path, ending: str) -> Path:
    if place.is_file():
        raise FileError(f"{place} is one file; name the folder of both, questions and annotations")
    found = find_files(place, ending)
    if len(found) > 1:
        raise FileError(f"{place} has {len(found)} files {ending}: keep those of one split there")
    return found[0]


def _item(row: Row) -> Item:
    image_id = row.text("image_id")
    picture = f"COCO_{row.optional('subset')}_{image_id:0>12}.jpg"
    most = row.optional("multiple_choice_answer")
    return people_item(row, row.text("question_id"), image_id, picture, answer=most)


BENCHMARK = Benchmark(
    name="vqa_v2",
    measures="open questions about everyday pictures, ten people's answers each",
    size="214,354 (val)",
    licence="CC BY 4.0; pictures: COCO's terms",
    project="VQA v2 (Goyal et al., 2017)",
    site="https://visualqa.org",
    files="a folder with the questions and annotations files of one split",
    rows=_rows,
    item=_item,
    picture_field="image_id",
    official=by_people,
    robust=by_people_robust,
    figures=accuracy_by_group,
    official_is="three of the nine others agree; normalised only where people differ",
    rules={"normalised always": by_people_normalised},
)
OK_VQA = dataclasses.replace(
    BENCHMARK,
    name="ok_vqa",
    measures="open questions that need knowledge from outside the picture",
    size="5,046 (val)",
    licence="as its project states; pictures: COCO's terms",
    project="OK-VQA (Marino et al., 2019)",
    site="https://okvqa.allenai.org",
)
