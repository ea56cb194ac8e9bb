"""A tiny experiment and what is built from it, shared by the tests of training."""

import pytest
from flax import nnx

from spatialvlm_jax.batch import Batch, BatchSpec
from spatialvlm_jax.experiment import (
    DataConfig,
    DecoderConfig,
    DenseConfig,
    EncoderConfig,
    Experiment,
    ModelConfig,
    OptimConfig,
    TrainConfig,
)
from spatialvlm_jax.models.vlm import VLM
from spatialvlm_jax.training.optim import learning_rate, make_optimizer
from spatialvlm_jax.training.state import ModelTemplate
from spatialvlm_jax.training.step import StepConfig

MODEL = ModelConfig(
    encoder=EncoderConfig(image_size=16, patch_size=8, width=16, depth=1, heads=2, mlp_width=32),
    decoder=DecoderConfig(
        vocab_size=64, width=16, depth=1, heads=2, kv_heads=1, head_size=8, mlp_width=32
    ),
)
DENSE = DenseConfig(
    weight=0.1,
    labels=4,
    values=2,
    words=2,
    colors=3,
    camera=True,
    pointer_weight=0.2,
    pointer_layer=0,
    copy_weight=0.3,
    copy_layer=-1,
)
SPEC = BatchSpec(
    batch_size=8,
    image_size=16,
    length=16,
    vocab_size=64,
    dense_tokens=4,
    dense_values=2,
    dense_words=2,
    dense_camera=True,
    dense_owners=True,
    dense_mentioned=True,
)


def tiny_experiment(**changes) -> Experiment:
    settings = {
        "model": MODEL,
        "data": DataConfig(batch_size=8, length=16),
        "optim": OptimConfig(warmup_steps=2, peak_lr=1e-2),
        "train": TrainConfig(steps=10),
        "dense": DENSE,
    }
    return Experiment(**{**settings, **changes})


def step_config(experiment: Experiment) -> StepConfig:
    return StepConfig(
        template=ModelTemplate.of(
            lambda: VLM(experiment.model, experiment.dense, rngs=nnx.Rngs(0))
        ),
        optimizer=make_optimizer(experiment.optim, experiment.train.steps),
        schedule=learning_rate(experiment.optim, experiment.train.steps),
        train=experiment.train,
        datasets=("a", "b"),
        dense=experiment.dense if experiment.dense_weight else None,
    )


@pytest.fixture(autouse=True, scope="module")
def compile_quickly(compile_quickly_rather_than_well):
    """All tests of training do."""


@pytest.fixture(scope="session")
def template() -> ModelTemplate[VLM]:
    return step_config(tiny_experiment()).template


@pytest.fixture
def batch() -> Batch:
    return SPEC.fake(0)
