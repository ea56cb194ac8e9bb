"""The tables of a sweep: Markdown, CSV, and plain text for a terminal."""

import csv
import io
from pathlib import Path

from spatialvlm_jax.atomic_write import write_text
from spatialvlm_jax.evaluation.comparison.differences import ComparedFigure
from spatialvlm_jax.evaluation.comparison.page import points
from spatialvlm_jax.evaluation.report.results import TITLES, interval, percent
from spatialvlm_jax.evaluation.statistics.pairs import possible_difference
from spatialvlm_jax.evaluation.statistics.power import LEVEL, written_chance
from spatialvlm_jax.sweeps.failures import read_failure
from spatialvlm_jax.sweeps.results import ArmFigure, SweepResults
from spatialvlm_jax.sweeps.sameness import compare_trials, sameness_rows
from spatialvlm_jax.text_table import align_columns, escape_markdown, markdown_table

HEAD = (
    "arm",
    "seeds",
    "value",
    "95 % interval",
    "difference",
    "its 95 % interval",
    "p (Holm)",
    "can show",
    "due to seeds",
    "seeds needed",
)
# What a terminal shows; files have all.
SHOWN = ("qualitative_accuracy", "within_25", "general_accuracy")
EXPLAIN_SAMENESS = (
    "By SHA-256, among the arms of each seed: weights to begin with, pictures and texts of some "
    "steps in their order, and the questions of the evaluation. What an arm changes differs."
)
_COLUMNS = (
    *("figure", "type", "arm", "seeds", "questions", "pictures", "value", "low", "high"),
    *("common_seeds", "difference", "difference_low", "difference_high", "p", "p_holm"),
    *("can_show", "due_to_seeds", "seeds_needed"),
)


def arm_cells(figure: ArmFigure) -> list[str]:
    """A line of a table, as `HEAD` names it."""
    own = [figure.arm, str(figure.seeds), percent(figure.value), interval(figure.interval)]
    versus = figure.versus
    if versus is None:
        return [*own, *["–"] * (len(HEAD) - len(own))]
    return [
        *own,
        points(versus.difference),
        _difference_interval(versus),
        written_chance(versus.adjusted),
        percent(possible_difference(versus.smallest_difference)),
        percent(versus.seed_share),
        _needed(figure),
    ]


def _difference_interval(versus: ComparedFigure) -> str:
    """A dash where no answer differs, too: that shows nothing of how far another sample would."""
    if versus.interval is None or versus.smallest_difference is None:
        return "–"
    return " to ".join(map(points, versus.interval))


def _needed(figure: ArmFigure) -> str:
    if figure.needed is not None:
        return str(figure.needed)
    return "?" if figure.pairs < 2 else "more pictures"


def explain(results: SweepResults) -> str:
    """What the columns of a table mean, in a few sentences."""
    return (
        f"Differences are to the arm “{results.record.arms[0].name}”, in percentage points, "
        "seed by seed on the same questions. Intervals take seeds and pictures as what was "
        "sampled; with one seed, pictures alone, so that they do not say how far another training "
        "would move. "
        "p is adjusted by Holm for the number of arms. “Can show” is the smallest difference that "
        "is found four times of five; “seeds needed” are those that would show "
        f"{percent(results.wanted)} so."
    )


def state(results: SweepResults) -> str:
    """How far the sweep is."""
    total = len(results.finished) + len(results.failed) + results.waiting
    return (
        f"{len(results.finished)} of {total} trials finished, {len(results.failed)} failed, "
        f"{results.waiting} to run"
    )


def format_results(results: SweepResults) -> str:
    """The main figures in plain text."""
    parts = []
    for name in SHOWN:
        if arms := results.overall.get(name):
            rows = [[TITLES[name], *HEAD[1:]], *map(arm_cells, arms)]
            parts.append("\n".join(align_columns(rows, rule=True)))
    return "\n\n".join([*parts, state(results)])


def write_markdown(path: Path, results: SweepResults) -> None:
    """Writes all figures as tables, then types of questions by arm, then what failed."""
    parts = ["# Sweep", state(results) + ".", explain(results)]
    for name, arms in results.overall.items():
        parts += [f"## {TITLES[name]}", markdown_table([HEAD, *map(arm_cells, arms)])]
    if results.by_type:
        parts += ["## By question type", explain_types(results)]
        parts.append(markdown_table(rows_by_type(results)))
    if rows := sameness_rows(compare_trials(results.finished)):
        parts += ["## What arms have in common", EXPLAIN_SAMENESS, markdown_table(rows)]
    for trial in results.failed:
        cause = read_failure(trial.workdir)["cause"]
        parts.append(f"- failed: {escape_markdown(trial.title)}: {escape_markdown(cause)}")
    write_text(path, "\n\n".join(parts) + "\n")


def rows_by_type(results: SweepResults) -> list[list[str]]:
    """A line for each type of question: of each arm its share, and the difference behind it.

    A star is at a difference with p ≤ .05, adjusted for the number of arms alone.
    """
    names = [arm.name for arm in results.record.arms]
    rows = [["question type", "questions", *names]]
    for (_, kind), arms in results.by_type.items():
        shown = {figure.arm: _short(figure) for figure in arms}
        asked = f"{arms[0].questions:,}"
        rows.append([kind, asked, *(shown.get(arm, "–") for arm in names)])
    return rows


def explain_types(results: SweepResults) -> str:
    """What stands in the table by type, and how many of its differences chance alone would show."""
    compared = [arm.versus for arms in results.by_type.values() for arm in arms if arm.versus]
    shown = sum(each.p_value <= LEVEL for each in compared)
    return (
        "Right answers; for lengths, areas, volumes and ratios, those within 25 % of the truth; "
        "for angles, within 15°. In brackets the difference to the first arm, percentage points; a "
        "star where p is at most .05, adjusted for the number of arms and not for that of types. "
        f"{shown} of {len(compared)} differences have p ≤ .05 before that, where chance alone "
        f"shows {len(compared) * LEVEL:.1f}."
    )


def _short(figure: ArmFigure) -> str:
    if figure.versus is None:
        return percent(figure.value)
    star = "*" if figure.versus.is_sure else ""
    return f"{percent(figure.value)} ({points(figure.versus.difference)}{star})"


def write_csv(path: Path, results: SweepResults) -> None:
    """Writes a line for each figure of each arm; what is not known is empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for figures in (*results.overall.values(), *results.by_type.values()):
        writer.writerows(map(_csv_row, figures))
    write_text(path, text.getvalue())


def _csv_row(figure: ArmFigure) -> list[object]:
    versus = figure.versus
    own = [figure.name, figure.type, figure.arm, figure.seeds, figure.questions, figure.images]
    row: list[object] = [*own, figure.value, *figure.interval]
    if versus is None:
        return [*row, *[None] * (len(_COLUMNS) - len(row))]
    return [
        *row,
        figure.pairs,
        versus.difference,
        *(versus.interval or (None, None)),
        versus.p_value,
        versus.adjusted,
        possible_difference(versus.smallest_difference),
        versus.seed_share,
        figure.needed,
    ]
