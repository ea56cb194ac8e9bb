import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data_loaders.errors import DataError
from data_loaders.evaluation import EvalBatch, eval_batches
from spatialvlm_jax.experiment import DataConfig, DatasetConfig, EncoderConfig, ModelConfig
from spatialvlm_jax.generation.stages import AnsweredScene
from spatialvlm_jax.inputs.tokenizer import Tokenizer
from tests.conversion.published import photo
from tests.generation.pictures import PictureSource, pairs, picture, store_pictures

MODEL = ModelConfig(encoder=EncoderConfig(image_size=16, patch_size=8))
SMALL = Tokenizer.from_config("small")


def batches(stored: Path, **fields: Any) -> list[EvalBatch]:
    sets = fields.pop("datasets", (DatasetConfig("fake", str(stored), "validation"),))
    settings = {"batch_size": 2, "pairs_per_image": 4} | fields
    return list(eval_batches(sets, DataConfig(), MODEL, **settings))


def test_questions_are_grouped_by_image_and_the_last_batch_is_filled_up(stored: Path) -> None:
    made = batches(stored)
    assert [batch.valid.tolist() for batch in made] == [[True] * 2, [True] * 2, [True, False]]
    assert [batch.image_ids for batch in made] == [
        ("fake-0012", "fake-0013"),
        ("fake-0014", "fake-0015"),
        ("fake-0016", ""),
    ]
    assert {batch.prefix_tokens.shape for batch in made} == {made[0].prefix_tokens.shape}
    assert made[0].prefix_tokens.shape[:2] == (2, 4)
    assert made[-1].records[1] == ()
    assert not made[-1].prefix_lengths[1].any()
    assert made[-1].datasets == ("fake", "")
    assert np.array_equal(made[0].images[1], picture(13).image)


def test_prefixes_are_those_of_the_records(stored: Path) -> None:
    for batch in batches(stored):
        for row in np.flatnonzero(batch.valid):
            for slot, record in enumerate(batch.records[row]):
                length = batch.prefix_lengths[row, slot]
                tokens = batch.prefix_tokens[row, slot]
                assert tuple(tokens[:length]) == SMALL.encode_prefix(record.question)
                assert not tokens[length:].any()


class OtherPictures(PictureSource):
    """Pictures with the ids of those, and nothing else in common but the first."""

    def answered(self, index: int) -> AnsweredScene:
        shown = picture(index if index == 12 else index + 100)
        named = dataclasses.replace(shown, image_id=self.image_id(index))
        return AnsweredScene(named, tuple(pairs(index)))


def test_pictures_of_one_id_in_several_sets_are_told_apart(stored: Path, tmp_path: Path) -> None:
    store_pictures(OtherPictures(), {"train": 12, "validation": 2}, tmp_path)
    sets = (
        DatasetConfig("fake", str(stored), "validation"),
        DatasetConfig("unknown", str(stored), "validation", camera="unknown"),
        DatasetConfig("other", str(tmp_path), "validation"),
    )
    (made,) = batches(stored, datasets=sets, images=6, batch_size=6)
    # The picture is one where sets share it; elsewhere ids that sets share are not enough.
    assert made.image_ids == (
        *("fake/fake-0012", "fake/fake-0013"),
        *("fake/fake-0012", "fake/fake-0013"),
        *("fake/fake-0012", "other/fake-0013"),
    )
    (shown,) = batches(stored, datasets=sets, images=6, batch_size=6, probe="other_picture")
    assert not any((one == two).all() for one, two in zip(made.images, shown.images, strict=True))


def test_an_evaluation_and_a_data_set_may_ask_in_their_own_way(stored: Path) -> None:
    own = DatasetConfig("own", str(stored), "validation", prefix_template="q: {question}")
    sets = (DatasetConfig("fake", str(stored), "validation"), own)
    made = batches(stored, datasets=sets, images=2, prefix_template="answer en {question}")
    for row, template in ((0, "answer en {question}"), (1, "q: {question}")):
        asked = template.replace("{question}", made[0].records[row][0].question)
        length = made[0].prefix_lengths[row, 0]
        assert tuple(made[0].prefix_tokens[row, 0, :length]) == SMALL.encode_prefix(asked)


def test_at_most_so_many_pairs_in_stored_order_and_always_the_same(stored: Path) -> None:
    made = batches(stored)
    asked = [record.question for record in made[0].records[0]]
    everything = [pair.question for pair in pairs(12)]
    assert len(asked) == 4
    assert asked == [question for question in everything if question in asked]
    assert repr(made[0].records) == repr(batches(stored)[0].records)
    left_out = {
        next(q for q in everything if q not in [r.question for r in records])
        for batch in made
        for records in batch.records
        if records
    }
    assert len(left_out) > 1


def test_fewer_pairs_than_slots_leave_empty_slots(stored: Path) -> None:
    (batch,) = batches(stored, batch_size=5, pairs_per_image=7)
    assert (batch.prefix_lengths > 0).sum(1).tolist() == [5] * 5


def test_images_are_shared_among_data_sets(stored: Path) -> None:
    spatial = DatasetConfig("spatial", str(stored), "validation", kinds=("quantitative",))
    general = DatasetConfig("general", str(stored), "validation", kinds=("general",))
    made = batches(stored, datasets=(spatial, general), images=4, batch_size=4)
    assert len(made) == 1
    assert made[0].datasets == ("spatial", "spatial", "general", "general")
    assert {record.kind for record in made[0].records[0]} == {"quantitative"}
    assert {record.kind for record in made[0].records[3]} == {"general"}


def test_settings_that_cannot_work_are_named(stored: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"eval\.datasets is empty"):
        batches(stored, datasets=())
    with pytest.raises(DataError, match="does not exist"):
        batches(stored, datasets=(DatasetConfig("fake", str(tmp_path / "nowhere")),))


def test_a_question_that_is_far_too_long_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(photo(0))
    record = {"image": "a.jpg", "question": "how far? " * 9_000, "answer": "2 m"}
    (tmp_path / "x.jsonl").write_text(json.dumps(record))
    mine = DatasetConfig("mine", str(tmp_path / "x.jsonl"), format="jsonl", images=str(tmp_path))
    data, model = DataConfig(datasets=(mine,)), ModelConfig()
    with pytest.raises(
        DataError, match=r"'mine': a question about a\.jpg has \d+ tokens, and at m"
    ):
        eval_batches([mine], data, model, batch_size=1, pairs_per_image=1)
