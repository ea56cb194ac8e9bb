"""What a generated answer says, and whether it is right."""

import dataclasses
import math
import re
from collections.abc import Collection
from typing import Any, Literal

import numpy as np

from spatialvlm_jax.evaluation import metrics, vqa_accuracy
from spatialvlm_jax.evaluation.distribution import ValueReading
from spatialvlm_jax.evaluation.reading import lengths, reasons, verdicts
from spatialvlm_jax.evaluation.rows import PredictionRow
from spatialvlm_jax.experiment import Choice
from spatialvlm_jax.scene.records import QA
from spatialvlm_jax.units import describe_exact

Mark = Literal["right", "near", "wrong"]

_CLOCK = re.compile(r"\bo['’]clock\b", re.IGNORECASE)


@dataclasses.dataclass(frozen=True)
class ParsedAnswer:
    """What a text says by itself.

    value_metres: the length it states, metres, or None.
    unit: the unit that length was given in ("m", "cm", "ft", ...); "" where it had none.
    verdict: "yes", "no" or None.
    """

    value_metres: float | None
    unit: str
    verdict: str | None


@dataclasses.dataclass(frozen=True)
class Answer:
    """A question, what the model said, and how that was judged.

    value: the predicted quantity in SI units (quantitative questions), or None.
    verdict: the predicted deciding word (other questions), or None.
    mark: "right"; for numbers, right within 25 % of the truth, "near" within [50, 200] %; for
      angles, within 15 and within 30 degrees; for free texts, "near" where some people agree;
      "wrong".
    accuracy: of a free text, 0 to 1, as `vqa_accuracy` has it; else 1 where right, 0 elsewhere.
    reading: what the distribution of a quantity says, where it was asked for.
    """

    row: PredictionRow
    value: float | None
    verdict: str | None
    mark: Mark
    accuracy: float
    reading: ValueReading | None = None

    @property
    def record(self) -> QA:
        """The question and its truth."""
        return self.row.record

    @property
    def prediction(self) -> str:
        """What the model said."""
        return self.row.prediction

    @property
    def image_id(self) -> str:
        """Of the picture that was asked about."""
        return self.row.image_id

    @property
    def dataset(self) -> str:
        """The data set that the question is from."""
        return self.row.dataset

    @property
    def is_given(self) -> bool:
        """Whether the model said anything."""
        return bool(self.prediction.strip())

    @property
    def is_read(self) -> bool:
        """Whether what it said could be read as an answer to the question."""
        if self.record.kind == "quantitative":
            return self.value is not None
        return self.is_given if self.is_text else self.verdict is not None

    @property
    def is_text(self) -> bool:
        """Whether it is compared with what people answered: no word of the truth decides."""
        return _is_text(self.record)

    @property
    def dimension(self) -> str:
        """What a quantitative question asks for: "length", "area", "volume", "ratio", "angle"."""
        return lengths.dimension_of(self.record.unit)

    def as_dict(self) -> dict[str, Any]:
        """The form in which predictions.jsonl has it; unknown numbers are null."""
        record = self.record
        return {
            "id": self.row.id,
            "image_id": self.image_id,
            "dataset": self.dataset,
            "type": record.type,
            "kind": record.kind,
            "question": record.question,
            **({"prompt": self.row.prompt} if self.row.prompt else {}),
            **({"track": self.row.track} if self.row.track else {}),
            "answer": record.answer,
            "prediction": self.prediction,
            **({"failure": self.row.failure} if self.row.failure else {}),
            "unit": record.unit,
            "true_value": _or_null(record.value),
            "predicted_value": self.value,
            "true_verdict": record.verdict or None,
            "predicted_verdict": self.verdict,
            "mark": self.mark,
            "correct": self.mark == "right",
            "distance": _or_null(self.row.sight.distance),
            **({"accuracy": self.accuracy} if self.is_text else {}),
            **({"distribution": dataclasses.asdict(self.reading)} if self.reading else {}),
        }


def _or_null(value: float) -> float | None:
    return value if math.isfinite(value) else None


def describe_truth(answer: Answer) -> str:
    """The true answer in words, or the exact number where there is one."""
    record = answer.record
    if record.kind != "quantitative":
        return record.answer
    return describe_exact(record.value, answer.dimension)


