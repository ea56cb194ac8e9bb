"""Models small enough to compile in a second, with weights lively enough to disagree."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from spatialvlm_jax.experiment import (
    AttentionBackend,
    AttentionRule,
    DecoderConfig,
    DenseConfig,
    EncoderConfig,
    ModelConfig,
    Remat,
)
from spatialvlm_jax.models.vlm import VLM

TINY = ModelConfig(
    encoder=EncoderConfig(image_size=16, patch_size=8, width=16, depth=2, heads=2, mlp_width=32),
    decoder=DecoderConfig(
        vocab_size=40, width=16, depth=2, heads=4, kv_heads=2, head_size=8, mlp_width=32
    ),
)
DENSE = DenseConfig(weight=1.0, labels=5, values=3)

MakeModel = Callable[..., VLM]


@pytest.fixture(scope="session")
def tiny() -> ModelConfig:
    """A configuration of 4 image tokens, 2 layers, grouped heads, and a dense head."""
    return TINY


@pytest.fixture(scope="session")
def lively() -> MakeModel:
    """Makes a tiny model whose random weights are large, so that its answers vary."""
    rng = np.random.default_rng(0)
    shapes = nnx.split(nnx.eval_shape(lambda: VLM(TINY, DENSE, rngs=nnx.Rngs(0))))[1]
    state = jax.tree.map(lambda x: jnp.asarray(0.5 * rng.normal(size=x.shape), x.dtype), shapes)

    def make(
        rule: AttentionRule = "image_prefix",
        *,
        scan_layers: bool = False,
        remat: Remat = "none",
        attention_backend: AttentionBackend = "dense",
        **decoder: Any,
    ) -> VLM:
        config = replace(TINY, attention=rule, scan_layers=scan_layers, remat=remat)
        config = replace(config, attention_backend=attention_backend)
        config = replace(config, decoder=replace(config.decoder, **decoder))
        definition = nnx.split(nnx.eval_shape(lambda: VLM(config, DENSE, rngs=nnx.Rngs(0))))[0]
        return nnx.merge(definition, state)

    return make
