"""A comparison as tables in plain text and as one self-contained page."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from spatialvlm_jax.atomic_write import write_text
from spatialvlm_jax.evaluation.calibration import StatedSpreads
from spatialvlm_jax.evaluation.comparison.differences import ComparedFigure
from spatialvlm_jax.evaluation.comparison.examples import carrier_cards, example_cards
from spatialvlm_jax.evaluation.comparison.predictions import (
    CommonAnswers,
    StoredAnswer,
    differing_tracks,
    predictions_file,
    tracks_of,
)
from spatialvlm_jax.evaluation.report.calibration_charts import calibration_section
from spatialvlm_jax.evaluation.report.charts import length_scatter, range_chart
from spatialvlm_jax.evaluation.report.page import MARKS
from spatialvlm_jax.evaluation.report.results import TITLES, percent
from spatialvlm_jax.evaluation.shown_pictures import (
    MOST_SMALL,
    SMALL_PICTURES,
    read_small_pictures,
)
from spatialvlm_jax.evaluation.statistics.pairs import possible_difference
from spatialvlm_jax.evaluation.statistics.power import describe_multiplicity, written_chance
from spatialvlm_jax.pages.template import load_templates
from spatialvlm_jax.text_table import align_columns
from spatialvlm_jax.units import describe_exact

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


def titles(figures: Sequence[ComparedFigure]) -> list[str]:
    """What the lines of a table are called: a type that has several figures, by these, too."""
    types = Counter(figure.type for figure in figures)
    called = []
    for figure in figures:
        names = [figure.type] if figure.type else []
        if not figure.type or types[figure.type] > 1:
            names.append(TITLES[figure.name])
        called.append(", ".join(names))
    return called


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
        lines = [[name, *HEAD], *_rows(figures)]
        parts += ["\n".join(align_columns(lines, rule=True)), multiplicity(figures)]
    return "\n\n".join(parts)


def _rows(figures: Sequence[ComparedFigure]) -> Iterator[list[str]]:
    for called, figure in zip(titles(figures), figures, strict=True):
        yield [called, *cells(figure)]


def write_comparison(
    path: Path,
    names: tuple[str, str],
    common: CommonAnswers,
    overall: Sequence[ComparedFigure],
    by_type: Sequence[ComparedFigure],
    missing: Sequence[str] = (),
    places: Sequence[Path] = (),
) -> None:
    """Writes the page; arguments as of `comparison_page`."""
    write_text(path, comparison_page(names, common, overall, by_type, missing, places))


def comparison_page(
    names: tuple[str, str],
    common: CommonAnswers,
    overall: Sequence[ComparedFigure],
    by_type: Sequence[ComparedFigure],
    missing: Sequence[str] = (),
    places: Sequence[Path] = (),
) -> str:
    """A self-contained page.

    Args:
      names: of the two ways.
      common: the answers of the first way's seeds, then those of the second's.
      missing: lines on questions without a reply.
      places: the workdirs or files of the runs, beside whose predictions pictures may be kept.
    """
    seeds = len(common.answers) // 2
    labels = tuple(f"{which}: {name}" for which, name in zip(HEAD, names, strict=False))
    ways = (common.answers[:seeds], common.answers[seeds:])
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
        titles=titles,
        cells=cells,
        multiplicity=multiplicity,
        curve=range_chart(_numbers(labels, ways, lambda each: each not in ("", "angle"))),
        scatter=length_scatter(_numbers(labels, ways, lambda each: each == "length")),
        **_calibration(labels, ways),
        **_cards(common, overall, places),
        points=points,
        percent=percent,
    )


def _cards(
    common: CommonAnswers, overall: Sequence[ComparedFigure], places: Sequence[Path]
) -> dict[str, Any]:
    """What the page shows of single pictures: cards with titles, and the pictures of these."""
    seeds = len(common.answers) // 2
    pairs = list(zip(common.answers[0], common.answers[seeds], strict=True))
    headline = [figure for figure in overall if figure.name in _CARRIERS]
    carriers = [(TITLES[name], cards) for name, cards in carrier_cards(headline, common, pairs)]
    examples = list(example_cards(pairs))
    wanted = {card.image for _, cards in (*carriers, *examples) for card in cards}
    pictures = read_small_pictures([predictions_file(place).parent for place in places], wanted)
    return {
        "carriers": carriers,
        "examples": examples,
        "pictures": pictures,
        "not_shown": _not_shown(wanted, pictures),
        "marks": MARKS,
        "truth": _truth,
    }


def _not_shown(wanted: Collection[str], pictures: Collection[str]) -> str:
    """That pictures are missing, and why; "" where none is."""
    if len(pictures) == len(wanted):
        return ""
    count = "None" if not pictures else f"{len(pictures):,}"
    return (
        f"{count} of {len(wanted):,} pictures can be shown: they are kept beside predictions that "
        f"eval.py writes, in {SMALL_PICTURES}, of the first {MOST_SMALL:,} pictures asked about; "
        "a file of predictions alone has none"
    )


def _truth(answer: StoredAnswer) -> str:
    """The exact number where there is one, else the true answer in words."""
    if answer.dimension and np.isfinite(answer.true):
        return describe_exact(answer.true, answer.dimension)
    return answer.truth


def _calibration(
    names: Sequence[str], ways: Sequence[Sequence[Sequence[StoredAnswer]]]
) -> dict[str, Any]:
    """Charts of what the distributions of both ways claim, of all seeds, and a note on them."""
    spreads = {
        name: StatedSpreads.of((answer.reading, answer.true) for seed in seeds for answer in seed)
        for name, seeds in zip(names, ways, strict=True)
    }
    section = calibration_section(spreads)
    without = [name for name, each in spreads.items() if not len(each)]
    if section["calibration"] and without:
        section["calibration_note"] += (
            f" No answer of {without[0]} has a distribution with both intervals."
        )
    return section


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
