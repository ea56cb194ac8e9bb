"""WORKDIR/report.html: one self-contained page about a run and what its model answers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import numpy as np

from spatialvlm_jax.atomic_write import write_text
from spatialvlm_jax.evaluation.answers import Answer, describe_truth
from spatialvlm_jax.evaluation.breakdowns import BROKEN_DOWN, SHORTCUTS
from spatialvlm_jax.evaluation.calibration import StatedSpreads
from spatialvlm_jax.evaluation.report import by_set, charts, parameters, results, showcase
from spatialvlm_jax.evaluation.report.calibration_charts import calibration_section
from spatialvlm_jax.evaluation.report.missing import describe_missing
from spatialvlm_jax.evaluation.scorer import Summary
from spatialvlm_jax.evaluation.shown_pictures import MOST_WHOLE
from spatialvlm_jax.evaluation.tracks import describe_tracks
from spatialvlm_jax.experiment import Breakdown, Choice, PictureProbe
from spatialvlm_jax.metrics_rows import FILE, read_rows
from spatialvlm_jax.pages.data_uri import data_uri, svg_uri
from spatialvlm_jax.pages.template import FEW, load_templates

_ANSWERS_PER_PICTURE = 4
_PIXELATED_BELOW = 160
_TILES = ("qualitative_accuracy", "within_50_200", "within_25", "general_accuracy")
MARKS = {"right": "✓", "near": "≈", "wrong": "✗"}
_HEADINGS = {
    "qualitative_accuracy": "Spatial, qualitative",
    "within_25": "Spatial, numbers",
    "angle_within_15_degrees": "Spatial, angles",
    "general_accuracy": "General",
}
_BREAKDOWNS = (
    ("by what is seen", [by for by in get_args(Breakdown) if by not in SHORTCUTS]),
    ("where a shortcut agrees with the truth", SHORTCUTS),
)
# Chen et al. (2024), SpatialVLM with an unfrozen encoder.
PAPER = {
    "qualitative_accuracy": "75.2 %",
    "number_given": "99.0 %",
    "within_50_200": "37.2 %",
    "within_66_150": "10.7 %",
    "within_90_110": "8.4 %",
}


def write_report(
    workdir: Path,
    *,
    name: str,
    step: int | None,
    answers: Sequence[Answer],
    pictures: Mapping[str, np.ndarray],
    summary: Summary,
    which: Choice = "conclusion",
    subject: str = "",
) -> Path:
    """Writes the page from one evaluation and from what the run left in `workdir`.

    Args:
      workdir: may hold metrics.jsonl, evaluations/ and parameters.txt; what is missing is left out.
      name: of the experiment, or of the model.
      step: of the weights that were evaluated; None where they are not of a run in `workdir`.
      answers: judged predictions.
      pictures: image id -> uint8[H, W, 3], to be shown with their answers.
      summary: the figures of `answers`.
      which: of several lengths in an answer, the one that counted.
      subject: says under the name what was evaluated; "" says the step.

    Returns:
      The path of the page.
    """
    drawing = showcase.draw_showcase(answers, pictures)
    if drawing:
        write_text(workdir / showcase.FILE, drawing)
    template = load_templates(Path(__file__).parent / "assets").get_template("report.html.jinja")
    page = template.render(
        title=name,
        subject=subject or f"training step {step:,}",
        track=describe_tracks(answer.row.track for answer in answers),
        paper=PAPER,
        which=which,
        **_figures(workdir, step, answers, summary, which),
        lengths=_shown(
            ("Predicted against true", charts.scatter_chart(answers)),
            ("Predicted divided by true", charts.ratio_chart(answers)),
            ("Answers in range", charts.range_chart({"": charts.asked_numbers(answers)})),
        ),
        **calibration_section(
            {"": StatedSpreads.of((each.reading, each.record.value) for each in answers)}
        ),
        images=len({answer.image_id for answer in answers}),
        questions=len(answers),
        partial=describe_missing([answer.row.failure for answer in answers]),
        showcase=svg_uri(drawing) if drawing else "",
        gallery=_gallery(answers, pictures),
        marks=MARKS,
        truth=describe_truth,
    )
    path = workdir / "report.html"
    write_text(path, page)
    return path


def _figures(
    workdir: Path, step: int | None, answers: Sequence[Answer], summary: Summary, which: Choice
) -> dict[str, Any]:
    """What the page shows of figures: tiles, tables, and what the run left of its course."""
    evaluations, others, earlier, step_before = _course(workdir, step, answers, summary, which)
    headline = results.headline_rows(summary, earlier)
    rows = results.type_rows(summary, earlier)
    written = workdir / "parameters.txt"
    return {
        "step_before": step_before,
        "label_before": "" if step_before is None else f"before, step {step_before:,}",
        "label_value": "value" if step_before is None else f"after, step {step:,}",
        "other_questions": [f"{number:,}" for number in others],
        "probes": [
            (name, name.replace("_", " "))
            for name in get_args(PictureProbe)
            if any(getattr(row, name) is not None for row in headline)
        ],
        "few": any(row.count < FEW for row in [*headline, *rows]),
        "tiles": [row for row in headline if row.name in _TILES and row.count],
        "headline": headline,
        **_by_set(workdir, summary, earlier),
        "types": [
            (heading, [row for row in rows if row.name.startswith(f"{metric}/")])
            for metric, heading in _HEADINGS.items()
        ]
        + [("Numbers within a factor of the truth", results.curve_rows(summary, earlier))]
        + [
            (
                f"{_HEADINGS[metric]}, {heading}",
                results.breakdown_rows(summary, metric, breakdowns),
            )
            for metric in BROKEN_DOWN
            if metric in _HEADINGS
            for heading, breakdowns in _BREAKDOWNS
        ],
        "curves": _shown(
            ("Loss", charts.loss_chart(read_rows(workdir / FILE))),
            ("Held-out figures", charts.accuracy_chart(evaluations)),
        ),
        "parameters": parameters.read(written.read_text("utf-8") if written.exists() else ""),
    }


def _course(
    workdir: Path, step: int | None, answers: Sequence[Answer], summary: Summary, which: Choice
) -> tuple[dict[int, Summary], list[int], Summary | None, int | None]:
    """Figures of the same questions by step, at which steps others were asked, and what is before.

    Nothing of it where the weights are not of the run in `workdir`.
    """
    if step is None:
        return {}, [], None, None
    kept = results.load_comparable(workdir, which, answers)
    others = sorted(results.load_evaluations(workdir, which).keys() - kept.keys() - {step})
    evaluations = dict(sorted({**kept, step: summary}.items()))
    step_before, earlier = results.before(evaluations, step) or (None, None)
    return evaluations, others, earlier, step_before


def _by_set(workdir: Path, summary: Summary, earlier: Summary | None) -> dict[str, Any]:
    """The table of several held-out sets: its head, and its rows of written cells."""
    rows = by_set.set_rows(summary, earlier, by_set.read_oracle(workdir))
    head, *cells = by_set.written_table(rows)
    return {"set_head": head, "sets": cells}


def _shown(*titled: tuple[str, str]) -> list[tuple[str, str]]:
    """Charts that have something to show."""
    return [(title, chart) for title, chart in titled if chart]


def _gallery(answers: Sequence[Answer], pictures: Mapping[str, np.ndarray]) -> list[dict[str, Any]]:
    by_image: dict[str, list[Answer]] = {}
    for answer in answers:
        by_image.setdefault(answer.image_id, []).append(answer)
    return [
        {
            "image_id": image_id,
            "source": data_uri(image, "png"),
            "pixelated": max(image.shape[:2]) < _PIXELATED_BELOW,
            "answers": pick_answers(by_image[image_id], _ANSWERS_PER_PICTURE),
        }
        for image_id, image in list(pictures.items())[:MOST_WHOLE]
        if image_id in by_image
    ]


def pick_answers(answers: Sequence[Answer], count: int) -> list[Answer]:
    """At most `count` answers, taking turns among kinds and preferring types not shown yet."""
    picked: list[Answer] = []
    remaining = list(answers)
    while remaining and len(picked) < count:
        kinds = [answer.record.kind for answer in picked]
        types = [answer.record.type for answer in picked]
        best = min(
            remaining, key=lambda a: (kinds.count(a.record.kind), types.count(a.record.type))
        )
        remaining.remove(best)
        picked.append(best)
    return picked
