"""From records and predicted texts to figures, each beside its best constant answer."""

import dataclasses
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, get_args

from spatialvlm_jax.atomic_write import write_text
from spatialvlm_jax.evaluation.answers import Answer, judge
from spatialvlm_jax.evaluation.breakdowns import BROKEN_DOWN, broken_down, gaps
from spatialvlm_jax.evaluation.columns import AnswerColumns
from spatialvlm_jax.evaluation.distribution import (
    ValueDistribution,
    cross_fitted,
    fit_temperature,
)
from spatialvlm_jax.evaluation.evaluators import figures_of
from spatialvlm_jax.evaluation.metrics import CURVE
from spatialvlm_jax.evaluation.rows import PredictionRow
from spatialvlm_jax.evaluation.shown_pictures import ShownPictures
from spatialvlm_jax.experiment import Breakdown, Choice, EvalConfig, EvaluatorName
from spatialvlm_jax.scene.records import QA
from spatialvlm_jax.scene.sight import UNSEEN, Sight

Summary = dict[str, dict[str, Any]]


@dataclasses.dataclass(frozen=True)
class Scoring:
    """How answers are read and which figures are made of them; fields as those of `EvalConfig`."""

    which: Choice = "conclusion"
    evaluators: tuple[EvaluatorName, ...] = get_args(EvaluatorName)
    breakdowns: tuple[Breakdown, ...] = get_args(Breakdown)

    @classmethod
    def of(cls, settings: EvalConfig) -> "Scoring":
        """As an experiment says."""
        return cls(settings.which, settings.evaluators, settings.breakdowns)


ALL_FIGURES = Scoring()


class Scorer:
    """Collects predictions; all figures follow from them.

    Judging waits until all are there: which words an answer may decide between is read from the
    truths of its question type.

    pictures: those that the caller keeps for pages.
    """

    def __init__(self, scoring: Scoring = ALL_FIGURES) -> None:
        self.scoring = scoring
        self.pictures = ShownPictures()
        self._rows: list[PredictionRow] = []
        self._asked: Counter[tuple[str, str]] = Counter()

    def __len__(self) -> int:
        return len(self._rows)

    def add(
        self,
        record: QA,
        prediction: str,
        image_id: str = "",
        dataset: str = "",
        distribution: ValueDistribution | None = None,
        sight: Sight = UNSEEN,
    ) -> None:
        """Adds one predicted text for one question, and the distribution of its quantity.

        The question's id is that of the picture with its place among the questions about it.
        """
        number = self._asked[dataset, image_id]
        self._asked[dataset, image_id] += 1
        name = f"{image_id}/{number}"
        self.add_row(
            PredictionRow(name, image_id, record, prediction, dataset, distribution, sight)
        )

    def add_row(self, row: PredictionRow) -> None:
        """Adds one row, whose id the caller gives."""
        self._rows.append(row)

    @property
    def failures(self) -> list[str]:
        """Of each question, in their order, why there is no reply; "" where there is one."""
        return [row.failure for row in self._rows]

    def temperature(self) -> float | None:
        """What makes the distributions fit the truths best; None where there are none."""
        densities = self._densities()
        if not densities:
            return None
        truths = [self._rows[place].record.value for place in densities]
        return fit_temperature(list(densities.values()), truths)

    def answers(self) -> list[Answer]:
        """Every prediction, judged, in the order in which they were added."""
        vocabulary: dict[str, set[str]] = defaultdict(set)
        for row in self._rows:
            vocabulary[row.record.type].add(row.record.verdict)
        judged = [judge(row, vocabulary[row.record.type], self.scoring.which) for row in self._rows]
        densities = self._densities()
        readings = cross_fitted(
            list(densities.values()),
            [self._rows[place].record.value for place in densities],
            [self._rows[place].image_id for place in densities],
        )
        for place, reading in zip(densities, readings, strict=True):
            judged[place] = dataclasses.replace(judged[place], reading=reading)
        return judged

    def _densities(self) -> dict[int, ValueDistribution]:
        """The distributions of quantities above zero, by the place of their row."""
        return {
            place: row.distribution
            for place, row in enumerate(self._rows)
            if row.distribution is not None and row.record.value > 0
        }

    def summary(self) -> Summary:
        """Metric name -> the fields of `metrics.Figure`.

        Overall ("within_25"), by question type ("within_25/height"), where there are several data
        sets by data set ("within_25@worlds"), by what is known of the objects
        ("within_25[distance 1 to 2 m]"), and by whether a shortcut gives the true answer
        ("qualitative_accuracy[named first agrees]", "... disagrees", "... gap").
        """
        return summarize(self.answers(), self.scoring)


def summarize(answers: Sequence[Answer], scoring: Scoring = ALL_FIGURES) -> Summary:
    """The figures of judged answers, as `Scorer.summary` describes them."""
    columns = AnswerColumns.of(answers)
    summary: Summary = {}
    for suffix, members in _groups(columns):
        for name, figure in figures_of(members, scoring.evaluators).items():
            # The curve is of all answers alone, so that summary.json stays readable.
            if not suffix or (figure.count and name not in CURVE):
                summary[name + suffix] = figure.as_dict()
    for by in scoring.breakdowns:
        for part, members in broken_down(columns, by):
            figures = figures_of(members, scoring.evaluators)
            for name in BROKEN_DOWN:
                if name in figures and figures[name].count:
                    summary[f"{name}[{part}]"] = figures[name].as_dict()
        for name, part, figure in gaps(columns, by):
            if name in summary:
                summary[f"{name}[{part}]"] = figure.as_dict()
    return summary


def _groups(columns: AnswerColumns) -> Iterator[tuple[str, AnswerColumns]]:
    """All answers, those of each type and, of several data sets, of each, with a name's end."""
    yield "", columns
    for name, members in columns.by_type():
        yield f"/{name}", members
    if len(columns.dataset_names) > 1:
        for code, name in enumerate(columns.dataset_names):
            yield f"@{name}", columns.take(columns.datasets == code)


def write_predictions(path: Path, answers: Sequence[Answer]) -> None:
    """Writes one JSON object a line: question, answer, prediction, and how it was judged."""
    lines = [json.dumps(answer.as_dict(), ensure_ascii=False) for answer in answers]
    write_text(path, "".join(line + "\n" for line in lines))
