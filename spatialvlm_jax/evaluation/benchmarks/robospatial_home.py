"""RoboSpatial-Home: relations, free space and places to put things, as a robot sees rooms."""

import re
from collections.abc import Iterator
from pathlib import Path

from spatialvlm_jax.evaluation.benchmarks.free_text import answered_part
from spatialvlm_jax.evaluation.benchmarks.headline import nested_weights
from spatialvlm_jax.evaluation.benchmarks.item import Benchmark, Item, Mark
from spatialvlm_jax.evaluation.benchmarks.marking import by_polarity, mean_of_groups
from spatialvlm_jax.evaluation.benchmarks.masks import answering_pixels, size_of
from spatialvlm_jax.evaluation.benchmarks.rows import Row, parquet_rows
from spatialvlm_jax.evaluation.benchmarks.stored_pictures import StoredPictures
from spatialvlm_jax.evaluation.rules.harness_points import (
    fenced_pixels,
    first_harness_point,
    is_in_mask,
    is_inside_by_harness,
)
from spatialvlm_jax.evaluation.rules.points import is_inside, read_first_point, read_polygon
from spatialvlm_jax.evaluation.rules.thoughts import without_thoughts

_PICTURE = "img"
_OTHER = {"yes": "no", "no": "yes"}
# Harnesses ask for other forms of answers.
_FORM = re.compile(r"\s*(?:Your answer should be formatted|Answer yes or no\b).*", re.DOTALL)


def _rows(place: Path) -> Iterator[Row]:
    return parquet_rows(place, without=("depth_image",))


def _item(row: Row) -> Item:
    answer = row.text("answer").strip()
    if answer.lower() not in _OTHER and not read_polygon(answer):
        raise row.missing("answer", "is neither yes or no nor a polygon")
    prompt = row.text("question")
    return Item(
        id=str(row.index),
        question=_FORM.sub("", prompt) or prompt,
        prompt=prompt,
        answer=answer.lower() if answer.lower() in _OTHER else answer,
        image_id=row.digest(_PICTURE),
        group=row.text("category"),
        size=size_of(row.picture(_PICTURE)),
        mask=row.picture("mask"),
    )


def _point(item: Item, reply: str) -> Mark:
    point = read_first_point(reply)
    if point is None:
        return Mark(0.0)
    inside = is_inside(point, read_polygon(item.answer))
    return Mark(float(inside), f"({point[0]:g}, {point[1]:g})")


def _official(item: Item, reply: str) -> Mark:
    if item.answer not in _OTHER:
        return _point(item, reply)
    said = reply.strip().lower()
    return Mark(float(said.startswith(item.answer)), said or None)


def _by_lmms_eval(item: Item, reply: str) -> Mark:
    """A yes or no alone in the last line; any of the points in the mask, whose place is not told.

    Its own code gives -1 where there is no mask.
    """
    said = without_thoughts(reply)
    if item.answer in _OTHER:
        line = said.lower().split("\n")[-1]
        return Mark(float(item.answer in line and _OTHER[item.answer] not in line), line or None)
    mask = answering_pixels(item.mask)
    if mask is None:
        return Mark(0.0)
    pixels = fenced_pixels(said, mask.shape[::-1])
    shown = ", ".join(f"({x}, {y})" for x, y in pixels[:5])
    return Mark(float(is_in_mask(pixels, mask)), shown or None)


def _by_vlmevalkit(item: Item, reply: str) -> Mark:
    """Yes or no as officially; the first point, by its own parser and its own polygons."""
    if item.answer in _OTHER:
        return _official(item, reply)
    point = first_harness_point(reply, item.size)
    if point is None:
        return Mark(0.0)
    inside = is_inside_by_harness(point, read_polygon(item.answer))
    return Mark(float(inside), f"({point[0]:g}, {point[1]:g})")


def _robust(item: Item, reply: str) -> Mark:
    if item.answer in _OTHER:
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
    rules={"lmms-eval": _by_lmms_eval, "VLMEvalKit": _by_vlmevalkit},
    official_is="the reply begins with yes or no; the first point lies inside the polygon, 0 to 1",
)
