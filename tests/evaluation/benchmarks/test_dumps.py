import json
from pathlib import Path

import pytest

from spatialvlm_jax.evaluation.benchmarks.dumps import lmms_samples, vlmeval_table
from spatialvlm_jax.evaluation.benchmarks.item import Item
from spatialvlm_jax.evaluation.benchmarks.joining import join
from spatialvlm_jax.evaluation.benchmarks.loading import load_questions
from spatialvlm_jax.evaluation.benchmarks.predictions import Prediction, read_predictions
from spatialvlm_jax.evaluation.benchmarks.registry import BENCHMARKS
from tests.evaluation.benchmarks.published import SAMPLES, write_lines

TEXTS = ("B", 'so "B"\tor\r\nA, =1+1', "", "\u202e\x07", "left \u00e9")


@pytest.mark.parametrize("name", SAMPLES)
def test_what_is_written_is_read_as_it_was(name: str, tmp_path: Path) -> None:
    SAMPLES[name].write(tmp_path)
    questions = load_questions(BENCHMARKS[name], tmp_path)
    items = questions.items
    # The last question has no reply.
    replies = {
        item.id: Prediction(TEXTS[place % len(TEXTS)], item.id)
        for place, item in enumerate(items[:-1])
    }
    (tmp_path / "x.jsonl").write_text(lmms_samples(questions.places, replies))
    (tmp_path / "x.tsv").write_text(vlmeval_table(questions.places, replies), newline="")
    for file, form in (("x.jsonl", "lmms"), ("x.tsv", "vlmeval")):
        found = join(items, read_predictions(tmp_path / file, form))
        assert found.strangers == 0
        said = {key: prediction.text for key, prediction in found.replies.items()}
        assert said == {key: prediction.text for key, prediction in replies.items()}


def test_numbers_of_records_are_those_of_all_where_some_were_left_out(tmp_path: Path) -> None:
    """All answers are yes here, so that a reply to another question would not be found out."""
    good = {"label": 1, "relation": "on", "image": "a"}
    rows = [good | {"caption": thing} for thing in ("mug", "", "lamp", "door")]
    write_lines(tmp_path / "test.jsonl", rows)
    questions = load_questions(BENCHMARKS["vsr"], tmp_path, allow_missing=True)
    assert [item.question for item in questions.items] == ["mug", "lamp", "door"]
    samples = [
        {"doc_id": n, "target": "yes", "resps": row["caption"]} for n, row in enumerate(rows)
    ]
    write_lines(tmp_path / "x.jsonl", samples)
    found = join(questions.items, read_predictions(tmp_path / "x.jsonl", "lmms"), questions.places)
    asked = {item.id: item.question for item in questions.items}
    assert {key: reply.text for key, reply in found.replies.items()} == asked
    assert found.strangers == 1
    written = lmms_samples(questions.places, found.replies).splitlines()
    assert [json.loads(line)["doc_id"] for line in written] == [0, 2, 3]


def test_halves_of_characters_are_replaced() -> None:
    item = Item("1", "?", "?", "yes", "a")
    replies = {"1": Prediction("\ud800 yes", "1")}
    assert vlmeval_table({0: item}, replies).splitlines()[1] == "1\t?\tyes\t\t? yes"
    assert "\\ud800 yes" in lmms_samples({0: item}, replies)
