"""The page of a sweep: its tables, differences drawn with their intervals, and what failed."""

from collections.abc import Sequence
from pathlib import Path

from spatialvlm_jax.atomic_write import write_text
from spatialvlm_jax.evaluation.comparison.page import points
from spatialvlm_jax.evaluation.report.results import TITLES
from spatialvlm_jax.pages.svg import WIDTH, Axis, document, limits, text_at
from spatialvlm_jax.pages.template import load_templates
from spatialvlm_jax.sweeps import table
from spatialvlm_jax.sweeps.failures import read_failure
from spatialvlm_jax.sweeps.results import ArmFigure, SweepResults
from spatialvlm_jax.sweeps.sameness import compare_trials, sameness_rows

_ROW, _FOOT, _MARGIN = 40, 42, 14
_NAME = 48  # characters of an arm's name in a drawing


def write_page(path: Path, results: SweepResults) -> None:
    """Writes one self-contained page."""
    template = load_templates(Path(__file__).parent / "assets").get_template("sweep.html.jinja")
    page = template.render(
        config=results.record.config,
        overrides=results.record.overrides,
        state=table.state(results),
        explanation=table.explain(results),
        head=table.HEAD,
        figures=[
            (TITLES[name], [(arm, table.arm_cells(arm)) for arm in arms], draw_differences(arms))
            for name, arms in results.overall.items()
        ],
        types=table.rows_by_type(results),
        sameness=sameness_rows(compare_trials(results.finished)),
        explain_sameness=table.EXPLAIN_SAMENESS,
        failures=[(trial.title, read_failure(trial.workdir)) for trial in results.failed],
        arms=results.record.arms,
    )
    write_text(path, page)


def draw_differences(arms: Sequence[ArmFigure]) -> str:
    """SVG: of each arm its difference to the first, percentage points, with the 95 % interval.

    "" where nothing is compared.
    """
    compared = [(arm.arm, arm.versus) for arm in arms if arm.versus]
    if not compared:
        return ""
    ends = [end for _, each in compared for end in (each.difference, *(each.interval or ()))]
    low, high = limits([0.0, *(100 * end for end in ends)])
    axis = Axis(low, high, "difference, percentage points")
    height = len(compared) * _ROW + _FOOT
    bottom = height - _FOOT

    def across(value: float) -> float:
        return _MARGIN + axis.share(value) * (WIDTH - 2 * _MARGIN)

    parts = []
    for value, written in axis.ticks():
        x = across(value)
        parts.append(f'<path class="{"axis" if not value else "grid"}" d="M{x:.1f} 0V{bottom}"/>')
        parts.append(text_at(x, bottom + 17, written, "label", "middle"))
    parts.append(text_at(WIDTH / 2, height - 4, axis.label, "label", "middle"))
    for row, (name, each) in enumerate(compared):
        y, middle = row * _ROW + 29, across(100 * each.difference)
        parts.append(text_at(_MARGIN, row * _ROW + 16, name[:_NAME], "label", "start"))
        if each.interval:
            left, right = (across(100 * end) for end in each.interval)
            parts.append(f'<path class="line s0" d="M{left:.1f} {y}H{right:.1f}"/>')
        parts.append(f'<circle class="dot s0" cx="{middle:.1f}" cy="{y}" r="4"/>')
    told = ", ".join(f"{name} {points(each.difference)}" for name, each in compared)
    return document(parts, "chart", WIDTH, height, told)
