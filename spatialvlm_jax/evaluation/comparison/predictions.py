"""What evaluations left in predictions.jsonl, and the questions that several of them share."""

import dataclasses
import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from spatialvlm_jax.errors import UserError, one_line
from spatialvlm_jax.evaluation.answers import Mark, mark_number
from spatialvlm_jax.evaluation.distribution import ValueReading
from spatialvlm_jax.evaluation.metrics import Interval
from spatialvlm_jax.evaluation.reading import lengths
from spatialvlm_jax.evaluation.report.missing import describe_missing
from spatialvlm_jax.evaluation.tracks import describe_tracks
from spatialvlm_jax.foreign_files.errors import FileError
from spatialvlm_jax.foreign_files.json_files import read_placed_lines

FILE = "predictions.jsonl"
_SHOWN = 60  # characters of a track's name
_TEXTS = ("image_id", "dataset", "type", "kind", "question", "answer", "prediction", "unit")

# Data set, picture, question, type, truth, and which time this is asked.
Key = tuple[str, str, str, str, str, int]


@dataclasses.dataclass(frozen=True)
class StoredAnswer:
    """A judged answer as a line of predictions.jsonl has it.

    dimension: of the quantity asked for, "" of other questions. true, predicted: SI units, NaN
    where there is none. accuracy: 0 to 1. reading: what the distribution of a quantity says, NaN
    where the file lacks some of it; None where it was not asked for. distance: of the farthest
    object asked about, metres, NaN where it is unknown. failure: why there is no reply, "" where
    there is one. track: what the model was given beside the question, "" where the file does not
    say it.
    """

    image: str
    type: str
    kind: str
    question: str
    truth: str
    prediction: str
    dimension: str
    true: float
    predicted: float
    accuracy: float
    reading: ValueReading | None = None
    distance: float = float("nan")
    failure: str = ""
    track: str = ""

    @property
    def mark(self) -> Mark:
        """As `Answer` has it."""
        if self.dimension and self.accuracy < 1 and np.isfinite(self.predicted):
            return mark_number(self.predicted, self.true, self.dimension)
        return "right" if self.accuracy == 1 else "near" if self.accuracy else "wrong"


@dataclasses.dataclass(frozen=True, eq=False)
class CommonAnswers:
    """N questions that R runs answered.

    answers: of each run, those N answers. left_out: of each run, how many others it has.
    images: int64[N], equal for questions about one picture, whose names are `image_names`.
    """

    answers: tuple[tuple[StoredAnswer, ...], ...]
    left_out: tuple[int, ...]
    images: np.ndarray
    image_names: tuple[str, ...]


def predictions_file(place: Path) -> Path:
    """The file of a run's workdir, or `place` itself where it is a file."""
    return place / FILE if place.is_dir() else place


def read_answers(place: Path) -> dict[Key, StoredAnswer]:
    """The answers of a workdir or of a predictions file.

    Raises:
      FileError: it cannot be read; the message names the line.
    """
    path = predictions_file(place)
    if not path.exists():
        raise FileError(
            f"{path} is not there: evaluate the run first (python eval.py --workdir={place}); "
            "replies to benchmarks are compared by the report of spatialvlm evaluate with several "
            "--model, or by spatialvlm score --against"
        )
    found: dict[Key, StoredAnswer] = {}
    times: Counter[tuple[str, ...]] = Counter()
    for where, row in read_placed_lines(path):
        try:
            answer = _stored_answer(row)
        except (ValueError, TypeError, KeyError) as error:
            raise FileError(
                f"{path}: {where}: {error}; evaluate the run again with this version"
            ) from None
        truth = f"{answer.truth} {answer.true:.9g}"
        asked = (row["dataset"], row["image_id"], answer.question, answer.type, truth)
        found[*asked, times[asked]] = answer
        times[asked] += 1
    if not found:
        raise FileError(f"{path} holds no answer")
    return found


