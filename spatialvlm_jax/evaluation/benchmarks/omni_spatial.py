"""OmniSpatial: dynamic reasoning, interaction, logic and perspective-taking, as options."""

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
from spatialvlm_jax.evaluation.rules.letters import first_character, last_answer


def _rows(place: Path) -> Iterator[Row]:
    return json_rows(place, "data.json")


def _item(row: Row) -> Item:
    options = row.options("options")
    question = row.text("question")
    task, number = row.text("task_type"), row.text("id")
    picture = f"{task}/{number.partition('_')[0]}"
    return Item(
        id=f"{task}/{number}",
        question=question,
        prompt=f"{question}\n{listed_options(options)}\n"
        'End your answer with a line "Answer: X", where X is the letter of an option.',
        answer=row.letter_of_place("answer", options),
        picture=f"{picture}.png",
        image_id=picture,
        options=options,
        group=task,
        part=row.optional("sub_task_type"),
    )


_official = letter_rule(last_answer)

BENCHMARK = Benchmark(
    name="omni_spatial",
    measures="dynamics, interaction, spatial logic and perspectives",
    size="1,533 (test)",
    licence="as its project states",
    project="OmniSpatial (Jia et al., 2025)",
    site="https://github.com/qizekun/OmniSpatial",
    files="data.json",
    rows=_rows,
    item=_item,
    picture_field="id",
    official=_official,
    robust=by_option,
    figures=accuracy_by_group,
    official_is='the letter after the last "Answer:", A where there is none; the prompt is ours',
    rules={
        "lmms-eval's omnispatial": _official,
        "lmms-eval's omni_spatial": letter_rule(first_character),
        "EASI's last lines": LETTER_RULES["EASI's last lines"],
    },
)
