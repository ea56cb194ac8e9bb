"""GQA: compositional questions on real pictures, one answer each."""

import string
from collections.abc import Iterator
from pathlib import Path

from spatialvlm_jax.evaluation import vqa_accuracy
from spatialvlm_jax.evaluation.benchmarks.free_text import SHORT, answered_part
from spatialvlm_jax.evaluation.benchmarks.item import Benchmark, Item, Mark
from spatialvlm_jax.evaluation.benchmarks.marking import accuracy_by_group
from spatialvlm_jax.evaluation.benchmarks.rows import Row, keyed_rows
from spatialvlm_jax.evaluation.rules.gqa import gqa_accuracy

_WITHOUT_PUNCTUATION = str.maketrans("", "", string.punctuation)


def _rows(place: Path) -> Iterator[Row]:
    return keyed_rows(place, "questions.json")


def _item(row: Row) -> Item:
    question = row.text("question")
    return Item(
        id=row.key,
        question=question,
        prompt=f"{question}\n{SHORT}",
        answer=row.text("answer"),
        picture=f"{row.text('imageId')}.jpg",
        image_id=row.text("imageId"),
        group=row.optional("types/structural"),
    )


def _official(item: Item, reply: str) -> Mark:
    return Mark(gqa_accuracy(reply, item.answer), reply.strip() or None)


def _ignoring_case(item: Item, reply: str) -> Mark:
    return Mark(float(reply.strip().lower() == item.answer.lower()), reply.strip() or None)


def _ignoring_punctuation(item: Item, reply: str) -> Mark:
    same = _bare(reply) == _bare(item.answer)
    return Mark(float(same), reply.strip() or None)


def _bare(text: str) -> str:
    return text.translate(_WITHOUT_PUNCTUATION).lower()


def _robust(item: Item, reply: str) -> Mark:
    said = answered_part(reply)
    return Mark(vqa_accuracy.accuracy(said, [item.answer]), said or None)


BENCHMARK = Benchmark(
    name="gqa",
    measures="compositional questions about objects, attributes and relations",
    size="12,578 (testdev balanced)",
    licence="CC BY 4.0; pictures: Visual Genome's terms",
    project="GQA (Hudson and Manning, 2019)",
    site="https://cs.stanford.edu/people/dorarad/gqa",
    files="a file named like testdev_balanced_questions.json",
    rows=_rows,
    item=_item,
    picture_field="imageId",
    official=_official,
    robust=_robust,
    figures=accuracy_by_group,
    official_is="equality, character by character",
    rules={
        "lmms-eval, no case, no punctuation": _ignoring_punctuation,
        "VLMEvalKit, no case": _ignoring_case,
    },
)
