"""RoboSpatial-Home: relations, free space and places to put things, as a robot sees rooms."""

import re
from collections.abc import Iterator
from pathlib import Path

from spatialvlm_jax.evaluation.benchmarks.free_text import answered_part
from spatialvlm_jax.evaluation.benchmarks.headline import nested_weights
from spatialvlm_jax.evaluation.benchmarks.item import Benchmark, Item, Mark
from spatialvlm_jax.evaluation.benchmarks.marking import by_polarity, mean_of_groups
from spatialvlm_jax.evaluation.benchmarks.rows import Row, parquet_rows
from spatialvlm_jax.evaluation.benchmarks.stored_pictures import StoredPictures
from spatialvlm_jax.evaluation.rules.points import is_inside, read_first_point, read_polygon

_PICTURE = "img"
# Harnesses ask for other forms of answers.
_FORM = re.compile(r"\s*(?:Your answer should be formatted|Answer yes or no\b).*", re.DOTALL)


def _rows(place: Path) -> Iterator[Row]:
    return parquet_rows(place, without=("depth_image", "mask"))


def _item(row: Row) -> Item:
    answer = row.text("answer").strip()
    if answer.lower() not in ("yes", "no") and not read_polygon(answer):
        raise row.missing("answer", "is neither yes or no nor a polygon")
    prompt = row.text("question")
    return Item(
        id=str(row.index),
        question=_FORM.sub("", prompt) or prompt,
        prompt=prompt,
        answer=answer.lower() if answer.lower() in ("yes", "no") else answer,
        image_id=row.digest(_PICTURE),
        group=row.text("category"),
    )


def _point(item: Item, reply: str) -> Mark:
    point = read_first_point(reply)
    if point is None:
        return Mark(0.0)
    inside = is_inside(point, read_polygon(item.answer))
    return Mark(float(inside), f"({point[0]:g}, {point[1]:g})")


def _official(item: Item, reply: str) -> Mark:
    if item.answer not in ("yes", "no"):
        return _point(item, reply)
    said = reply.strip().lower()
    return Mark(float(said.startswith(item.answer)), said or None)


def _robust(item: Item, reply: str) -> Mark:
    if item.answer in ("yes", "no"):
        return by_polarity(item, reply)
    return _point(item, answered_part(reply))


BENCHMARK = Benchmark(
    name="robospatial_home",
    measures="relations, whether things fit, and points in free space",
    size="350: configuration 123, compatibility 105, context 122",
    licence="as its project states",
    project="RoboSpatial (Song et al., 2025)",
    site="https://github.com/NVlabs/RoboSpatial",
    files="the parquet files of its categories",
    rows=_rows,
    item=_item,
    stored=StoredPictures(_rows, (_PICTURE,)),
    official=_official,
    robust=_robust,
    weights=nested_weights(lambda item: item.group),
    figures=mean_of_groups("mean of categories"),
    official_is="the reply begins with yes or no; the first point lies inside the polygon, 0 to 1",
)
