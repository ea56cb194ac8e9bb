import json
import math

import pytest

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.evaluation.comparison.predictions import (
    common_answers,
    differing_tracks,
    read_answers,
    tracks_of,
)
from spatialvlm_jax.evaluation.rows import PredictionRow
from spatialvlm_jax.evaluation.scorer import Scorer, write_predictions
from spatialvlm_jax.foreign_files.errors import FileError
from spatialvlm_jax.scene.records import QA

TALL = QA("How tall?", "2 m", "height", "quantitative", value=2.0, unit="m")
WAY = QA("Which way?", "left", "bearing", "quantitative", value=-0.5, unit="degrees")
TEXT = QA("What is it?", "mug", "mine", "general", answers=("mug", "cup", "mug"))


def stored(path, *asked, track=""):
    scorer = Scorer()
    for image, record, said in asked:
        scorer.add_row(PredictionRow("", image, record, said, "worlds", track=track))
    write_predictions(path, scorer.answers())
    return path


def test_answers_are_read_as_they_were_judged(tmp_path):
    stored(tmp_path / "predictions.jsonl", ("a", TALL, "1 m"), ("b", WAY, ""), ("b", TEXT, "cup"))
    tall, way, text = read_answers(tmp_path).values()
    assert (tall.true, tall.predicted, tall.accuracy, tall.dimension) == (2.0, 1.0, 0.0, "length")
    assert (way.image, way.dimension) == ("b", "angle")
    assert math.isnan(way.predicted)
    assert 0 < text.accuracy < 1
    assert (text.truth, text.prediction, text.dimension) == ("mug", "cup", "")


def test_a_right_number_that_is_none_is_refused(tmp_path):
    path = stored(tmp_path / "predictions.jsonl", ("a", TALL, "2 m"), ("a", TEXT, "mug"))
    lines = path.read_text().splitlines()
    for said in (float("nan"), None):
        row = json.loads(lines[0]) | {"predicted_value": said}
        path.write_text("\n".join([json.dumps(row), lines[1], ""]))
        with pytest.raises(FileError, match="called correct, and has no 'predicted_value'"):
            read_answers(tmp_path)


def test_only_equal_questions_and_truths_are_common(tmp_path):
    other = QA("How tall?", "3 m", "height", "quantitative", value=3.0, unit="m")
    first = stored(tmp_path / "a.jsonl", ("a", TALL, "1 m"), ("a", TALL, "2 m"), ("b", TALL, "3 m"))
    second = stored(
        tmp_path / "b.jsonl", ("b", other, "4 m"), ("a", TALL, "5 m"), ("a", TALL, "6 m")
    )
    common = common_answers([read_answers(first), read_answers(second)], ["a", "b"])
    said = [[answer.prediction for answer in answers] for answers in common.answers]
    assert said == [["1 m", "2 m"], ["5 m", "6 m"]]
    assert common.left_out == (1, 1)
    assert common.images.tolist() == [0, 0]
    assert common.image_names == ("a",)


def test_tracks_are_kept_and_compared_question_by_question(tmp_path):
    asked = [("a", TALL, "1 m"), ("b", TALL, "1 m")]
    camera, pixels, unsaid = [
        read_answers(stored(tmp_path / f"{track}.jsonl", *asked, track=track))
        for track in ("camera", "pixels", "")
    ]
    assert {answer.track for answer in camera.values()} == {"camera"}
    two = common_answers([camera, pixels], ["a", "b"])
    assert tracks_of(two, 1) == ("camera", "pixels")
    assert differing_tracks(two).startswith("2 of 2 questions were asked on different tracks")
    assert differing_tracks(common_answers([camera, camera], ["a", "b"])) == ""
    unknown = common_answers([camera, unsaid], ["a", "b"])
    assert tracks_of(unknown, 1) == ("camera", "not declared")
    assert differing_tracks(unknown) == ""


def test_nothing_in_common_is_told_with_the_remedy(tmp_path):
    first = stored(tmp_path / "a.jsonl", ("a", TALL, "1 m"))
    second = stored(tmp_path / "b.jsonl", ("b", TALL, "1 m"))
    with pytest.raises(UserError, match=r"a\.jsonl, b\.jsonl have no question in common"):
        common_answers([read_answers(first), read_answers(second)], ["a.jsonl", "b.jsonl"])


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "line 2: .*evaluate the run again"),
        ("[1]", "line 2: it is no JSON object"),
        ('{"image_id": "a"}', "line 2: no field 'dataset'"),
        ({"unit": 3}, "line 2: field 'unit' is no text"),
        ({"true_value": "2"}, "line 2: '2' is not a number"),
        ({"accuracy": None}, "line 2: field 'accuracy' is no share between 0 and 1"),
        ({"accuracy": 1.5}, "line 2: field 'accuracy' is no share between 0 and 1"),
        ({"distribution": {"std": -1}}, "line 2: field 'distribution': 'std' is below zero"),
        ({"distribution": {"below_truth": 2.5}}, "'below_truth' is no share between 0 and 1"),
        ({"distribution": {"interval_50": [2, 1]}}, "'interval_50' is turned round"),
        ({"distribution": {"interval_90": [2, 1]}}, "'interval_90' is turned round"),
        (
            {"distribution": {"interval_50": [1, 4], "interval_90": [1, 3]}},
            "'interval_50' is not within 'interval_90'",
        ),
        (
            {"distribution": {"median": 1000, "interval_90": [1, 3]}},
            "'median' is not within 'interval_90'",
        ),
    ],
)
def test_a_line_that_is_no_answer_is_named(tmp_path, line, reason):
    path = stored(tmp_path / "a.jsonl", ("a", TALL, "1 m"))
    whole = json.loads(path.read_text())
    text = line if isinstance(line, str) else json.dumps({**whole, **line})
    path.write_text(path.read_text() + text + "\n")
    with pytest.raises(FileError, match=reason):
        read_answers(path)


def test_a_file_without_answers_is_told_so(tmp_path):
    (tmp_path / "a.jsonl").write_text("")
    with pytest.raises(FileError, match=r"a\.jsonl holds no answer"):
        read_answers(tmp_path / "a.jsonl")


def test_a_run_that_was_not_evaluated_is_told_so(tmp_path):
    with pytest.raises(FileError, match=r"evaluate the run first \(python eval\.py --workdir="):
        read_answers(tmp_path)
