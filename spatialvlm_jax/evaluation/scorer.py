"""From records and predicted texts to figures, each beside its best constant answer."""

import dataclasses
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from spatialvlm_jax.atomic_write import write_text
from spatialvlm_jax.evaluation import baselines, metrics
from spatialvlm_jax.evaluation.answers import Answer, judge, people_said
from spatialvlm_jax.evaluation.distribution import (
    ValueDistribution,
    cross_fitted,
    fit_temperature,
)
from spatialvlm_jax.evaluation.distribution_figures import distribution_figures
from spatialvlm_jax.evaluation.metrics import Figure
from spatialvlm_jax.evaluation.reading import verdicts
from spatialvlm_jax.experiment import Choice
from spatialvlm_jax.scene.records import QA

Summary = dict[str, dict[str, Any]]

# Of lengths, areas, volumes and ratios; an angle counts as a number given only.
LENGTH_METRICS = ("number_given", *metrics.BOUNDS, "mean_absolute_relative_error")
WORD_METRICS = {"qualitative": "qualitative_accuracy", "general": "general_accuracy"}
METRICS = (WORD_METRICS["qualitative"], *LENGTH_METRICS, WORD_METRICS["general"])
# Only where there are questions for angles.
ANGLE_METRIC = "angle_within_15_degrees"


class Scorer:
    """Collects predictions; all figures follow from them.

    Judging waits until all are there: which words an answer may decide between is read from the
    truths of its question type.

    which: of several lengths in an answer, the one that counts (`EvalConfig.which`).
    pictures: image id -> uint8[H, W, 3], those that the caller keeps for a report.
    """

    def __init__(self, which: Choice = "conclusion") -> None:
        self.which: Choice = which
        self.pictures: dict[str, np.ndarray] = {}
        self._predictions: list[tuple[QA, str, str, str]] = []
        self._distributions: dict[int, ValueDistribution] = {}

    def __len__(self) -> int:
        return len(self._predictions)

    def add(
        self,
        record: QA,
        prediction: str,
        image_id: str = "",
        dataset: str = "",
        distribution: ValueDistribution | None = None,
    ) -> None:
        """Adds one predicted text for one question, and the distribution of its quantity."""
        if distribution is not None and record.value > 0:
            self._distributions[len(self._predictions)] = distribution
        self._predictions.append((record, prediction, image_id, dataset))

    def temperature(self) -> float | None:
        """What makes the distributions fit the truths best; None where there are none."""
        if not self._distributions:
            return None
        truths = [self._predictions[place][0].value for place in self._distributions]
        return fit_temperature(list(self._distributions.values()), truths)

    def answers(self) -> list[Answer]:
        """Every prediction, judged, in the order in which they were added."""
        vocabulary: dict[str, set[str]] = defaultdict(set)
        for record, *_ in self._predictions:
            vocabulary[record.type].add(record.verdict)
        judged = [
            judge(
                record,
                text,
                vocabulary[record.type],
                image_id=image_id,
                dataset=dataset,
                which=self.which,
            )
            for record, text, image_id, dataset in self._predictions
        ]
        asked = [judged[place] for place in self._distributions]
        readings = cross_fitted(
            list(self._distributions.values()),
            [answer.record.value for answer in asked],
            [answer.image_id for answer in asked],
        )
        for place, reading in zip(self._distributions, readings, strict=True):
            judged[place] = dataclasses.replace(judged[place], reading=reading)
        return judged

    def summary(self) -> Summary:
        """Metric name -> {"value", "baseline", "count", "ci95"}.

        Overall ("within_25"), by question type ("within_25/height"), and, where there are several
        data sets, by data set ("within_25@worlds").
        """
        return summarize(self.answers())


def summarize(answers: Sequence[Answer]) -> Summary:
    """The figures of judged answers, as `Scorer.summary` describes them."""
    groups = {"": list(answers)}
    for answer in answers:
        groups.setdefault(f"/{answer.record.type}", []).append(answer)
    if len({answer.dataset for answer in answers}) > 1:
        for answer in answers:
            groups.setdefault(f"@{answer.dataset}", []).append(answer)
    summary: Summary = {}
    for suffix, members in groups.items():
        for name, figure in _figures(members).items():
            if figure.count or not suffix:
                summary[name + suffix] = figure.as_dict()
    return summary


