"""What `spatialvlm score` prints: figures by rule, states of replies, and where rules differ."""

import json
from collections.abc import Sequence
from typing import Any

from spatialvlm_jax.errors import one_line
from spatialvlm_jax.evaluation.benchmarks.scoring import OFFICIAL, ROBUST, MarkedReply, Scores
from spatialvlm_jax.text_table import align_columns

EXAMPLES = 10
_SHOWN = 70  # characters of a reply


def figures_table(scores: Scores, spread: bool) -> list[str]:
    """Lines: one figure a line, one rule a column, all in percent.

    Args:
      spread: with the rules of other scorers.
    """
    figures = scores.figures()
    rules = list(figures) if spread else [OFFICIAL, ROBUST]
    rows = [["", *rules]]
    for name in figures[OFFICIAL]:
        rows.append([name, *(_percent(figures[rule].get(name)) for rule in rules)])
    return align_columns(rows, rule=True)


def _percent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.2f} %"


def states_line(scores: Scores) -> str:
    """How many replies are right, wrong, unreadable and not there, by the robust rule."""
    counts = scores.states()
    return ", ".join(f"{count:,} {state}" for state, count in counts.items() if count)


def differing_lines(scores: Scores) -> list[str]:
    """The share of replies that official and robust rule mark apart, and ten of them."""
    found, total = scores.differing(), len(scores.replies)
    share = _percent(len(found) / total)
    head = f"official and robust differ in {len(found):,} of {total:,} ({share})"
    return [head, *(f"  {_example(each)}" for each in _spread(found))]


def _spread(found: Sequence[MarkedReply]) -> list[MarkedReply]:
    """Ten of them, evenly over all."""
    step = max(1, -(-len(found) // EXAMPLES))
    return list(found[::step])[:EXAMPLES]


def _example(each: MarkedReply) -> str:
    reply = json.dumps(one_line(each.reply or "")[:_SHOWN], ensure_ascii=False)
    marks = " ".join(f"{name} {each.marks[name].score:g}" for name in (OFFICIAL, ROBUST))
    return f"{each.item.id}: {marks}; true {each.item.answer[:40]!r}, said {reply}"


def scores_as_dict(scores: Scores) -> dict[str, Any]:
    """The same figures, for a file."""
    return {
        "benchmark": scores.benchmark.name,
        "questions": len(scores.replies),
        "pictures": len({each.item.image_id for each in scores.replies}),
        "figures": scores.figures(),
        "states": scores.states(),
        "official_and_robust_differ": len(scores.differing()),
    }
