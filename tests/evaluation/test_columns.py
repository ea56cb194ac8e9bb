import numpy as np
import pytest

from spatialvlm_jax.evaluation.columns import AnswerColumns
from spatialvlm_jax.evaluation.scorer import Scorer
from spatialvlm_jax.scene.records import QA

TALL = QA("How tall?", "2 m", "height", "quantitative", value=2.0, unit="m")
WAY = QA("Which way?", "left", "bearing", "quantitative", value=-0.5, unit="degrees")
WHICH = QA("Is the mug or the lamp taller?", "lamp", "which", "qualitative", verdict="lamp")
RED, BLUE = (QA("What color?", c, "color", "general", verdict=c) for c in ("red", "blue"))
TEXT = QA("What is it?", "mug", "mine", "general", answers=("mug", "cup"))


def columns(*asked):
    scorer = Scorer()
    for dataset, image, record, said in asked:
        scorer.add(record, said, image, dataset)
    return AnswerColumns.of(scorer.answers())


def test_each_answer_has_its_row():
    found = columns(
        ("worlds", "a", TALL, "1 m"),
        ("worlds", "b", WAY, ""),
        ("worlds", "a", WHICH, "the lamp"),
        ("photos", "c", RED, "red"),
        ("photos", "a", BLUE, "red"),
        ("photos", "d", TEXT, "mug"),
    )
    assert found.images.tolist() == [0, 1, 0, 2, 0, 3]
    assert [found.dataset_names[at] for at in found.datasets] == 3 * ["worlds"] + 3 * ["photos"]
    assert [found.type_names[at] for at in found.types[:4]] == [
        "height",
        "bearing",
        "which",
        "color",
    ]
    assert found.dimensions.tolist() == ["length", "angle", "", "", "", ""]
    assert found.predicted.tolist() == pytest.approx([1.0] + 5 * [np.nan], nan_ok=True)
    assert found.given.tolist() == [True, False, True, True, True, True]
    assert found.read.tolist() == [True, False, True, True, True, True]
    assert found.right.tolist() == [False, False, True, True, False, False]
    assert found.positions.tolist() == [-1, -1, 1, -1, -1, -1]
    nothing = np.nan
    chances = [nothing, nothing, 0.5, 0.5, 0.5, nothing]
    assert found.chances.tolist() == pytest.approx(chances, nan_ok=True)
    assert found.people.tolist() == 5 * [()] + [("mug", "cup")]


def test_some_answers_keep_their_numbers():
    found = columns(
        ("worlds", "a", TALL, "1 m"), ("worlds", "b", WAY, ""), ("worlds", "b", TALL, "2 m")
    )
    measured = found.measured()
    assert measured.images.tolist() == [0, 1]
    assert measured.predicted.tolist() == [1.0, 2.0]
    by_type = {name: members.images.tolist() for name, members in found.by_type()}
    assert by_type == {"height": [0, 1], "bearing": [1]}


def test_there_may_be_no_answers():
    nothing = AnswerColumns.of([])
    assert len(nothing) == len(nothing.measured()) == 0
    assert list(nothing.by_type()) == []
