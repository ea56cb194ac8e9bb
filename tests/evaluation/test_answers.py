import dataclasses
import json
import math

import pytest

from spatialvlm_jax.evaluation.answers import ParsedAnswer, judge, parse_answer
from spatialvlm_jax.evaluation.rows import PredictionRow
from spatialvlm_jax.scene.records import QA
from spatialvlm_jax.scene.sight import Sight

HEIGHT = QA("How tall is the mug?", "2 m", "height", "quantitative", value=2.0, unit="m")
LEFT = QA(
    "Is the red mug to the left of the lamp?",
    "The red mug is to the left of the lamp, so yes.",
    "left_of",
    "qualitative",
    verdict="yes",
)
WHICH = QA(
    "Which is taller, the red mug or the blue lamp?",
    "the blue lamp",
    "which_taller",
    "qualitative",
    verdict="blue lamp",
)
WHERE = QA(
    "Where is the mug?", "left and behind", "where", "qualitative", verdict="left and behind"
)
PLACES = {"left", "behind", "left and behind", "right and behind"}
COLOR = QA("What color is the wooden mug?", "red", "color", "general", verdict="red")
COUNT = QA("How many mugs are there?", "2", "count", "general", verdict="2")


def mark(record, prediction, vocabulary=()):
    return judge(PredictionRow("", "", record, prediction), vocabulary).mark


def test_parse_answer_reads_length_unit_and_verdict():
    assert parse_answer("about 2 m, so yes") == ParsedAnswer(2.0, "m", "yes")
    assert parse_answer("no idea what") == ParsedAnswer(None, "", None)
    assert parse_answer("who knows") == ParsedAnswer(None, "", None)


@pytest.mark.parametrize(
    ("prediction", "expected"),
    [
        ("2 m", "right"),
        ("250 cm", "right"),
        ("1.5 m", "right"),
        ("4 m", "near"),
        ("1 m", "near"),
        ("4.1 m", "wrong"),
        ("0.9 m", "wrong"),
        ("-2 m", "wrong"),
        ("tall", "wrong"),
        ("1e400", "wrong"),
    ],
)
def test_lengths_are_marked_by_ratio(prediction, expected):
    assert mark(HEIGHT, prediction) == expected


@pytest.mark.parametrize(
    ("prediction", "expected"), [("0 m", "right"), ("0 cm", "right"), ("0.1 m", "wrong")]
)
def test_a_true_length_of_zero_is_right_only_as_zero(prediction, expected):
    assert mark(dataclasses.replace(HEIGHT, value=0.0), prediction) == expected


def test_the_first_length_counts_where_that_is_asked_for():
    text = "The mug is 45 cm wide, so its height is about 2 m."
    assert parse_answer(text).value_metres == 2
    assert parse_answer(text, which="first").value_metres == pytest.approx(0.45)
    said = judge(PredictionRow("", "", HEIGHT, text), (), which="first").value
    assert said == pytest.approx(0.45)


@pytest.mark.parametrize("record", [HEIGHT, LEFT, WHERE, COLOR, COUNT])
def test_no_prediction_ends_an_evaluation(record):
    for prediction in ("1e400", "²", "9" * 100_000, "\\frac{" * 1000, "\ud800"):
        assert mark(record, prediction, {record.verdict}) == "wrong"


@pytest.mark.parametrize(
    ("prediction", "expected"),
    [
        ("yes", "right"),
        ("left, so yes", "right"),
        ("The lamp is to the right of the red mug, so yes.", "right"),
        ("right, so yes", "wrong"),
        ("The red mug is to the right of the lamp, so yes.", "wrong"),
        ("left, so no", "wrong"),
        ("left", "wrong"),
    ],
)
def test_a_verdict_needs_its_reason(prediction, expected):
    assert mark(LEFT, prediction) == expected


@pytest.mark.parametrize(
    ("prediction", "expected"),
    [
        ("The blue lamp is taller than the red mug.", "right"),
        ("The red mug is taller than the blue lamp.", "wrong"),
        ("blue lamp", "right"),
        ("lamp", "wrong"),
        ("", "wrong"),
    ],
)
def test_choices_are_matched_by_first_mention(prediction, expected):
    assert mark(WHICH, prediction, {"blue lamp"}) == expected


@pytest.mark.parametrize(
    ("prediction", "expected"),
    [
        ("It is to the left of and behind the lamp.", "right"),
        ("behind and left", "right"),
        ("left", "wrong"),
        ("right and behind", "wrong"),
    ],
)
def test_directions_are_sets(prediction, expected):
    assert mark(WHERE, prediction, PLACES) == expected


def test_words_are_sought_among_the_verdicts_of_the_type():
    colors = {"red", "blue", "brown"}
    assert mark(COLOR, "The wooden mug is red.", colors) == "right"
    assert mark(COLOR, "blue, or red", colors) == "wrong"
    assert mark(COLOR, "redder", colors) == "wrong"


def test_words_of_the_question_are_no_answers():
    record = QA("What is on the brown table?", "a mug", "what_is_on", "general", verdict="red mug")
    answer = "On the brown table stands the red mug."
    assert mark(record, answer, {"red mug", "brown table"}) == "right"


def test_counts_are_compared_as_numbers():
    assert mark(COUNT, "There are two mugs.") == "right"
    assert mark(COUNT, "3") == "wrong"
    assert mark(COUNT, "some") == "wrong"


def test_a_judged_answer_is_plain_json():
    answer = judge(PredictionRow("i/0", "i", LEFT, "yes", "d"), {"yes"})
    assert math.isnan(LEFT.value)
    written = json.loads(json.dumps(answer.as_dict(), allow_nan=False))
    assert written["correct"] is True
    assert written["predicted_verdict"] == "yes"
    assert written["true_value"] is None
    assert written["question"] == LEFT.question
    assert written["distance"] is None
    near = PredictionRow("i/0", "i", LEFT, "yes", "d", sight=Sight(distance=0.75))
    assert judge(near, {"yes"}).as_dict()["distance"] == 0.75
