"""A comparison as tables in plain text and as one self-contained page."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from spatialvlm_jax.atomic_write import write_text
from spatialvlm_jax.evaluation.comparison.differences import ComparedFigure
from spatialvlm_jax.evaluation.comparison.predictions import (
    CommonAnswers,
    StoredAnswer,
    differing_tracks,
    tracks_of,
)
from spatialvlm_jax.evaluation.report.charts import length_scatter, range_chart
from spatialvlm_jax.evaluation.report.results import TITLES, percent
from spatialvlm_jax.evaluation.statistics.pairs import possible_difference
from spatialvlm_jax.evaluation.statistics.power import describe_multiplicity, written_chance
from spatialvlm_jax.pages.template import load_templates
from spatialvlm_jax.text_table import align_columns

HEAD = (
    "first",
    "second",
    "difference",
    "95 % interval",
    "p",
    "p (Holm)",
    "can show",
    "questions",
    "pictures",
    "both",
    "only first",
    "only second",
    "neither",
)
_CARRIERS = ("qualitative_accuracy", "within_25", "general_accuracy")
_EXAMPLES = 10


def title(figure: ComparedFigure) -> str:
    """What a line of a table is called."""
    return figure.type or TITLES[figure.name]


def cells(figure: ComparedFigure) -> list[str]:
    """The rest of that line, as `HEAD` names it."""
    pairs = figure.pairs
    counts = (pairs.count, pairs.clusters)
    outcomes = (pairs.both, pairs.only_first, pairs.only_second, pairs.neither)
    # `pairs` has the second way first.
    both, second, first, neither = outcomes
    return [
        percent(figure.first),
        percent(figure.second),
        points(figure.difference),
        "–" if figure.interval is None else " to ".join(map(points, figure.interval)),
        written_chance(figure.p_value),
        written_chance(figure.adjusted),
        percent(possible_difference(figure.smallest_difference)),
        *(f"{count:,}" for count in (*counts, both, first, second, neither)),
    ]


def points(difference: float) -> str:
    """ "+3.4" percentage points."""
    return f"{100 * difference:+.1f}"


def multiplicity(figures: Sequence[ComparedFigure]) -> str:
    """How many differences of a table chance alone would show."""
    p_values = [figure.p_value for figure in figures]
    return describe_multiplicity(p_values, [figure.adjusted for figure in figures])


def format_comparison(overall: Sequence[ComparedFigure], by_type: Sequence[ComparedFigure]) -> str:
    """Two tables in plain text, each with a line on how much of it is chance."""
    parts = []
    for name, figures in (("metric", overall), ("question type", by_type)):
        lines = [[name, *HEAD], *([title(figure), *cells(figure)] for figure in figures)]
        parts += ["\n".join(align_columns(lines, rule=True)), multiplicity(figures)]
    return "\n\n".join(parts)


def write_comparison(
    path: Path,
    names: tuple[str, str],
    common: CommonAnswers,
    overall: Sequence[ComparedFigure],
    by_type: Sequence[ComparedFigure],
    missing: Sequence[str] = (),
) -> None:
    """Writes the page; arguments as of `comparison_page`."""
    write_text(path, comparison_page(names, common, overall, by_type, missing))


def comparison_page(
    names: tuple[str, str],
    common: CommonAnswers,
    overall: Sequence[ComparedFigure],
    by_type: Sequence[ComparedFigure],
    missing: Sequence[str] = (),
) -> str:
    """A self-contained page.

    Args:
      names: of the two ways.
      common: the answers of the first way's seeds, then those of the second's.
      missing: lines on questions without a reply.
    """
    seeds = len(common.answers) // 2
    labels = tuple(f"{which}: {name}" for which, name in zip(HEAD, names, strict=False))
    ways = (common.answers[:seeds], common.answers[seeds:])
    carriers = [
        (
            TITLES[figure.name],
            [(common.image_names[at], part) for at, part in figure.pairs.carriers],
        )
        for figure in overall
        if figure.name in _CARRIERS and figure.pairs.carriers
    ]
    page = load_templates(Path(__file__).parent / "assets").get_template("compare.html.jinja")
    return page.render(
        names=names,
        tracks=tracks_of(common, seeds),
        across=differing_tracks(common),
        seeds=seeds,
        questions=len(common.images),
        images=len(common.image_names),
        left_out=sum(common.left_out),
        missing=missing,
        head=HEAD,
        tables=[("Figures", "metric", overall), ("By question type", "type", by_type)],
        title_of=title,
        cells=cells,
        multiplicity=multiplicity,
        curve=range_chart(_numbers(labels, ways, lambda each: each not in ("", "angle"))),
        scatter=length_scatter(_numbers(labels, ways, lambda each: each == "length")),
        carriers=carriers,
        points=points,
        examples=[
            ("second", examples(ways[0][0], ways[1][0])),
            ("first", examples(ways[1][0], ways[0][0])),
        ],
        percent=percent,
    )


def _numbers(
    names: Sequence[str],
    ways: Sequence[Sequence[Sequence[StoredAnswer]]],
    is_wanted: Callable[[str], bool],
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Of each way, predicted and true numbers of all seeds, of the dimensions that are wanted."""
    found = {}
    for name, seeds in zip(names, ways, strict=True):
        asked = [answer for seed in seeds for answer in seed if is_wanted(answer.dimension)]
        predicted = np.array([answer.predicted for answer in asked], np.float64)
        found[name] = (predicted, np.array([answer.true for answer in asked], np.float64))
    return found


def examples(
    wrong: Sequence[StoredAnswer], right: Sequence[StoredAnswer]
) -> list[tuple[StoredAnswer, StoredAnswer]]:
    """At most ten questions that only the second of two runs has right, of many types."""
    found = [pair for pair in zip(wrong, right, strict=True) if _mark(pair[1]) > _mark(pair[0])]
    turns: dict[str, int] = {}
    ranks = []
    for pair in found:
        turns[pair[0].type] = turns.get(pair[0].type, 0) + 1
        ranks.append(turns[pair[0].type])
    order = sorted(range(len(found)), key=lambda at: ranks[at])
    return [found[at] for at in order[:_EXAMPLES]]


def _mark(answer: StoredAnswer) -> bool:
    return answer.accuracy >= 0.5
