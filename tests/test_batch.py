import jax
import numpy as np
import pytest

from spatialvlm_jax.batch import Batch, BatchSpec
from spatialvlm_jax.experiment import (
    DataConfig,
    DenseConfig,
    EncoderConfig,
    Experiment,
    ModelConfig,
    OptimConfig,
)
from tests.fake_batches import SPEC


def test_fake_batches_have_the_shapes_and_dtypes_of_the_spec() -> None:
    abstract, fake = SPEC.abstract(), SPEC.fake(0, segments=3)
    assert jax.tree.structure(abstract) == jax.tree.structure(fake)  # type: ignore[operator]
    for wanted, made in zip(jax.tree.leaves(abstract), jax.tree.leaves(fake), strict=True):
        assert (made.shape, made.dtype) == (wanted.shape, wanted.dtype)


def test_fake_segments_are_well_formed() -> None:
    batch = SPEC.fake(1, segments=3)
    assert batch.segment_ids[0].tolist() == [1] * 4 + [2] * 4 + [3] * 4
    assert batch.positions[0].tolist() == [0, 1, 2, 3] * 3
    assert batch.suffix_mask[0].astype(int).tolist() == [0, 0, 1, 1] * 3
    assert batch.loss_mask[0].astype(int).tolist() == [0, 1, 1, 0] * 3
    asked = np.nonzero(batch.loss_mask[0])[0]
    assert np.array_equal(batch.targets[0, asked], batch.tokens[0, asked + 1])


def test_a_batch_without_dense_targets_has_none() -> None:
    spec = BatchSpec(batch_size=1, image_size=8, length=8, vocab_size=9)
    assert spec.fake(0).dense is None
    assert spec.abstract().dense is None


def test_too_many_segments_are_refused() -> None:
    with pytest.raises(ValueError, match="4 segments need at least 16 tokens, not 12"):
        SPEC.fake(0, segments=4)


def test_a_batch_is_a_tree_of_its_arrays() -> None:
    doubled: Batch = jax.tree.map(lambda array: array * 2, SPEC.fake(0))
    assert np.array_equal(doubled.positions, SPEC.fake(0).positions * 2)


def test_features_stand_in_place_of_images() -> None:
    each = jax.ShapeDtypeStruct((4, 6), jax.numpy.bfloat16)
    spec = BatchSpec(batch_size=2, image_size=8, length=12, vocab_size=50, features=each)
    abstract, fake = spec.abstract(), spec.fake(0)
    assert abstract.images is fake.images is None
    for batch in (abstract, fake):
        assert (batch.features.shape, batch.features.dtype) == ((2, 4, 6), each.dtype)
    assert SPEC.fake(0).features is SPEC.abstract().features is None


def test_the_shapes_of_an_experiment_are_those_its_fields_say() -> None:
    experiment = Experiment(
        model=ModelConfig(encoder=EncoderConfig(image_size=32, patch_size=8)),
        dense=DenseConfig(weight=0.1, labels=9, values=8),
        data=DataConfig(batch_size=4, length=24),
    )
    batch = BatchSpec.of(experiment).abstract()
    assert batch.images.shape == (4, 32, 32, 3)
    assert batch.tokens.shape == batch.loss_mask.shape == (4, 24)
    assert batch.features is None
    assert batch.dense is not None
    assert batch.dense.values.shape == (4, 16, 8)
    assert batch.dense.words.shape == (4, 16, 4)
    assert batch.dense.mention_mask.shape == (4, 24, 8)
    assert BatchSpec.of(experiment, 2).abstract().tokens.shape == (2, 24)


def test_stored_features_stand_for_the_pictures() -> None:
    model = ModelConfig(encoder=EncoderConfig(image_size=32, patch_size=16, width=48))
    experiment = Experiment(
        model=model,
        data=DataConfig(batch_size=4, features="folder"),
        optim=OptimConfig(freeze=("encoder",)),
    )
    batch = BatchSpec.of(experiment).abstract()
    assert batch.images is None
    assert batch.dense is None
    assert (batch.features.shape, batch.features.dtype) == ((4, 4, 48), "float32")
