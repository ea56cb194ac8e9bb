"""What `spatialvlm score` prints: figures by rule, states of replies, and where rules differ."""

import json
import math
from collections.abc import Sequence
from typing import Any

from spatialvlm_jax.errors import one_line
from spatialvlm_jax.evaluation.benchmarks.scoring import (
    OFFICIAL,
    ROBUST,
    MarkedReply,
    Scores,
    headline_name,
)
from spatialvlm_jax.evaluation.statistics.clusters import ClusteredRatio
from spatialvlm_jax.evaluation.statistics.pairs import possible_difference
from spatialvlm_jax.text_table import align_columns

EXAMPLES = 10
_SHOWN = 70  # characters of a reply, or of a name


def figures_table(scores: Scores, spread: bool) -> list[str]:
    """Lines: one figure a line, one rule a column, all in percent.

    Args:
      spread: with the rules of other scorers.
    """
    figures = scores.figures()
    rules = list(figures) if spread else [OFFICIAL, ROBUST]
    rows = [["", *rules]]
    for name in figures[OFFICIAL]:
        rows.append(
            [one_line(name)[:_SHOWN], *(_percent(figures[rule].get(name)) for rule in rules)]
        )
    return align_columns(rows, rule=True)


def _percent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.2f} %"


def headline_lines(scores: Scores) -> list[str]:
    """How sure the headline is under both rules, and what difference the sample can show."""
    sure = scores.headlines()
    name = headline_name(scores)
    lines = []
    for rule in (OFFICIAL, ROBUST):
        low, high = sure[rule].share_interval()
        lines.append(f"{name}, {rule}: 95 % interval {_percent(low)} to {_percent(high)}")
    robust = sure[ROBUST]
    said = f"{robust.count:,} questions of {robust.clusters:,} pictures"
    if math.isfinite(robust.design_effect):
        said += f", design effect {robust.design_effect:.2f}"
    if least := possible_difference(robust.smallest_difference()):
        said += f"; two models must differ by {100 * least:.1f} points to be told apart"
    return [*lines, said]


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
    return one_line(f"{each.item.id}: {marks}; true {each.item.answer[:40]!r}, said {reply}")


def scores_as_dict(scores: Scores) -> dict[str, Any]:
    """The same figures, for a file."""
    return {
        "benchmark": scores.benchmark.name,
        "questions": len(scores.replies),
        "pictures": len({each.item.image_id for each in scores.replies}),
        "figures": scores.figures(),
        "headline": {rule: _sure(found) for rule, found in scores.headlines().items()},
        "states": scores.states(),
        "official_and_robust_differ": len(scores.differing()),
    }


def _sure(found: ClusteredRatio) -> dict[str, Any]:
    return {
        "value": found.value,
        "ci95": list(found.share_interval()),
        "questions": found.count,
        "pictures": found.clusters,
        "design_effect": found.design_effect if math.isfinite(found.design_effect) else None,
        "smallest_difference": possible_difference(found.smallest_difference()),
    }
