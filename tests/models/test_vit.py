"""The image encoder's stem."""

import dataclasses

import jax
import numpy as np
from flax import nnx

from spatialvlm_jax.experiment import EncoderConfig
from spatialvlm_jax.models.vit import ConvolutionStem

COARSE = EncoderConfig(
    image_size=32, patch_size=16, width=16, depth=1, heads=2, mlp_width=8, stem="conv"
)
FINE = dataclasses.replace(COARSE, patch_size=8, stem_overlap=1)


def test_overlapping_patches_see_what_larger_ones_did_and_more_of_them() -> None:
    coarse, fine = (ConvolutionStem(config, rngs=nnx.Rngs(3)) for config in (COARSE, FINE))
    sizes = [jax.tree.map(np.shape, nnx.to_pure_dict(nnx.state(stem))) for stem in (coarse, fine)]
    assert sizes[0] == sizes[1]
    images = np.random.default_rng(0).normal(size=(2, 32, 32, 3)).astype(np.float32)
    few, many = np.asarray(coarse(images)), np.asarray(fine(images)).reshape(2, 4, 4, -1)
    np.testing.assert_allclose(many[:, 1::2, 1::2], few.reshape(2, 2, 2, -1), rtol=1e-5, atol=1e-6)
    assert not np.allclose(many[:, ::2, ::2], many[:, 1::2, 1::2])


def test_without_overlap_a_stem_has_a_convolution_for_each_halving() -> None:
    plain = ConvolutionStem(dataclasses.replace(COARSE, patch_size=8), rngs=nnx.Rngs(0))
    assert len(plain.convolutions) == 3
    assert plain(np.zeros((1, 32, 32, 3), np.float32)).shape == (1, 16, 16)
