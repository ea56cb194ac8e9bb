"""CV-Bench: counts and relations in 2D, depth and distance in 3D, as lettered options."""

from collections.abc import Iterator
from pathlib import Path

from spatialvlm_jax.evaluation.benchmarks.headline import nested_weights
from spatialvlm_jax.evaluation.benchmarks.item import Benchmark, Item, Marked
from spatialvlm_jax.evaluation.benchmarks.marking import (
    LETTER_RULES,
    by_option,
    letter_rule,
    means_by,
)
from spatialvlm_jax.evaluation.benchmarks.rows import Row, parquet_rows
from spatialvlm_jax.evaluation.benchmarks.stored_pictures import StoredPictures
from spatialvlm_jax.evaluation.rules.letters import after_answer

_DIMENSIONS = {"ADE20K": "2D", "COCO": "2D", "Omni3D": "3D"}
_ASKED = "Answer with the option's letter from the given choices directly."


def _rows(place: Path) -> Iterator[Row]:
    return parquet_rows(place, without=("image",))


def _item(row: Row) -> Item:
    options, source = row.options("choices"), row.text("source")
    if source not in _DIMENSIONS:
        raise row.missing("source", f"is {source[:40]!r}, none of {', '.join(_DIMENSIONS)}")
    return Item(
        id=row.text("idx"),
        question=row.text("question"),
        prompt=f"{row.text('prompt')}\n{_ASKED}",
        answer=row.letter("answer", options),
        image_id=row.optional("source_filename") or row.optional("filename") or row.text("idx"),
        options=options,
        group=row.text("task"),
        part=source,
    )


def _figures(marked: Marked) -> dict[str, float]:
    """The mean of both sources of 2D, and the mean of that and 3D; then sources and tasks."""
    sources = means_by(marked, lambda item: item.part)
    parts: dict[str, float] = {}
    for dimension in ("2D", "3D"):
        means = [sources[name] for name in sources if _DIMENSIONS[name] == dimension]
        parts |= {dimension: sum(means) / len(means)} if means else {}
    whole = {"combined": sum(parts.values()) / len(parts)} if parts else {}
    return whole | parts | sources | means_by(marked, lambda item: item.group)


BENCHMARK = Benchmark(
    name="cv_bench",
    measures="counts, relations, depth order and distance, as options",
    size="1,438 (2D) and 1,200 (3D)",
    licence="Apache-2.0; pictures: ADE20K, COCO and Omni3D have their own",
    project="CV-Bench of Cambrian-1 (Tong et al., 2024)",
    site="https://github.com/cambrian-mllm/cambrian",
    files="the parquet files",
    rows=_rows,
    item=_item,
    stored=StoredPictures(parquet_rows, ("image",)),
    official=letter_rule(after_answer),
    robust=by_option,
    figures=_figures,
    weights=nested_weights(lambda item: _DIMENSIONS[item.part], lambda item: item.part),
    official_is='the first character after the last "answer is" or "answer:"',
    rules={name: rule for name, rule in LETTER_RULES.items() if not name.startswith("Cambrian")},
)