def parse_answer(text: str, which: Choice = "conclusion") -> ParsedAnswer:
    """Reads a length and a yes or no from text; `reading` says how.

    Args:
      which: of several lengths, the one that the text concludes with, or plainly the "first".
    """
    quantity = lengths.find_quantity(text, which=which)
    return ParsedAnswer(
        value_metres=None if quantity is None else quantity.metres,
        unit="" if quantity is None else quantity.unit,
        verdict=verdicts.read_yes_no(text),
    )


def read_verdict(record: QA, prediction: str, vocabulary: Collection[str]) -> str | None:
    """The deciding word of a prediction, in the form of `record.verdict`, or None.

    Args:
      record: the question and its truth, whose verdict tells the form of the answer.
      prediction: what the model said.
      vocabulary: the verdicts that answers to this type of question have.
    """
    if record.verdict in ("yes", "no"):
        return verdicts.read_yes_no(prediction)
    if record.verdict.isdigit() and _CLOCK.search(record.answer):
        hour = lengths.find_hour(prediction)
        return None if hour is None else str(hour)
    if record.verdict.isdigit():
        count = reasons.read_concluded_count(prediction)
        return None if count is None else str(count)
    if verdicts.is_direction(record.verdict):
        said = verdicts.read_directions(prediction)
        return next((word for word in vocabulary if verdicts.read_directions(word) == said), None)
    choices = verdicts.choices_of(record.question, record.verdict)
    if choices:
        return reasons.read_choice(prediction, choices)
    asked = verdicts.words_of(record.question)
    unsaid = {
        phrase
        for phrase in vocabulary
        if phrase == record.verdict
        or verdicts.find_phrase(asked, verdicts.words_of(phrase)) is None
    }
    return verdicts.read_phrase(prediction, unsaid)


def judge(row: PredictionRow, vocabulary: Collection[str], which: Choice = "conclusion") -> Answer:
    """Judges one prediction by the record's exact value, its verdict, or what people answered.

    Where the true answer gives its reason ("left, so yes", "left, so the mug"), a right verdict
    with the opposite relation before it is wrong; of a count the number alone is judged.

    Args:
      vocabulary: the verdicts that answers to this type of question have.
      which: of several quantities, the one that is concluded, or plainly the first.
    """
    record, prediction = row.record, row.prediction
    value = verdict = None
    mark: Mark = "wrong"
    accuracy = None
    if record.kind == "quantitative":
        dimension = lengths.dimension_of(record.unit)
        found = lengths.find_quantity(prediction, dimension, which)
        if found is not None:
            value = found.si
            mark = mark_number(value, record.value, dimension)
    elif _is_text(record):
        accuracy = vqa_accuracy.accuracy(prediction, people_said(record))
        mark = "right" if accuracy == 1 else "near" if accuracy else "wrong"
    else:
        verdict = read_verdict(record, prediction, vocabulary)
        right = verdict == record.verdict and not _contradicts(record, prediction)
        mark = "right" if right else "wrong"
    if accuracy is None:
        accuracy = float(mark == "right")
    return Answer(row, value, verdict, mark, accuracy)


def _contradicts(record: QA, prediction: str) -> bool:
    """Whether a prediction states the opposite of the relation that the true answer states."""
    if record.verdict in ("yes", "no"):
        return verdicts.contradicts(prediction, record.answer, record.question)
    choices = verdicts.choices_of(record.question, record.verdict)
    return choices is not None and reasons.contradicts_choice(prediction, record.answer, choices)


def people_said(record: QA) -> tuple[str, ...]:
    """What people answered to a question: those of several, or the one answer."""
    return record.answers or (record.answer,)


def _is_text(record: QA) -> bool:
    return record.kind != "quantitative" and not record.verdict


def mark_number(said: float, true: float, dimension: str) -> Mark:
    """How a quantity in SI units stands to its truth: "right" within 25 % of it, angles 15 degrees.

    "near" is between half and twice the truth, angles within 30 degrees.
    """
    if dimension == "angle":
        off = float(metrics.angle_errors(np.array([said]), np.array([true]))[0])
        return "right" if off <= metrics.ANGLE else "near" if off <= 2 * metrics.ANGLE else "wrong"
    marks: tuple[tuple[str, Mark], ...] = (("within_25", "right"), ("within_50_200", "near"))
    for name, mark in marks:
        if metrics.within(np.array(said), np.array(true), metrics.BOUNDS[name]):
            return mark
    return "wrong"
