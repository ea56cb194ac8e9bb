"""POPE: whether a thing is in a picture, asked for what is there and what is not."""

from collections.abc import Iterator
from pathlib import Path

from spatialvlm_jax.evaluation.benchmarks.item import Benchmark, Item, Mark, Marked
from spatialvlm_jax.evaluation.benchmarks.marking import by_lone_word, by_polarity, means_by
from spatialvlm_jax.evaluation.benchmarks.rows import Row, json_line_rows
from spatialvlm_jax.evaluation.rules.pope import pope_figures, read_pope

_NAMES = ("adversarial", "popular", "random")


def _rows(place: Path) -> Iterator[Row]:
    return json_line_rows(place, ".json", ".jsonl")


def _item(row: Row) -> Item:
    label = row.text("label").strip().lower()
    if label not in ("yes", "no"):
        raise row.missing("label", f"is {label[:20]!r}, neither yes nor no")
    category = next((name for name in _NAMES if name in row.path.stem), "")
    number = row.text("question_id")
    return Item(
        id=f"{category}/{number}" if category else number,
        question=row.text("text"),
        prompt=row.text("text"),
        answer=label,
        picture=row.text("image"),
        image_id=row.text("image"),
        group=category,
    )


def _official(item: Item, reply: str) -> Mark:
    said = read_pope(reply)
    return Mark(float(said == item.answer), said)


def _equality(item: Item, reply: str) -> Mark:
    said = reply.lower().strip()
    return Mark(float(said == item.answer), said if said in ("yes", "no") else None)


def _figures(marked: Marked) -> dict[str, float]:
    figures = pope_figures([mark.said for _, mark in marked], [item.answer for item, _ in marked])
    return figures | means_by(marked, lambda item: item.group)


BENCHMARK = Benchmark(
    name="pope",
    measures="whether things are there that are not: hallucinated objects",
    size="3 x 3,000 on 500 pictures",
    licence="MIT; pictures: COCO's terms",
    project="POPE (Li et al., 2023)",
    site="https://github.com/AoiDragon/POPE",
    files="coco_pope_*.json, one record a line",
    rows=_rows,
    item=_item,
    picture_field="image",
    official=_official,
    robust=by_polarity,
    figures=_figures,
    official_is='"No", "no" or "not" among the first sentence\'s words is no, all else is yes',
    rules={"lmms-eval's equality": _equality, "VLMEvalKit without a judge": by_lone_word},
)
