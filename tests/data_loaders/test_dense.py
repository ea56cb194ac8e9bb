import dataclasses

import numpy as np
import pytest

from configs import common
from data_loaders import dense
from data_loaders.errors import DataError
from data_loaders.functional import pack_row
from spatialvlm_jax.config import from_config_dict
from spatialvlm_jax.experiment import Experiment
from spatialvlm_jax.inputs.tokenizer import Tokenizer
from spatialvlm_jax.scene.object_values import OBJECT_VALUES, VALUE_NAMES
from spatialvlm_jax.scene.records import QA
from spatialvlm_jax.storage.examples import StoredExample, encode_example
from spatialvlm_jax.worlds.catalog import CATEGORIES, COLORS
from tests.generation.pictures import pairs, picture

TOKENIZER = Tokenizer.from_config("small")
WORDS = dense.label_words(TOKENIZER, 4)
READER = dense.DenseReader(TOKENIZER, 16, 8, WORDS)
NO_TEXT = pack_row((), 4)


def test_labels_number_category_and_colour() -> None:
    assert dense.dense_labels() == 1 + len(CATEGORIES) * len(COLORS)
    assert dense.object_label(CATEGORIES[0], COLORS[0]) == 1
    assert dense.object_label(CATEGORIES[-1], COLORS[-1]) == dense.dense_labels() - 1
    assert dense.object_label(CATEGORIES[1], COLORS[2]) == 1 + len(COLORS) + 2
    assert dense.object_label("unicorn", COLORS[0]) == 0


def test_patches_are_in_reading_order() -> None:
    image = np.arange(16).reshape(4, 4)
    assert dense.to_patches(image, 2).tolist() == [
        [0, 1, 4, 5],
        [2, 3, 6, 7],
        [8, 9, 12, 13],
        [10, 11, 14, 15],
    ]


def test_a_patch_belongs_to_the_object_that_covers_most_of_it_if_it_is_a_quarter() -> None:
    patches = np.array([[0, 0, 0, 0], [0, 0, 0, 2], [1, 2, 2, 0], [1, 1, 1, 1]], np.uint8)
    assert dense.patch_owners(patches, 2).tolist() == [0, 2, 2, 1]
    narrow = np.array([[0, 0, 0, 0, 0, 0, 0, 1]], np.uint8)
    assert dense.patch_owners(narrow, 1).tolist() == [0]


def test_labels_are_named_in_the_tokenizer_s_words() -> None:
    can = WORDS[dense.object_label("trash can", "gray")]
    assert [TOKENIZER.decode([token]) for token in can.tolist()] == ["gray", "trash", "can", ""]
    assert WORDS[0].tolist() == [0] * 4
    assert len(np.unique(WORDS, axis=0)) == dense.dense_labels()


def test_depth_is_that_of_the_owner_s_pixels() -> None:
    patches = np.array([[1, 1, 0, 0], [0, 0, 0, 0]])
    depth = np.array([[2.0, 8.0, 100.0, 100.0], [0.0, 0.0, 0.0, 0.0]])
    values, known = dense.patch_log_depth(patches, depth, np.array([1, 0]))
    np.testing.assert_allclose(values, [np.log(4.0), 0.0], rtol=1e-6)
    assert known.tolist() == [True, False]


def test_targets_of_a_whole_picture() -> None:
    example = StoredExample(encode_example(picture(0), pairs(0)))
    targets = READER(example, NO_TEXT, (), ())
    mug, chair = dense.object_label("mug", "red"), dense.object_label("chair", "blue")
    assert targets.labels.tolist() == [mug, 0, chair, chair]
    assert targets.labels.dtype == np.int32
    assert np.array_equal(targets.words, WORDS[[mug, 0, chair, chair]])
    # Level camera: canonical (x, y, z) of (-1, -0.5, 2) is (-1, 2, 0.5); the extents
    # (0.125, 0.25, 0.5) along camera axes are width 0.125, height 0.25, depth 0.5.
    expected = [
        np.log(2.0),
        np.arcsinh(-1.0),
        np.arcsinh(2.0),
        np.arcsinh(0.5),
        np.log(np.sqrt(1 + 0.25 + 4)),
        np.log(0.125),
        np.log(0.25),
        np.log(0.5),
    ]
    assert targets.values.shape == (4, OBJECT_VALUES)
    assert len(VALUE_NAMES) == OBJECT_VALUES
    np.testing.assert_allclose(targets.values[0], expected, rtol=1e-5)
    np.testing.assert_allclose(targets.values[1], [np.log(4.0), *[0] * 7], rtol=1e-6)
    assert targets.value_mask.astype(int).tolist() == [[1] * 8, [1] + [0] * 7, [1] * 8, [1] * 8]


def test_without_gravity_positions_and_sizes_are_unknown() -> None:
    example = StoredExample(encode_example(picture(0, gravity=False), pairs(0)))
    targets = READER(example, NO_TEXT, (), ())
    assert targets.value_mask[0].astype(int).tolist() == [1, 0, 0, 0, 1, 0, 0, 0]
    assert np.isfinite(targets.values).all()


