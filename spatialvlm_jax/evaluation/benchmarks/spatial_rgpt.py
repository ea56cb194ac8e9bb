"""SpatialRGPT-Bench: relations, sizes and distances of regions, told from its own answers."""

import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from spatialvlm_jax.evaluation.benchmarks.item import Benchmark, Box, Item, Mark, Marked
from spatialvlm_jax.evaluation.benchmarks.marking import means_by
from spatialvlm_jax.evaluation.benchmarks.regions import first_region, without_regions
from spatialvlm_jax.evaluation.benchmarks.rows import Row, json_rows
from spatialvlm_jax.evaluation.reading import lengths, verdicts
from spatialvlm_jax.evaluation.rules import spatial_rgpt as rule

_LAST_HOUR = 12


def _rows(place: Path) -> Iterator[Row]:
    return json_rows(place)


def _item(row: Row) -> Item:
    kind, category = row.text("qa_info/type"), row.text("qa_info/category")
    if kind not in ("quantitative", "qualitative"):
        raise row.missing("qa_info/type", "is neither quantitative nor qualitative")
    answer = _answer(row)
    hour = category == "direction"
    value = _hour(answer) if hour else _metres(answer) if kind == "quantitative" else None
    truth = answer if kind == "quantitative" else _word(category, answer)
    if truth is None or (kind == "quantitative" and not value):
        raise row.missing("conversations", f"has an answer that tells no {category}")
    question = row.text("text_q")
    return Item(
        id=row.text("id"),
        question=question,
        prompt=question,
        answer=truth,
        answers=(answer,),
        picture=row.optional("image_info/file_path"),
        image_id=row.optional("image_info/file_path") or row.text("id"),
        value=value,
        unit="" if value is None or hour else "m",
        regions=_regions(row),
        names=_names(row),
        group=category.removesuffix("_data"),
        part=kind,
    )


def _regions(row: Row) -> tuple[Box, ...]:
    """The boxes of the regions, none where the file has masks alone."""
    boxes = row.fields.get("bbox")
    if not isinstance(boxes, list) or not boxes:
        return ()
    width, height = row.number_of("image_info/width"), row.number_of("image_info/height")
    if min(width, height) < 1:
        raise row.missing("image_info", "has a size below 1")
    return tuple(_box(row, box, width, height) for box in boxes)


def _box(row: Row, box: Any, width: float, height: float) -> Box:
    sides = box if isinstance(box, list) else []
    if len(sides) != 4 or not all(isinstance(x, int | float) and math.isfinite(x) for x in sides):
        raise row.missing("bbox", "is no list of boxes of four numbers")
    left, top, right, bottom = sides
    return left / width, top / height, right / width, bottom / height


def _names(row: Row) -> tuple[str, ...]:
    """What the regions are called; the published files do not say it."""
    if row.fields.get("names") is None:
        return ()
    names = row.sequence("names")
    if not all(isinstance(name, str) and name.strip() for name in names):
        raise row.missing("names", "is no list of names, one a region")
    return tuple(" ".join(name.split()) for name in names)


def _answer(row: Row) -> str:
    """What the benchmark answers: the second turn."""
    turns: list[Any] = row.sequence("conversations")
    said = turns[1].get("value") if len(turns) > 1 and isinstance(turns[1], dict) else None
    if not isinstance(said, str):
        raise row.missing("conversations", "has no answer in its second turn")
    return said


def _metres(text: str) -> float | None:
    found = lengths.find_quantity(text)
    return None if found is None else found.metres


def _hour(text: str) -> float | None:
    hour = lengths.find_hour(without_regions(text))
    return None if hour is None else float(hour)


def _word(category: str, text: str, names: Sequence[str] = ()) -> str | None:
    """The region that a text chooses, or whether it says yes or no."""
    if "choice" not in category:
        return verdicts.read_yes_no(text)
    region = first_region(text, names)
    return None if region is None else f"region {region}"


def _mark(item: Item, reply: str) -> Mark:
    if item.value is None:
        word = _word(item.group, reply, item.names)
        return Mark(float(word == item.answer), word)
    read: Callable[[str], float | None] = _metres if item.unit else _hour
    said = read(without_regions(reply))
    if said is None:
        return Mark(0.0)
    if item.unit:
        return Mark(float(rule.is_within_quarter(said, item.value)), f"{said:g} m")
    near = rule.clock_error(int(said), int(item.value)) <= 1
    return Mark(float(near), f"{said:g} of {_LAST_HOUR}")


def _figures(marked: Marked) -> dict[str, float]:
    """Accuracies of quantities and relations, the error of lengths that were read, sub-tasks."""
    parts = means_by(marked, lambda item: item.part)
    parts = {f"{kind} accuracy": parts[kind] for kind in sorted(parts, reverse=True)}
    errors = [
        rule.relative_error(float(mark.said.split()[0]), item.value)
        for item, mark in marked
        if item.unit and item.value and mark.said
    ]
    error = {"mean relative error": sum(errors) / len(errors)} if errors else {}
    return parts | error | means_by(marked, lambda item: item.group)


def _weights(items: Sequence[Item]) -> np.ndarray:
    """The headline is of quantities, where there are some."""
    measured = np.array([item.part == "quantitative" for item in items], np.float64)
    return measured if measured.any() else np.ones(len(items))


BENCHMARK = Benchmark(
    name="spatial_rgpt",
    measures="relations, sizes, distances and directions of regions",
    size="657 relations and 749 quantities",
    licence="as its project states",
    project="SpatialRGPT-Bench (Cheng et al., 2024)",
    site="https://github.com/AnjieCheng/SpatialRGPT",
    files='its JSON or JSON Lines file; for the track names each record has "names", too',
    rows=_rows,
    item=_item,
    picture_field="image_info/file_path",
    official=_mark,
    robust=_mark,
    figures=_figures,
    weights=_weights,
    official_is="within 25 %, an hour within 1; a language model reads officially, here our parser",
    tracks=("boxes", "names"),
)
