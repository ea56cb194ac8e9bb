"""What is held at names of questions against what training reads at the same tokens."""

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from spatialvlm_jax.experiment import AttentionRule
from spatialvlm_jax.models.named_values import read_named_values
from spatialvlm_jax.models.score import encode_images
from spatialvlm_jax.models.vlm import VLM
from tests.models.conftest import TINY
from tests.models.test_score import IMAGES, LENGTHS, PREFIXES

pytestmark = pytest.mark.usefixtures("compile_quickly_rather_than_well")


@pytest.mark.parametrize("rule", ["image_prefix", "prefix"])
def test_it_is_what_training_reads_of_a_question_alone(
    lively: Callable[..., VLM], rule: AttentionRule
) -> None:
    model = lively(rule)
    embeddings = encode_images(model, IMAGES)
    values = np.asarray(read_named_values(model, embeddings, PREFIXES, LENGTHS))
    assert values.shape == (2, 2, 4, 3)
    for image, question in [(0, 0), (0, 1), (1, 0)]:
        length = LENGTHS[image, question]
        prefix = PREFIXES[image, question, None, :length]
        positions = np.arange(length, dtype=np.int32)[None]
        alone = model.encode_image(IMAGES[image, None])[0]
        _, probes = model.text_states(
            alone, prefix, np.ones_like(prefix), positions, jnp.zeros(prefix.shape, bool)
        )
        expected = np.asarray(model.mentions(probes.halfway))[0]
        assert np.ptp(expected) > 0.5
        np.testing.assert_allclose(values[image, question, :length], expected, atol=2e-5, rtol=2e-5)


def test_words_about_the_camera_are_read_before(lively: Callable[..., VLM]) -> None:
    model = lively()
    embeddings = encode_images(model, IMAGES)
    plain, told, padded = (
        np.asarray(read_named_values(model, embeddings, PREFIXES, LENGTHS, words))
        for words in (None, np.array([[5, 6], [7, 8]], np.int32), np.zeros((2, 2), np.int32))
    )
    assert np.abs(told - plain)[LENGTHS > 0].max() > 0.01
    assert padded.shape == plain.shape


def test_a_model_without_a_dense_head_holds_nothing() -> None:
    model = VLM(TINY, rngs=nnx.Rngs(0))
    with pytest.raises(ValueError, match="has no dense head"):
        read_named_values(model, encode_images(model, IMAGES), PREFIXES, LENGTHS)
