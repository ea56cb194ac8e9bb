import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data_loaders.build import train_loader
from data_loaders.camera import CameraReader
from data_loaders.dense import dense_labels
from data_loaders.evaluation import EvalBatch, eval_batches
from data_loaders.in_place import open_in_place
from spatialvlm_jax.batch import NOT_TOLD, BatchSpec
from spatialvlm_jax.experiment import (
    DataConfig,
    DatasetConfig,
    DenseConfig,
    EncoderConfig,
    Experiment,
    ModelConfig,
)
from spatialvlm_jax.inputs.pictures import Placement, resize_image
from spatialvlm_jax.inputs.tokenizer import Tokenizer
from spatialvlm_jax.scene.intrinsics import pinhole
from spatialvlm_jax.scene.object_values import OBJECT_VALUES
from spatialvlm_jax.scene.rays import patch_rays
from spatialvlm_jax.storage.examples import StoredExample, encode_example
from tests.conversion.published import write_folder
from tests.generation.pictures import pairs, picture
from tests.generation.sources.test_images import with_focal

SMALL = Tokenizer.from_config("small")
MODEL = ModelConfig(encoder=EncoderConfig(image_size=16, patch_size=8))
EXAMPLE = StoredExample(encode_example(picture(3), pairs(3)))
EXACT: dict[str, Any] = {"camera": "rays", "camera_dropout": 0.0, "camera_errors": 0.0}


def experiment(stored: Path, **fields: Any) -> Experiment:
    sets = (DatasetConfig("fake", str(stored), camera=fields.pop("told", "known")),)
    data = DataConfig(datasets=sets, batch_size=4, length=48, **fields)
    return Experiment(data=data, model=MODEL)


def test_batches_have_the_rays_of_their_pictures(stored: Path) -> None:
    told = experiment(stored, **EXACT)
    batch = next(train_loader(told))
    assert batch.camera.rays.shape == BatchSpec.of(told).abstract().camera.rays.shape == (4, 4, 10)
    np.testing.assert_array_equal(batch.camera.rays[0], patch_rays(EXAMPLE.camera(), 2))
    assert batch.camera.rays[0, 0, 6:].tolist() == [1, 1, 1, 1]
    plain = next(train_loader(experiment(stored)))
    assert plain.camera.rays is None
    np.testing.assert_array_equal(plain.images, batch.images)
    np.testing.assert_array_equal(plain.tokens, batch.tokens)


def test_facts_come_and_go_by_example_and_epoch(stored: Path) -> None:
    told = experiment(stored, camera="rays")
    first, again = train_loader(told), train_loader(told)
    batches = [next(first) for _ in range(12)]
    for batch in batches:
        np.testing.assert_array_equal(next(again).camera.rays, batch.camera.rays)
    flags = np.concatenate([batch.camera.rays[:, 0, 6:9] for batch in batches])
    assert {tuple(row) for row in flags.tolist()} >= {(1, 1, 1), (0, 0, 0)}
    assert len(np.unique(np.concatenate([batch.camera.rays[:, 0, 4] for batch in batches]))) > 12


def test_a_data_set_may_tell_less(stored: Path) -> None:
    batch = next(train_loader(experiment(stored, told="field_of_view", **EXACT)))
    assert batch.camera.rays[0, 0, 6:].tolist() == [1, 0, 0, 0]
    assert not next(train_loader(experiment(stored, told="unknown", **EXACT))).camera.rays.any()


def held_out(stored: Path, **fields: Any) -> EvalBatch:
    sets = tuple(
        DatasetConfig(told, str(stored), "validation", camera=told)
        for told in ("known", "field_of_view", "unknown")
    )
    data = DataConfig(**fields)
    return next(iter(eval_batches(sets, data, MODEL, batch_size=3, pairs_per_image=2, images=3)))


def test_evaluations_tell_the_camera_as_it_is_or_less(stored: Path) -> None:
    batch = held_out(stored, camera="rays")
    assert batch.camera.rays is not None
    assert batch.camera.rays[:, 0, 6:].tolist() == [[1, 1, 1, 1], [1, 0, 0, 0], [0, 0, 0, 0]]
    np.testing.assert_array_equal(batch.camera.rays[0], patch_rays(EXAMPLE.camera(), 2))
    assert held_out(stored).camera.rays is None
    *_, camera = batch.asked([0, 2])
    np.testing.assert_array_equal(camera.rays, batch.camera.rays[[0, 2]])


