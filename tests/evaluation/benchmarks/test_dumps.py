from pathlib import Path

import pytest

from spatialvlm_jax.evaluation.benchmarks.dumps import lmms_samples, vlmeval_table
from spatialvlm_jax.evaluation.benchmarks.item import Item
from spatialvlm_jax.evaluation.benchmarks.joining import join
from spatialvlm_jax.evaluation.benchmarks.loading import load_questions
from spatialvlm_jax.evaluation.benchmarks.predictions import Prediction, read_predictions
from spatialvlm_jax.evaluation.benchmarks.registry import BENCHMARKS
from tests.evaluation.benchmarks.published import SAMPLES

TEXTS = ("B", 'so "B"\tor\r\nA, =1+1', "", "\u202e\x07", "left \u00e9")


@pytest.mark.parametrize("name", SAMPLES)
def test_what_is_written_is_read_as_it_was(name: str, tmp_path: Path) -> None:
    SAMPLES[name].write(tmp_path)
    items = load_questions(BENCHMARKS[name], tmp_path).items
    # The last question has no reply.
    replies = {
        item.id: Prediction(TEXTS[place % len(TEXTS)], item.id)
        for place, item in enumerate(items[:-1])
    }
    (tmp_path / "x.jsonl").write_text(lmms_samples(items, replies))
    (tmp_path / "x.tsv").write_text(vlmeval_table(items, replies), newline="")
    for file, form in (("x.jsonl", "lmms"), ("x.tsv", "vlmeval")):
        found = join(items, read_predictions(tmp_path / file, form))
        assert found.strangers == 0
        said = {key: prediction.text for key, prediction in found.replies.items()}
        assert said == {key: prediction.text for key, prediction in replies.items()}


def test_halves_of_characters_are_replaced() -> None:
    item = Item("1", "?", "?", "yes", "a")
    replies = {"1": Prediction("\ud800 yes", "1")}
    assert vlmeval_table([item], replies).splitlines()[1] == "1\t?\tyes\t\t? yes"
    assert "\\ud800 yes" in lmms_samples([item], replies)
