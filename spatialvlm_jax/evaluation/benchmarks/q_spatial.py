r"""Q-Spatial Bench: distances between things in photos, measured by hand or in scans."""

from collections.abc import Iterator
from pathlib import Path

from spatialvlm_jax.evaluation.benchmarks.item import Benchmark, Item, Mark
from spatialvlm_jax.evaluation.benchmarks.marking import accuracy_by_group, number_rule
from spatialvlm_jax.evaluation.benchmarks.rows import Row, parquet_rows
from spatialvlm_jax.evaluation.benchmarks.stored_pictures import StoredPictures
from spatialvlm_jax.evaluation.rules import q_spatial as rule

SYSTEM_PROMPT = (
    "You will be provided with a question and a 2D image. The question involves measuring the "
    "precise distance in 3D space through a 2D image. You will answer the question by providing a "
    "numeric answer consisting of a scalar and a distance unit in the format of "
    r'"""\scalar{scalar} \distance_unit{distance unit}""" at the end of your response.'
)


def _rows(place: Path) -> Iterator[Row]:
    return parquet_rows(place, without=("image",))


def _item(row: Row) -> Item:
    value, unit = row.number_of("answer_value"), row.text("answer_unit")
    if value <= 0:
        raise row.missing("answer_value", f"is {value:g}; a distance is more than 0")
    question = row.text("question")
    return Item(
        id=str(row.index),
        question=question,
        prompt=f"{SYSTEM_PROMPT}\nQuestion: {question}",
        answer=f"{value:g} {unit}",
        picture=row.optional("image_path"),
        image_id=row.optional("image_path") or str(row.index),
        value=value * rule.unit_in_centimetres(unit),
        unit="cm",
        group=row.optional("question_type"),
    )


def _official(item: Item, reply: str) -> Mark:
    said = rule.read_boxed_length(reply)
    if said is None or item.value is None:
        return Mark(0.0)
    return Mark(float(rule.is_within_ratio(said, item.value)), f"{said:g} cm")


def _unknown_is_nothing(item: Item, reply: str) -> Mark:
    """VLMEvalKit's: a unit that is not in the list makes the length 0."""
    unit = rule.last_unit(reply)
    return _official(item, reply) if rule.is_known_unit(unit) else Mark(0.0)


BENCHMARK = Benchmark(
    name="q_spatial",
    measures="distances in photos, as numbers with a unit",
    size="101 (plus, with images) and 170 (ScanNet)",
    licence="plus: as its project states; pictures of the other part: ScanNet's terms",
    project="Q-Spatial Bench (Liao et al., 2024)",
    site="https://github.com/andrewliao11/Q-Spatial-Bench-code",
    files="the parquet files",
    rows=_rows,
    item=_item,
    stored=StoredPictures(parquet_rows, ("image",)),
    picture_field="image_path",
    official=_official,
    robust=number_rule(rule.is_within_ratio),
    figures=accuracy_by_group,
    rules={"VLMEvalKit's units": _unknown_is_nothing},
    official_is=r"the last \scalar{} and \distance_unit{} within a factor of 2",
)