def _figures(answers: Sequence[Answer]) -> dict[str, Figure]:
    """All metrics over one group of answers, in the order of `METRICS`, then that of angles."""
    of_kind = _group(answers, lambda answer: answer.record.kind)
    numbers = of_kind.get("quantitative", [])
    angles = [answer for answer in numbers if answer.dimension == "angle"]
    figures = _length_figures([answer for answer in numbers if answer.dimension != "angle"])
    given = sum(answer.value is not None for answer in numbers)
    figures["number_given"] = metrics.proportion(given, len(numbers), len(numbers))
    for kind, name in WORD_METRICS.items():
        figures[name] = _word_figure(of_kind.get(kind, []))
    ordered = {name: figures[name] for name in METRICS}
    ordered |= {ANGLE_METRIC: _angle_figure(angles)} if angles else {}
    return ordered | distribution_figures(numbers, figures)


def _word_figure(answers: Sequence[Answer]) -> Figure:
    hits = sum(answer.accuracy for answer in answers)
    constant = 0.0
    for members in _group(answers, lambda answer: answer.record.type).values():
        decided = [answer for answer in members if not answer.is_text]
        truths = [answer.record.verdict for answer in decided]
        constant += baselines.best_word(truths, [_position(answer) for answer in decided])[1]
        texts = [people_said(answer.record) for answer in members if answer.is_text]
        constant += baselines.best_text(texts)[1]
    return metrics.proportion(hits, len(answers), constant)


def _position(answer: Answer) -> int | None:
    """Which of the alternatives in the question is the true one, or None where it names none."""
    verdict = answer.record.verdict
    choices = verdicts.choices_of(answer.record.question, verdict)
    return choices.index(verdict) if choices else None


def _length_figures(answers: Sequence[Answer]) -> dict[str, Figure]:
    true, predicted = _lengths(answers)
    by_type = [
        _lengths(members)[0]
        for members in _group(answers, lambda answer: answer.record.type).values()
    ]
    figures = {}
    for name, bounds in metrics.BOUNDS.items():
        hits = int(metrics.within(predicted, true, bounds).sum())
        constant = sum(baselines.best_length(lengths, bounds)[1] for lengths in by_type)
        figures[name] = metrics.proportion(hits, len(true), constant)
    least = [
        (baselines.best_length_by_error(lengths)[1], int((lengths > 0).sum()))
        for lengths in by_type
    ]
    weight = sum(count for _, count in least)
    baseline = sum(error * count for error, count in least if count) / weight if weight else None
    errors = metrics.relative_errors(predicted, true)
    figures["mean_absolute_relative_error"] = metrics.mean_error(errors, baseline)
    return figures


def _angle_figure(answers: Sequence[Answer]) -> Figure:
    true, predicted = _lengths(answers)
    hits = int((metrics.angle_errors(predicted, true) <= metrics.ANGLE).sum())
    constant = sum(
        baselines.best_angle(_lengths(members)[0], metrics.ANGLE)
        for members in _group(answers, lambda answer: answer.record.type).values()
    )
    return metrics.proportion(hits, len(true), constant)


def _lengths(answers: Sequence[Answer]) -> tuple[np.ndarray, np.ndarray]:
    """True and predicted numbers, float64[N], SI units; NaN where none was predicted."""
    true = np.array([answer.record.value for answer in answers], np.float64)
    said = [np.nan if answer.value is None else answer.value for answer in answers]
    return true, np.array(said, np.float64)


def _group(answers: Iterable[Answer], key: Callable[[Answer], str]) -> dict[str, list[Answer]]:
    groups: dict[str, list[Answer]] = {}
    for answer in answers:
        groups.setdefault(key(answer), []).append(answer)
    return groups


def write_predictions(path: Path, answers: Sequence[Answer]) -> None:
    """Writes one JSON object a line: question, answer, prediction, and how it was judged."""
    lines = [json.dumps(answer.as_dict(), ensure_ascii=False) for answer in answers]
    write_text(path, "".join(line + "\n" for line in lines))
