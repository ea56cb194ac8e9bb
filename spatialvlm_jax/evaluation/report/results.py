"""Figures on disk, and the table of them: before and after training, beside the baseline.

WORKDIR/evaluations/step_00000500.json   figures at one step; the least step is "before"
WORKDIR/summary.json                     figures of the last evaluation
WORKDIR/predictions.jsonl                every question, answer and prediction of it
WORKDIR/calibration.json                 what its distributions of answers were fitted with
"""

import collections
import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from spatialvlm_jax.atomic_write import write_json
from spatialvlm_jax.evaluation.answers import Answer
from spatialvlm_jax.evaluation.breakdowns import breakdown_title
from spatialvlm_jax.evaluation.distribution import sure_spread
from spatialvlm_jax.evaluation.evaluators.distributions import (
    CORRELATION,
    COVERS,
    SUFFIX,
    SURER_HALF,
)
from spatialvlm_jax.evaluation.metrics import CURVE
from spatialvlm_jax.evaluation.probes import CONSISTENCY, add_probes
from spatialvlm_jax.evaluation.scorer import (
    ALL_FIGURES,
    Scoring,
    Summary,
    summarize,
    write_predictions,
)
from spatialvlm_jax.evaluation.tracks import describe_tracks
from spatialvlm_jax.experiment import Breakdown, Choice, Probe
from spatialvlm_jax.foreign_files.errors import FileError
from spatialvlm_jax.foreign_files.json_files import read_object
from spatialvlm_jax.text_table import align_columns

_WHAT = "figures of an evaluation (remove it to go on without)"
TITLES = {
    "qualitative_accuracy": "Qualitative accuracy",
    "qualitative_chance_adjusted": "Qualitative, adjusted for guessing",
    "number_given": "Answers with a number",
    "within_50_200": "Within [50, 200] % of truth",
    "within_66_150": "Within [66.7, 150] % of truth",
    "within_25": "Within 25 % of truth",
    "within_90_110": "Within [90, 110] % of truth",
    "mean_relative_accuracy": "Mean relative accuracy",
    "in_range_area": "Area under the in-range curve",
    "mean_absolute_relative_error": "Mean absolute relative error (less is better)",
    "median_absolute_relative_error": "Median absolute relative error (less is better)",
    "mean_squared_error": "Mean squared error of lengths (less is better)",
    "angle_within_15_degrees": "Angles within 15 degrees of truth",
    "general_accuracy": "General VQA accuracy",
    "general_chance_adjusted": "General, adjusted for guessing",
    "cider": "CIDEr-D of captions (100 % is a score of 1)",
    CONSISTENCY: "Consistent with its objects turned round",
    "not_answered": "Not answered",
    "unreadable": "Answered, but not readable",
    "wrong": "Read, and wrong",
    f"within_50_200{SUFFIX}": "Median of the distribution within [50, 200] %",
    f"within_25{SUFFIX}": "Median of the distribution within 25 %",
    f"within_90_110{SUFFIX}": "Median of the distribution within [90, 110] %",
    SURER_HALF: "Within 25 % in the surer half of answers",
    COVERS[50]: "Truth in the 50 % interval",
    COVERS[90]: "Truth in the 90 % interval",
    CORRELATION: "Rank correlation of spread and error",
}
Probed = Mapping[Probe, Sequence[Answer]]
_NONE: Probed = {}


@dataclasses.dataclass(frozen=True)
class ResultRow:
    """One line of a table: a figure before (None where unknown) and after, as `Figure` has it."""

    name: str
    title: str
    value: float | None
    before: float | None
    baseline: float | None
    blind: float | None
    other_picture: float | None
    ci95: tuple[float, float] | None
    count: int
    images: int
    design_effect: float | None
    smallest_difference: float | None

    def written(self, value: float | None) -> str:
        """A value of this figure: "84.1 %"; a dash for none.

        Of squared lengths it is "0.046 m²", of a correlation "0.42".
        """
        if value is not None and self.name.startswith(CORRELATION):
            return f"{value:.2f}"
        if value is not None and self.name.startswith("mean_squared_error"):
            return f"{value:.3g} m²"
        return percent(value)

    @property
    def interval(self) -> str:
        """ "82.5–85.6 %"."""
        if self.ci95 is not None and self.name.startswith("mean_squared_error"):
            return f"{self.ci95[0]:.3g}–{self.ci95[1]:.3g} m²"
        return interval(self.ci95)

    @property
    def effect(self) -> str:
        """The design effect, "1.31"."""
        return "–" if self.design_effect is None else f"{self.design_effect:.2f}"


