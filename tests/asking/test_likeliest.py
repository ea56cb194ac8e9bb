"""The likeliest candidate, and what counts where several are."""

import zlib
from pathlib import Path

import numpy as np
import pytest

from spatialvlm_jax.asking.kept_replies import KeptReplies
from spatialvlm_jax.asking.local_model import likeliest
from spatialvlm_jax.asking.question import Manner, Question, Reply, put_question
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.evaluation.benchmarks.item import Item
from spatialvlm_jax.evaluation.benchmarks.predictions import Prediction, read_predictions
from spatialvlm_jax.evaluation.benchmarks.registry import find_benchmark
from spatialvlm_jax.evaluation.benchmarks.scoring import score_replies
from spatialvlm_jax.foreign_files.errors import FileError

OPTIONS = {"A": "left", "B": "right", "C": "above", "D": "below"}


def question(name: str, answer: str = "A") -> Question:
    options = OPTIONS if answer in OPTIONS else {}
    return put_question(
        Item(name, "?", "?", answer, name, options=options), Manner("", "likelihood")
    )


def test_the_likeliest_is_the_reply() -> None:
    scores = np.array([-3.0, -2.0, np.nan, -2.5])
    assert likeliest(question("1"), scores) == Reply("1", "B")
    assert likeliest(question("1", "no"), np.array([-1.0, -0.5])) == Reply("1", "no")


def test_those_that_tie_are_named_and_one_is_drawn_fairly() -> None:
    scores = np.array([-2.0, -3.0, -2.0, -2.0])
    replies = [likeliest(question(str(number)), scores) for number in range(3_000)]
    assert {reply.tied for reply in replies} == {("A", "C", "D")}
    said = [reply.text for reply in replies]
    assert all(abs(said.count(letter) - 1_000) < 100 for letter in "ACD")
    unknown = likeliest(question("1"), np.full(4, np.nan))
    assert unknown.tied == ("A", "B", "C", "D")
    yes_no = [likeliest(question(str(number), "no"), np.zeros(2)) for number in range(1_000)]
    assert {reply.tied for reply in yes_no} == {()}
    assert abs(sum(reply.text == "yes" for reply in yes_no) - 500) < 60


def test_a_draw_has_nothing_to_do_with_how_options_were_turned() -> None:
    """What'sUp turns its captions by a CRC of the id: drawing by it would always be right."""
    names = [f"controlled_images_dataset/{number}" for number in range(2_000)]
    right = ["ABCD"[zlib.crc32(name.encode()) % 4] for name in names]
    said = [likeliest(question(name), np.zeros(4)).text for name in names]
    assert abs(sum(a == b for a, b in zip(said, right, strict=True)) - 500) < 80


@pytest.mark.parametrize("name", ["whats_up", "cv_bench"])
def test_a_tie_is_marked_by_its_share(name: str) -> None:
    benchmark = find_benchmark(name)
    answers = {"1": "A", "2": "B", "3": "D"}
    items = [
        Item(key, "?", "?", answer, key, options=OPTIONS, group="g", part="COCO")
        for key, answer in answers.items()
    ]
    replies = {
        "1": Prediction("B", "1", tied=("A", "B", "C", "D")),
        "2": Prediction("A", "2", tied=("A", "B")),
        "3": Prediction("A", "3", tied=("A", "B")),
    }
    scores = score_replies(benchmark, items, replies)
    for rule in ("official", "robust"):
        assert [each.marks[rule].score for each in scores.replies] == [0.25, 0.5, 0.0]
        assert scores.headlines()[rule].value == pytest.approx(0.25)
    assert [each.state for each in scores.replies] == ["partly right", "partly right", "wrong"]
    assert scores.replies[1].reply == "A or B"


def test_a_tie_with_what_is_no_option_is_refused() -> None:
    item = Item("1", "?", "?", "A", "1", options=OPTIONS, group="g", part="COCO")
    replies = {"1": Prediction("A", "1", tied=("A", "Z"))}
    with pytest.raises(UserError, match="1: 'Z' of 'tied' is none of its options, A, B, C, D"):
        score_replies(find_benchmark("cv_bench"), [item], replies)


def test_ties_are_kept_in_the_file_and_read_back(tmp_path: Path) -> None:
    asked, path = [question("1"), question("2")], tmp_path / "replies.jsonl"
    with KeptReplies(path, asked, {}).growing() as add:
        add(Reply("1", "B", tied=("A", "B")))
        add(Reply("2", "C"))
    again = KeptReplies(path, asked, {}).replies
    assert again == {"1": Reply("1", "B", tied=("A", "B")), "2": Reply("2", "C")}
    assert [each.tied for each in read_predictions(path)] == [("A", "B"), ()]
    path.write_text(path.read_text().replace('["A", "B"]', '"AB"'))
    with pytest.raises(FileError, match="'tied' is no list of replies"):
        read_predictions(path)
    with pytest.raises(FileError, match="is none that asking wrote"):
        KeptReplies(path, asked, {})