def test_errors_are_seeded_by_the_example() -> None:
    reader = CameraReader("known", 0.0, 1.0, seed=3)
    one, same, later = (reader(EXAMPLE, epoch, 0).height for epoch in (0, 0, 1))
    assert one == same != later
    assert dataclasses.replace(reader, seed=4)(EXAMPLE, 0, 0).height != one


@pytest.mark.parametrize("size", [None, (3000, 3000)])
def test_photos_read_in_place_tell_what_their_files_do(
    tmp_path: Path, size: tuple[int, int] | None
) -> None:
    records = tmp_path / "records.jsonl"
    records.write_text('{"image": "a.jpg", "question": "what?", "answer": "it"}\n')
    images = write_folder(tmp_path / "images", {"a.jpg": with_focal(36, size)})
    mine = DatasetConfig("mine", str(records), format="jsonl", images=str(images))
    camera = open_in_place(mine)[0].camera()
    assert camera.size == (300, 200)
    if size is None:
        np.testing.assert_allclose(camera.intrinsics, pinhole(300, 200, 300.0))
        assert camera.focal_std == 0.03
    else:
        assert camera.intrinsics is None


SAID = "camera: 53 degrees wide, 1.5 m high, level."


def test_words_stand_behind_the_picture(stored: Path) -> None:
    told = experiment(stored, **{**EXACT, "camera": "words"})
    batch = next(train_loader(told))
    assert batch.camera.words.shape == BatchSpec.of(told).abstract().camera.words.shape
    assert SMALL.decode(batch.camera.words[0].tolist()) == SAID
    np.testing.assert_array_equal(batch.tokens, next(train_loader(experiment(stored))).tokens)
    read = held_out(stored, camera="words").camera.words
    assert [SMALL.decode(row.tolist()) for row in read] == [SAID, "camera: 53 degrees wide.", ""]


def test_words_stand_before_the_question_where_the_image_sees_it(stored: Path) -> None:
    prefix = dataclasses.replace(MODEL, attention="prefix")
    data = experiment(stored, **{**EXACT, "camera": "words"}, pairs_per_image=1).data
    batch = next(train_loader(Experiment(data=data, model=prefix)))
    assert batch.camera.words is None
    for row in batch.tokens:
        assert SMALL.decode(row.tolist()).startswith(f"{SAID} ")
    sets = (DatasetConfig("fake", str(stored), "validation", camera="field_of_view"),)
    asked = next(iter(eval_batches(sets, data, prefix, batch_size=2, pairs_per_image=1)))
    question = asked.records[0][0].question
    text = SMALL.decode(asked.prefix_tokens[0, 0].tolist())
    assert text == f"camera: 53 degrees wide. {question}"


def test_pictures_are_brought_to_one_lens_where_theirs_is_known(stored: Path) -> None:
    # The focal length is a side of the picture; at half a side it fills the middle of the square.
    told = experiment(stored, **{**EXACT, "camera": "canonical"}, camera_focal=0.5)
    batch = next(train_loader(told))
    plain = next(train_loader(experiment(stored)))
    grey = np.ones((16, 16), bool)
    grey[4:12, 4:12] = False
    assert (batch.images[:, grey] == 127).all()
    assert not (batch.images[:, 4:12, 4:12] == 127).all((0, 3)).any()
    np.testing.assert_array_equal(batch.tokens, plain.tokens)
    assert batch.camera == plain.camera == NOT_TOLD
    held = picture(12).image
    known, lens, unknown = held_out(stored, camera="canonical", camera_focal=0.5).images
    np.testing.assert_array_equal(known, lens)
    np.testing.assert_array_equal(known, resize_image(held, 16, where=Placement(8, 8, 4, 4)))
    np.testing.assert_array_equal(unknown, held)


def test_dense_targets_follow_the_picture(stored: Path) -> None:
    told = experiment(stored, **{**EXACT, "camera": "canonical"}, camera_focal=0.5)
    told = dataclasses.replace(told, dense=DenseConfig(0.1, dense_labels(), OBJECT_VALUES, 4))
    targets = next(train_loader(told)).dense
    plain = next(train_loader(dataclasses.replace(told, data=experiment(stored).data))).dense
    assert targets is not None
    assert plain is not None
    # Each patch of the square holds a quarter of the picture and three of grey.
    np.testing.assert_array_equal(targets.labels, plain.labels)
    np.testing.assert_allclose(targets.values, plain.values, atol=1e-6)