def evaluation_path(workdir: Path, step: int) -> Path:
    """Where the figures at `step` are kept."""
    return workdir / "evaluations" / f"step_{step:08d}.json"


def digest_questions(answers: Sequence[Answer]) -> str:
    """The same for the same questions with the same truths about the same pictures, in any order.

    What was said to them makes no difference.
    """
    rows = sorted(repr((answer.dataset, answer.image_id, answer.record)) for answer in answers)
    return hashlib.sha256("\n".join(rows).encode("utf-8", "replace")).hexdigest()


def save_evaluation(
    workdir: Path,
    step: int,
    answers: Sequence[Answer],
    scoring: Scoring = ALL_FIGURES,
    probes: Probed = _NONE,
) -> Summary:
    """Keeps the figures at one step, for curves and for "before", and what they are of.

    Args:
      probes: answers to the same questions with something changed.

    Returns:
      The figures.
    """
    summary = add_probes(summarize(answers, scoring), answers, probes, scoring)
    content = {
        "step": step,
        "which": scoring.which,
        "questions": digest_questions(answers),
        "tracks": _tracks_by_set(answers),
        "summary": summary,
    }
    write_json(evaluation_path(workdir, step), content, indent=1)
    return summary


def load_evaluations(
    workdir: Path,
    which: Choice = "conclusion",
    questions: str | None = None,
    tracks: Mapping[str, str] | None = None,
) -> dict[int, Summary]:
    """All kept figures of answers that were read so, by step, in order.

    Args:
      questions: only those of the questions of this digest; None: of any.
      tracks: by data set, the tracks on which it was asked; None: any. Files that do not say it
        are taken, too.
    """
    found = {}
    for path in sorted((workdir / "evaluations").glob("step_*.json")):
        content = read_object(path, _WHAT)
        step, summary = content.get("step"), content.get("summary")
        if not isinstance(step, int) or not isinstance(summary, dict):
            raise FileError(f"{path} is not {_WHAT}: it lacks step and summary")
        if not all(isinstance(figure, dict) for figure in summary.values()):
            raise FileError(f"{path} is not {_WHAT}: a figure has no value")
        if content.get("which", "conclusion") != which:
            continue
        is_alike = tracks is None or content.get("tracks", tracks) == tracks
        if is_alike and (questions is None or content.get("questions") == questions):
            found[step] = summary
    return dict(sorted(found.items()))


def load_comparable(workdir: Path, which: Choice, answers: Sequence[Answer]) -> dict[int, Summary]:
    """The kept figures, by step, of the same questions asked on the same tracks."""
    return load_evaluations(workdir, which, digest_questions(answers), _tracks_by_set(answers))


def _tracks_by_set(answers: Sequence[Answer]) -> dict[str, str]:
    sets: dict[str, set[str]] = {}
    for answer in answers:
        sets.setdefault(answer.dataset, set()).add(answer.row.track)
    return {name: describe_tracks(tracks) for name, tracks in sorted(sets.items())}


def save_results(
    workdir: Path,
    step: int | None,
    answers: Sequence[Answer],
    scoring: Scoring = ALL_FIGURES,
    probes: Probed = _NONE,
) -> Summary:
    """Writes summary.json, predictions.jsonl and the figures at `step`; returns the figures.

    What was said to probes goes to predictions_blind.jsonl and so on.

    Args:
      step: None of a model that is not this workdir's: there is no course to keep its figures for.
    """
    if step is None:
        summary = add_probes(summarize(answers, scoring), answers, probes, scoring)
    else:
        summary = save_evaluation(workdir, step, answers, scoring, probes)
    write_predictions(workdir / "predictions.jsonl", answers)
    for probe, others in probes.items():
        write_predictions(workdir / f"predictions_{probe}.jsonl", others)
    write_json(workdir / "summary.json", summary, indent=1)
    return summary


def save_calibration(
    workdir: Path, step: int, temperature: float | None, answers: Sequence[Answer]
) -> None:
    """Keeps what distributions of answers were fitted with, where there are some.

    Args:
      step: of the weights, which an export takes it along with.
      temperature: that fits them best.
      answers: with what was read of them; up to which spread they are sure is kept too.
    """
    if temperature is None:
        return
    content: dict[str, float] = {"step": step, "answer_temperature": temperature}
    read = [(each.reading, each.record.value) for each in answers if each.reading is not None]
    spread = sure_spread([reading for reading, _ in read], [value for _, value in read])
    if spread is not None:
        content["answer_spread"] = spread
    write_json(workdir / "calibration.json", content, indent=1)


