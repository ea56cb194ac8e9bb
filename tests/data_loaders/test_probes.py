import dataclasses
from pathlib import Path

import numpy as np
import pytest

from data_loaders.errors import DataError
from data_loaders.evaluation import EvalBatch, eval_batches
from data_loaders.probes import turn_round
from spatialvlm_jax.experiment import DataConfig, DatasetConfig, EncoderConfig, ModelConfig, Probe
from spatialvlm_jax.inputs.tokenizer import Tokenizer
from spatialvlm_jax.scene.altered_pictures import GREY
from spatialvlm_jax.scene.records import QA
from tests.generation.pictures import picture

MODEL = ModelConfig(encoder=EncoderConfig(image_size=16, patch_size=8))
SMALL = Tokenizer.from_config("small")
CAPTIONS = ("red mug", "mug", "blue lamp")


def batch_of(stored: Path, probe: Probe | None, images: int = 5) -> EvalBatch:
    mine = DatasetConfig("fake", str(stored), "validation")
    settings = {"batch_size": 8, "pairs_per_image": 8, "images": images}
    (batch,) = eval_batches([mine], DataConfig(), MODEL, **settings, probe=probe)
    return batch


def test_a_blind_model_sees_grey_alone(stored: Path) -> None:
    plain, blind = batch_of(stored, None), batch_of(stored, "blind")
    assert (blind.images[:5] == GREY).all()
    assert not blind.images[5:].any()
    assert np.array_equal(blind.prefix_tokens, plain.prefix_tokens)
    assert repr(blind.records) == repr(plain.records)


def test_every_question_is_asked_of_another_picture(stored: Path) -> None:
    other = batch_of(stored, "other_picture")
    own = [picture(12 + row).image for row in range(5)]
    shown = [
        next(at for at, image in enumerate(own) if np.array_equal(image, other.images[row]))
        for row in range(5)
    ]
    assert sorted(shown) == [0, 1, 2, 3, 4]
    assert all(at != row for row, at in enumerate(shown))
    assert np.array_equal(other.images, batch_of(stored, "other_picture").images)


def test_one_picture_has_no_other(stored: Path) -> None:
    with pytest.raises(DataError, match="leave 'other_picture' out of eval.probes"):
        batch_of(stored, "other_picture", images=1)


def test_turned_questions_are_asked_with_the_ids_of_the_first(stored: Path) -> None:
    plain, turned = batch_of(stored, None), batch_of(stored, "swap")
    assert np.array_equal(plain.images, turned.images)
    (record, *_), (name, *_) = turned.records[0], turned.ids[0]
    assert record.question == "is the blue chair left of the red mug?"
    before = plain.records[0][plain.ids[0].index(name)]
    assert before.question == "is the red mug left of the blue chair?"
    assert (before.verdict, record.verdict) == ("yes", "no")
    tokens = turned.prefix_tokens[0, 0, : turned.prefix_lengths[0, 0]]
    assert tuple(tokens) == SMALL.encode_prefix(record.question)


LEFT = QA(
    "Is the red mug to the left of the blue lamp?",
    "left, so yes",
    "left_of",
    "qualitative",
    verdict="yes",
    objects=(0, 2),
)


def test_what_follows_from_the_truth() -> None:
    turned = turn_round(LEFT, CAPTIONS)
    assert turned is not None
    assert turned.question == "Is the blue lamp to the left of the red mug?"
    assert (turned.verdict, turned.answer, turned.objects) == ("no", "no", (2, 0))
    touching = turn_round(dataclasses.replace(LEFT, type="touching"), CAPTIONS)
    assert touching is not None
    assert touching.verdict == "yes"
    which = dataclasses.replace(LEFT, type="which_left", verdict="blue lamp")
    chosen = turn_round(which, CAPTIONS)
    assert chosen is not None
    assert chosen.verdict == "blue lamp"
    far = dataclasses.replace(LEFT, type="distance", verdict="", answer="2 m", value=2.0)
    apart = turn_round(far, CAPTIONS)
    assert apart is not None
    assert (apart.value, apart.answer) == (2.0, "2 m")


@pytest.mark.parametrize(
    "changed",
    [
        {"type": "on_top_of"},
        {"type": "how_much_taller"},
        {"type": "height", "objects": (0,)},
        {"type": "of a stranger"},
        {"objects": (0, 5)},
        {"objects": ()},
        {"question": "Is it to the left of the blue lamp?"},
        {"question": "Is the red mug, the mug, left of the blue lamp?", "objects": (1, 2)},
    ],
)
def test_what_cannot_be_turned_round_is_left_out(changed) -> None:
    assert turn_round(dataclasses.replace(LEFT, **changed), CAPTIONS) is None


def test_a_caption_within_another_is_told_from_it() -> None:
    record = dataclasses.replace(LEFT, question="Is the red mug left of the mug?", objects=(0, 1))
    turned = turn_round(record, CAPTIONS)
    assert turned is not None
    assert turned.question == "Is the mug left of the red mug?"
