"""VSR: whether a sentence about a spatial relation is true of a picture."""

from collections.abc import Iterator
from pathlib import Path

from spatialvlm_jax.evaluation.benchmarks.item import Benchmark, Item
from spatialvlm_jax.evaluation.benchmarks.marking import (
    accuracy_by_group,
    by_lone_word,
    by_polarity,
)
from spatialvlm_jax.evaluation.benchmarks.rows import Row, json_rows


def _rows(place: Path) -> Iterator[Row]:
    return json_rows(place)


def _item(row: Row) -> Item:
    label = row.number_of("label")
    if label not in (0, 1):
        raise row.missing("label", f"is {label:g}, neither 0 nor 1")
    caption = row.text("caption")
    return Item(
        id=str(row.index),
        question=caption,
        prompt=f"{caption} Is this true of the picture? Answer yes or no.",
        answer="yes" if label else "no",
        picture=row.text("image"),
        image_id=row.text("image"),
        group=row.text("relation"),
    )


BENCHMARK = Benchmark(
    name="vsr",
    measures="whether a sentence with one of 66 spatial relations is true",
    size="2,195 (random) or 616 (zero-shot) test sentences",
    licence="Apache-2.0; pictures: COCO's terms",
    project="Visual Spatial Reasoning (Liu et al., 2023)",
    site="https://github.com/cambridgeltl/visual-spatial-reasoning",
    files="the JSON Lines file of a split",
    rows=_rows,
    item=_item,
    picture_field="image",
    official=by_polarity,
    robust=by_polarity,
    figures=accuracy_by_group,
    rules={"VLMEvalKit without a judge": by_lone_word},
    official_is="accuracy of trained heads; the prompt is ours, and our parser reads replies",
)
