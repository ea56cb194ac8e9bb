"""The page of a sweep: its tables, differences drawn with their intervals, and what failed."""

from collections.abc import Sequence
from pathlib import Path

from spatialvlm_jax.atomic_write import write_text
from spatialvlm_jax.evaluation.comparison.page import points
from spatialvlm_jax.evaluation.report.results import TITLES
from spatialvlm_jax.pages.interval_rows import IntervalRow, interval_rows
from spatialvlm_jax.pages.template import load_templates
from spatialvlm_jax.sweeps import table
from spatialvlm_jax.sweeps.failures import read_failure
from spatialvlm_jax.sweeps.results import ArmFigure, SweepResults
from spatialvlm_jax.sweeps.sameness import compare_trials, sameness_rows


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
        explain_types=table.explain_types(results),
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
    rows = [
        IntervalRow(
            name=arm.arm,
            value=100 * arm.versus.difference,
            interval=arm.versus.interval and in_points(arm.versus.interval),
            written=points(arm.versus.difference),
        )
        for arm in arms
        if arm.versus
    ]
    return interval_rows(rows, "difference, percentage points", [0.0])


def in_points(ends: tuple[float, float]) -> tuple[float, float]:
    """Percentage points of two shares."""
    return 100 * ends[0], 100 * ends[1]
