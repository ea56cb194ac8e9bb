"""The report of several benchmarks and models as one self-contained page."""

from collections.abc import Sequence
from pathlib import Path

from spatialvlm_jax.atomic_write import write_text
from spatialvlm_jax.evaluation.benchmarks import report
from spatialvlm_jax.evaluation.benchmarks.differences import DIFFERENCE_HEAD
from spatialvlm_jax.evaluation.benchmarks.examples import (
    ExamplePictures,
    best_replies,
    worst_replies,
)
from spatialvlm_jax.evaluation.benchmarks.measured import MEASURED, measured_numbers
from spatialvlm_jax.evaluation.benchmarks.score_table import differing_lines
from spatialvlm_jax.evaluation.benchmarks.scoring import OFFICIAL, ROBUST, MarkedReply, Scores
from spatialvlm_jax.evaluation.report.charts import length_scatter, range_chart
from spatialvlm_jax.pages.svg import WIDTH, Axis, document, text_at
from spatialvlm_jax.pages.template import load_templates

_ROW, _FOOT, _MARGIN = 40, 42, 24
_NAME = 48  # characters of a model's name in a drawing
_COLORS = 8


_NO_PICTURES: ExamplePictures = {}


def write_report_page(
    path: Path, scores: Sequence[report.ModelScores], pictures: ExamplePictures = _NO_PICTURES
) -> None:
    """Writes the page.

    Args:
      pictures: of the replies that are shown; one without is shown without.
    """
    page = load_templates(Path(__file__).parent / "assets").get_template("benchmarks.html.jinja")
    blocks, probes = report.blocks_of(scores), report.probes_of(scores)
    write_text(
        path,
        page.render(
            explanation=report.explain_figures(probes),
            chance=report.chance_of(blocks),
            head=report.head_of(probes),
            difference_head=DIFFERENCE_HEAD,
            blocks=[
                {
                    "title": block.title,
                    "benchmark": block.models[0].scores.benchmark,
                    "headline": block.models[0].headline,
                    "rows": [(m.title, report.score_cells(m, probes)) for m in block.models],
                    "notes": [(m.model, note) for m in block.models for note in m.notes()],
                    "differences": _tables(block),
                    "charts": _charts(block),
                    "figures": _figures(block),
                    "differing": [(m.model, *_differing(m.scores)) for m in block.models],
                    "examples": [(m.model, _examples(m.scores, pictures)) for m in block.models],
                }
                for block in blocks
            ],
        ),
    )


def _charts(block: report.Block) -> list[tuple[str, str]]:
    """The headline and, of questions for numbers, how near these are: what each shows, and it."""
    found = [
        ("", draw_headlines(block)),
        (
            "In range: the share of lengths, areas, volumes and ratios within each factor of the "
            "truth; what cannot be read is within none",
            range_chart({m.model: measured_numbers(m.scores, MEASURED) for m in block.models}),
        ),
        (
            "Predicted against true lengths; on the line they are right, above it too long",
            length_scatter({m.model: measured_numbers(m.scores, ["length"]) for m in block.models}),
        ),
    ]
    return [(title, chart) for title, chart in found if chart]


def _tables(block: report.Block) -> list[tuple[str, str, list[tuple[str, list[str]]]]]:
    """Tables of differences that there are: a title, what lines are called, and the lines."""
    first = block.models[0].model
    found = [
        (f"{first} less the others", "second", block.differences),
        ("With the picture less without it", "without", block.seen),
    ]
    return [
        (title, name, [(each.name, each.cells()) for each in lines])
        for title, name, lines in found
        if lines
    ]


def draw_headlines(block: report.Block) -> str:
    """SVG: of each model the robust headline with its 95 % interval, and the best constant."""
    axis = Axis(0.0, 1.0, "robust; dashed: best constant", percent=True)
    height = len(block.models) * _ROW + _FOOT
    bottom = height - _FOOT

    def across(value: float) -> float:
        return _MARGIN + axis.share(value) * (WIDTH - 2 * _MARGIN)

    parts, told = [], []
    for value, written in axis.ticks():
        parts.append(f'<path class="grid" d="M{across(value):.1f} 0V{bottom}"/>')
        parts.append(text_at(across(value), bottom + 17, written, "label", "middle"))
    parts.append(text_at(WIDTH / 2, height - 4, axis.label, "label", "middle"))
    for row, found in enumerate(block.models):
        y, color = row * _ROW + 29, row % _COLORS
        sure = found.headlines[ROBUST]
        low, high = sure.share_interval()
        constant = across(found.constant)
        parts.append(text_at(_MARGIN, row * _ROW + 16, found.model[:_NAME], "label", "start"))
        parts.append(f'<path class="identity" d="M{constant:.1f} {y - 8}V{y + 8}"/>')
        parts.append(f'<path class="line s{color}" d="M{across(low):.1f} {y}H{across(high):.1f}"/>')
        parts.append(f'<circle class="dot s{color}" cx="{across(sure.value):.1f}" cy="{y}" r="4"/>')
        told.append(f"{found.model} {report.percent_of(sure.value)}")
    return document(parts, "chart", WIDTH, height, ", ".join(told))


def _figures(block: report.Block) -> list[list[str]]:
    """Rows: each figure of the benchmark, official and robust of each model; the head first.

    Beside them the robust ones where probes showed other pictures.
    """
    columns: list[tuple[str, dict[str, float]]] = []
    for each in block.models:
        figures = each.scores.figures()
        columns += [(f"{each.model}, {rule}", figures[rule]) for rule in (OFFICIAL, ROBUST)]
        columns += [
            (f"{each.model}, {report.named(probe)}", scores.figures()[ROBUST])
            for probe, scores in each.probes.items()
        ]
    names = dict.fromkeys(name for _, figures in columns for name in figures)
    rows = [
        [name, *(report.percent_of(f[name]) if name in f else "" for _, f in columns)]
        for name in names
    ]
    return [["figure", *(title for title, _ in columns)], *rows]


def _differing(scores: Scores) -> tuple[str, list[str]]:
    """The share of replies that official and robust rule mark apart, and ten of them."""
    head, *examples = differing_lines(scores)
    return head, examples


def _examples(
    scores: Scores, pictures: ExamplePictures
) -> list[tuple[str, list[tuple[MarkedReply, str]]]]:
    """The worst and the best replies, where there are some, each with its picture or ""."""
    name = scores.benchmark.name
    chosen = [("the worst replies", worst_replies), ("the best replies", best_replies)]
    found = [
        (title, [(each, pictures.get((name, each.item.id), "")) for each in choose(scores)])
        for title, choose in chosen
    ]
    return [(title, replies) for title, replies in found if replies]
