"""A finding as one self-contained page of HTML: tables, plots, the paper's figures, how it was run.

The page that a sweep writes beside its trials is lost with them; this one is made of kept files.
"""

from pathlib import Path

from spatialvlm_jax.atomic_write import write_text
from spatialvlm_jax.pages.interval_rows import IntervalRow, interval_rows
from spatialvlm_jax.pages.template import load_templates
from spatialvlm_jax.sweeps.findings.section import (
    HEAD,
    FigureSection,
    FindingSection,
    signed,
    written_figure,
)
from spatialvlm_jax.sweeps.findings.sums import is_squared_error


def write_finding_page(path: Path, section: FindingSection, explanation: str) -> None:
    """Writes the page of a finding that is begun.

    Args:
      explanation: what the columns of its tables mean.
    """
    template = load_templates(Path(__file__).parent / "assets").get_template("finding.html.jinja")
    page = template.render(
        section=section,
        explanation=explanation,
        head=HEAD,
        figures=[(each, draw_values(each), draw_changes(each)) for each in section.figures],
    )
    write_text(path, page)


def draw_values(figure: FigureSection) -> str:
    """SVG: of each arm the figure with its interval, and each seed's; "" where no arm has it."""
    scale, unit = _scale(figure)
    rows = [
        IntervalRow(
            name=arm.arm,
            value=scale * arm.value,
            interval=(scale * arm.interval[0], scale * arm.interval[1]),
            written=written_figure(arm.value, figure.name),
            points=[scale * value for _, value in sorted(arm.by_seed.items())],
        )
        for arm in figure.arms
    ]
    return interval_rows(rows, f"value, {unit}; small dots: seeds")


def draw_changes(figure: FigureSection) -> str:
    """SVG: of each arm the difference to the first with its interval; "" where none is compared."""
    scale, unit = _scale(figure)
    unit = "percentage points" if unit == "%" else unit
    rows = [
        IntervalRow(
            name=arm.arm,
            value=scale * arm.versus.value,
            interval=(scale * arm.versus.interval[0], scale * arm.versus.interval[1]),
            written=signed(arm.versus.value, figure.name),
        )
        for arm in figure.arms
        if arm.versus
    ]
    return interval_rows(rows, f"difference, {unit}", [0.0])


def _scale(figure: FigureSection) -> tuple[float, str]:
    return (1.0, "m²") if is_squared_error(figure.name) else (100.0, "%")