def _stored_answer(row: Any) -> StoredAnswer:
    if isinstance(row, ValueError):
        raise row
    if not isinstance(row, dict):
        raise ValueError("it is no JSON object")
    missing = [name for name in (*_TEXTS, "correct", "true_value") if name not in row]
    if missing:
        raise ValueError(f"no field {missing[0]!r}")
    texts = {name: row[name] for name in _TEXTS}
    wrong = [name for name, text in texts.items() if not isinstance(text, str)]
    if wrong:
        raise ValueError(f"field {wrong[0]!r} is no text")
    accuracy = _number(row.get("accuracy", float(bool(row["correct"]))))
    if not 0 <= accuracy <= 1:  # one that is unknown would leave no mean known
        raise ValueError("field 'accuracy' is no share between 0 and 1")
    is_number = texts["kind"] == "quantitative"
    predicted = _number(row.get("predicted_value"))
    if is_number and accuracy and math.isnan(predicted):
        raise ValueError("it is called correct, and has no 'predicted_value'")
    return StoredAnswer(
        image=texts["image_id"],
        type=texts["type"],
        kind=texts["kind"],
        question=texts["question"],
        truth=texts["answer"],
        prediction=texts["prediction"],
        dimension=lengths.dimension_of(texts["unit"]) if is_number else "",
        true=_number(row["true_value"]),
        predicted=predicted,
        accuracy=accuracy,
        reading=_reading(row.get("distribution") or None),
        distance=_number(row.get("distance")),
        failure=str(row.get("failure", "")),
        track=one_line(str(row.get("track", "")))[:_SHOWN],
    )


def _reading(fields: Any) -> ValueReading | None:
    if fields is None:
        return None
    if not isinstance(fields, dict):
        raise ValueError("field 'distribution' is no object")
    below = fields.get("below_truth")
    reading = ValueReading(
        **{name: _number(fields.get(name)) for name in ("median", "mean", "std", "entropy")},
        interval_50=_ends(fields, "interval_50"),
        interval_90=_ends(fields, "interval_90"),
        below_truth=None if below is None else _number(below),
    )
    if wrong := _impossible(reading):
        raise ValueError(f"field 'distribution': {wrong}")
    return reading


def _impossible(reading: ValueReading) -> str:
    """Why no distribution says that, "" where one may; what is not there is no reason."""
    (low_50, high_50), (low_90, high_90) = reading.interval_50, reading.interval_90
    below = 0.0 if reading.below_truth is None else reading.below_truth
    reasons = {
        "'std' is below zero": reading.std < 0,
        "'below_truth' is no share between 0 and 1": below < 0 or below > 1,
        "'interval_50' is turned round": low_50 > high_50,
        "'interval_90' is turned round": low_90 > high_90,
        "'interval_50' is not within 'interval_90'": low_50 < low_90 or high_50 > high_90,
        "'median' is not within 'interval_90'": reading.median < low_90 or reading.median > high_90,
    }
    return next((reason for reason, holds in reasons.items() if holds), "")


def _ends(fields: dict[str, Any], name: str) -> Interval:
    ends = fields.get(name)
    if ends is None:
        return float("nan"), float("nan")
    if not isinstance(ends, list) or len(ends) != 2:
        raise ValueError(f"field {name!r} of 'distribution' is no list of two numbers")
    return _number(ends[0]), _number(ends[1])


def _number(value: Any) -> float:
    if value is None:
        return float("nan")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is not a number")
    return float(value)


def missing_replies(common: CommonAnswers, names: Sequence[str]) -> list[str]:
    """Of each run that has no reply to some of them, a line that says so: they count as wrong."""
    found = (describe_missing([each.failure for each in answers]) for answers in common.answers)
    return [f"{name}: {said}" for name, said in zip(names, found, strict=True) if said]


def tracks_of(common: CommonAnswers, seeds: int) -> tuple[str, str]:
    """Of the first way, whose runs are the first `seeds`, and of the second: its track in words."""
    ways = common.answers[:seeds], common.answers[seeds:]
    first, second = (
        describe_tracks(answer.track for answers in way for answer in answers) for way in ways
    )
    return first, second


def differing_tracks(common: CommonAnswers) -> str:
    """How many questions were not asked on one track, where files say it; "" where all were."""
    asked = [
        {each.track for each in answers} - {""} for answers in zip(*common.answers, strict=True)
    ]
    differ = sum(len(tracks) > 1 for tracks in asked)
    if not differ:
        return ""
    return (
        f"{differ:,} of {len(asked):,} questions were asked on different tracks, so that part of "
        "the differences may come of what the models were given"
    )


def common_answers(runs: Sequence[dict[Key, StoredAnswer]], names: Sequence[str]) -> CommonAnswers:
    """The questions with equal truths about equal pictures that all runs answered.

    Raises:
      UserError: there is none.
    """
    shared = [key for key in runs[0] if all(key in run for run in runs[1:])]
    if not shared:
        raise UserError(
            f"{', '.join(names)} have no question in common: evaluate them on the same data sets "
            "(eval.datasets, eval.images and eval.pairs_per_image)"
        )
    answers = tuple(tuple(run[key] for key in shared) for run in runs)
    codes: dict[str, int] = {}
    images = [codes.setdefault(answer.image, len(codes)) for answer in answers[0]]
    return CommonAnswers(
        answers,
        tuple(len(run) - len(shared) for run in runs),
        np.array(images, np.int64),
        tuple(codes),
    )