@pytest.mark.parametrize("size", [8, 32])
def test_the_grid_follows_the_model_not_the_stored_picture(size: int) -> None:
    example = StoredExample(encode_example(picture(0), pairs(0)))
    reader = dense.DenseReader(TOKENIZER, size, size // 2, WORDS)
    targets = reader(example, NO_TEXT, (), ())
    assert (targets.labels > 0).tolist() == [True, False, True, True]


def test_the_last_token_of_a_name_carries_the_object_s_values() -> None:
    example = StoredExample(encode_example(picture(0), pairs(0)))
    records = (
        QA("is the blue chair left of the red mug?", "right, so no", "left_of", "qualitative"),
        QA("what is the red object?", "mug", "category", "general", objects=(0,)),
    )
    records = (dataclasses.replace(records[0], objects=(1, 0)), records[1])
    packed = [
        (TOKENIZER.encode_prefix(r.question), TOKENIZER.encode_suffix(r.answer)) for r in records
    ]
    row = pack_row(packed, 64, block_length=32)
    targets = READER(example, row, packed, records)
    named = np.flatnonzero(targets.mention_mask.any(-1))
    assert [TOKENIZER.decode([int(row.tokens[i])]) for i in named] == ["chair", "mug"]
    table, known = dense.object_table(example)
    np.testing.assert_array_equal(targets.mention_values[named], table[[2, 1]])
    np.testing.assert_array_equal(targets.mention_mask[named], known[[2, 1]])
    assert known[1:, 1:].all()
    assert not known[:, 0].any()


def test_plurals_name_a_patch_too() -> None:
    words = dense.label_words(TOKENIZER, 6, plurals=True)

    def named(category: str) -> list[str]:
        row = words[dense.object_label(category, "gray")].tolist()
        return [TOKENIZER.decode([token]) for token in row if token]

    assert named("mug") == ["gray", "mug", "mugs"]
    assert named("trash can") == ["gray", "trash", "can", "cans"]
    assert not words[0].any()


def test_camera_height_and_up_are_read_where_they_are_known() -> None:
    reader = dataclasses.replace(READER, camera=True)
    level = dataclasses.replace(picture(0), camera_height=2.0)
    targets = reader(StoredExample(encode_example(level, pairs(0))), NO_TEXT, (), ())
    np.testing.assert_allclose(targets.camera, [np.log(2.0), 0, -1, 0], rtol=1e-6)
    assert targets.camera_mask.all()
    unknown = dataclasses.replace(picture(0, gravity=False), camera_height=None)
    targets = reader(StoredExample(encode_example(unknown, pairs(0))), NO_TEXT, (), ())
    assert targets.camera.tolist() == [0, 0, 0, 0]
    assert not targets.camera_mask.any()
    assert targets.owners is targets.mentioned is None


def test_heads_are_told_whose_patches_and_whose_names() -> None:
    example = StoredExample(encode_example(picture(0), pairs(0)))
    reader = dataclasses.replace(READER, owners=True, mentioned=True)
    record = QA("is the blue chair left of the red mug?", "no", "left_of", "qualitative")
    record = dataclasses.replace(record, objects=(1, 0))
    pair = TOKENIZER.encode_prefix(record.question), TOKENIZER.encode_suffix(record.answer)
    row = pack_row([pair], 32)
    targets = reader(example, row, [pair], [record])
    assert targets.owners.tolist() == [1, 0, 2, 2]
    named = {key: TOKENIZER.decode(row.tokens[targets.mentioned == key].tolist()) for key in (1, 2)}
    assert named == {1: "red mug", 2: "blue chair"}
    plain = READER(example, row, [pair], [record])
    np.testing.assert_array_equal(targets.mention_values, plain.mention_values)


def test_a_picture_of_which_nothing_is_known_has_no_targets() -> None:
    unknown = dataclasses.replace(picture(0), objects=(), intrinsics=np.full((3, 3), np.nan))
    with pytest.raises(
        DataError, match="fake-0000 has no camera, depth or objects: set dense.weight=0"
    ):
        READER(StoredExample(encode_example(unknown, [])), NO_TEXT, (), ())


def test_a_configuration_turns_all_losses_on_in_a_line() -> None:
    config = common.experiment("mine", model="small")
    common.use_dense_targets(
        config, 0.3, colors=True, camera=True, plurals=True, pointer=0.1, copy=0.2
    )
    experiment = from_config_dict(Experiment, config)
    head = experiment.dense
    assert head is not None
    assert (head.weight, head.pointer_weight, head.copy_weight) == (0.3, 0.1, 0.2)
    assert (head.categories, head.colors) == (1 + len(CATEGORIES), len(COLORS))
    reader = dense.DenseReader.of(head, experiment.model, TOKENIZER)
    assert reader.camera
    assert reader.owners
    assert reader.mentioned
    # "gray trash can" and "cans" take four.
    assert reader.words.shape == (dense.dense_labels(), 6)
    assert not reader.words[:, 4:].any()
    other = dataclasses.replace(head, labels=1, colors=3)
    with pytest.raises(DataError, match=r"dense\.labels=1, but targets have"):
        dense.DenseReader.of(other, experiment.model, TOKENIZER)
