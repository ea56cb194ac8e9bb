"""EmbSpatial-Bench: relations in indoor scenes as an agent sees them, as options."""

from collections.abc import Iterator
from pathlib import Path

from spatialvlm_jax.evaluation.benchmarks.item import Benchmark, Item
from spatialvlm_jax.evaluation.benchmarks.marking import (
    LETTER_RULES,
    accuracy_by_group,
    by_option,
    letter_rule,
    listed_options,
)
from spatialvlm_jax.evaluation.benchmarks.rows import Row, json_rows
from spatialvlm_jax.evaluation.benchmarks.stored_pictures import StoredPictures
from spatialvlm_jax.evaluation.rules.letters import first_letter


def _rows(place: Path) -> Iterator[Row]:
    return json_rows(place)


def _item(row: Row) -> Item:
    options = row.options("answer_options")
    question = row.text("question")
    return Item(
        id=row.text("question_id"),
        question=question,
        prompt=f"{question}\n{listed_options(options)}\n"
        "Answer with the option's letter from the given choices directly.",
        answer=row.letter_of_place("answer", options),
        image_id=f"{row.optional('data_source')}/{row.optional('scene_id')}".strip("/")
        or row.text("question_id"),
        options=options,
        group=row.text("relation"),
        part=row.optional("data_source"),
    )


BENCHMARK = Benchmark(
    name="emb_spatial",
    measures="above, below, left, right, close and far from where an agent stands",
    size="3,640",
    licence="CC BY 4.0; scenes of MP3D, AI2-THOR and ScanNet have their own",
    project="EmbSpatial-Bench (Du et al., 2024)",
    site="https://github.com/mengfeidu/EmbSpatial-Bench",
    files="its JSON file",
    rows=_rows,
    item=_item,
    stored=StoredPictures(_rows, ("image",)),
    official=letter_rule(first_letter),
    robust=by_option,
    figures=accuracy_by_group,
    official_is="a letter at the beginning; the benchmark gives no prompt and no parser",
    rules=LETTER_RULES,
)
