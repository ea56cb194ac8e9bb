"""3DSRBench: height, place, orientation and relations, each question in turned-round forms."""

from collections.abc import Callable

from spatialvlm_jax.evaluation.benchmarks.item import Benchmark, Item, Marked
from spatialvlm_jax.evaluation.benchmarks.marking import (
    LETTER_RULES,
    by_option,
    letter_rule,
    listed_options,
    mean,
    means_by,
)
from spatialvlm_jax.evaluation.benchmarks.rows import Row, picture_table_rows
from spatialvlm_jax.evaluation.benchmarks.stored_pictures import StoredPictures
from spatialvlm_jax.evaluation.rules.letters import inferred

_FLIPPED = "-flip"
_NAME = 8  # characters of a question's name, before what marks its forms


def _item(row: Row) -> Item:
    texts = {letter: row.optional(letter) for letter in "ABCD"}
    options = {letter: text for letter, text in texts.items() if text}
    question, name = row.text("question"), row.text("qid")
    return Item(
        id=row.text("index"),
        question=question,
        prompt=f"Question: {question}\nOptions:\n{listed_options(options)}\n"
        "Please select the correct answer from the options above. \n",
        answer=row.letter("answer", options),
        image_id=name[:_NAME],
        options=options,
        group=row.text("category"),
        part=name,
    )


def _unflipped(name: str) -> str:
    return name.replace(_FLIPPED, "")


def _uncircled(name: str) -> str:
    return name[: _NAME + len(_FLIPPED)] if _FLIPPED in name else name[:_NAME]


def _figures(marked: Marked) -> dict[str, float]:
    """All four settings, then the sub-tasks of the plain one."""
    return {
        "vanilla": mean(marked),
        "flip": _together(marked, _unflipped),
        "circular": _together(marked, _uncircled),
        "flip and circular": _together(marked, lambda name: name[:_NAME]),
    } | means_by(marked, lambda item: item.group)


def _together(marked: Marked, key: Callable[[str], str]) -> float:
    """The mean over questions that are asked under their key itself, of the least mark under it."""
    names = {item.part for item, _ in marked}
    least: dict[str, float] = {}
    for item, mark in marked:
        name = key(item.part)
        least[name] = min(mark.score, least.get(name, 1.0))
    kept = [least[name] for name in least if name in names]
    return sum(kept) / len(kept) if kept else 0.0


BENCHMARK = Benchmark(
    name="3dsr_bench",
    measures="height, location, orientation and relations of several objects",
    size="5,157 with mirrored pictures",
    licence="as its project states; pictures: COCO's terms",
    project="3DSRBench (Ma et al., 2024)",
    site="https://3dsrbench.github.io",
    files="VLMEvalKit's 3DSRBench.tsv",
    rows=picture_table_rows,
    item=_item,
    stored=StoredPictures(picture_table_rows, ("image",)),
    official=letter_rule(inferred),
    robust=by_option,
    figures=_figures,
    together=lambda item: item.image_id,
    official_is="VLMEvalKit's letter without a judge; the four settings are named",
    rules={name: rule for name, rule in LETTER_RULES.items() if not name.startswith("VLMEvalKit")},
)