def before(evaluations: Mapping[int, Summary], step: int) -> tuple[int, Summary] | None:
    """The earliest kept figures, if they are from before `step`."""
    earlier = [number for number in evaluations if number < step]
    return (min(earlier), evaluations[min(earlier)]) if earlier else None


def headline_rows(summary: Summary, earlier: Summary | None) -> list[ResultRow]:
    """The overall figures that anything was asked for, in the order of `TITLES`."""
    asked = (name for name in TITLES if name in summary and _is_asked(summary[name]))
    return [_row(name, TITLES[name], summary, earlier) for name in asked]


def _is_asked(figure: Mapping[str, object]) -> bool:
    return figure["baseline"] is not None or bool(figure["count"])


_SORTS = {
    "qualitative_accuracy": "relations",
    "within_25": "quantities",
    "angle_within_15_degrees": "angles",
    "general_accuracy": "general",
}


def type_rows(summary: Summary, earlier: Summary | None) -> list[ResultRow]:
    """One figure a question type: its accuracy, or its share near the truth (25 %, angles 15°).

    A type that has several of them, as where all questions of a set have its name, is told with
    the kind.
    """
    names = [name for metric in _SORTS for name in sorted(summary) if name.startswith(f"{metric}/")]
    found = [(name, *name.split("/", 1)) for name in names]
    often = collections.Counter(kind for _, _, kind in found)
    return [
        _row(name, kind if often[kind] == 1 else f"{kind}, {_SORTS[metric]}", summary, earlier)
        for name, metric, kind in found
    ]


def curve_rows(summary: Summary, earlier: Summary | None) -> list[ResultRow]:
    """How many answers are within each factor of the truth, the least factor first."""
    names = (name for name in CURVE if name in summary and _is_asked(summary[name]))
    return [_row(name, f"factor {CURVE[name]:g}", summary, earlier) for name in names]


def breakdown_rows(summary: Summary, metric: str, by: Sequence[Breakdown]) -> list[ResultRow]:
    """A metric by what is known of the objects asked about, where it was so broken down."""
    begun = tuple(f"{metric}[{breakdown_title(each)} " for each in by)
    names = [name for name in summary if name.startswith(begun)]
    return [_row(name, name.removeprefix(f"{metric}[")[:-1], summary, None) for name in names]


def _row(name: str, title: str, summary: Summary, earlier: Summary | None) -> ResultRow:
    figure, old = summary[name], (earlier or {}).get(name, {})
    ci95 = figure["ci95"]
    return ResultRow(
        name=name,
        title=title,
        value=figure["value"],
        before=old.get("value"),
        baseline=figure["baseline"],
        blind=figure.get("blind"),
        other_picture=figure.get("other_picture"),
        ci95=None if ci95 is None else (ci95[0], ci95[1]),
        count=figure["count"],
        images=figure.get("images", 0),
        design_effect=figure.get("design_effect"),
        smallest_difference=figure.get("smallest_difference"),
    )


def percent(value: float | None) -> str:
    """ "84.1 %", or a dash where there is no figure."""
    return "–" if value is None else f"{100 * value:.1f} %"


def interval(ci95: tuple[float, float] | None) -> str:
    """ "82.5–85.6 %", and "-4.3 to 3.0 %" where a dash would be taken for a sign."""
    if ci95 is None:
        return "–"
    return (" to " if ci95[0] < 0 else "–").join(f"{100 * end:.1f}" for end in ci95) + " %"


_SURETY = ("95 % interval", "answers", "images", "design effect", "can show")


def format_table(rows: Sequence[ResultRow], first: str = "metric") -> str:
    """A table in plain text; "before" and probes are columns only where something is known of them.

    "can show" is the smallest difference to another model that the sample can show.
    """
    optional = {
        "before": [row.before for row in rows],
        "blind": [row.blind for row in rows],
        "other picture": [row.other_picture for row in rows],
    }
    shown = {name for name, values in optional.items() if any(v is not None for v in values)}
    head = [first, "before", "after" if "before" in shown else "value"]
    head += ["baseline", "blind", "other picture", *_SURETY]
    lines = [head]
    for row in rows:
        values = (row.before, row.value, row.baseline, row.blind, row.other_picture)
        figures = [*map(row.written, values), row.interval]
        sample = [f"{row.count:,}", f"{row.images:,}", row.effect]
        lines.append([row.title, *figures, *sample, row.written(row.smallest_difference)])
    kept = [at for at, name in enumerate(head) if name not in optional or name in shown]
    return "\n".join(align_columns([[line[at] for at in kept] for line in lines], rule=True))
