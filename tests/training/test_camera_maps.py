"""Training with rays: what moves, what is frozen, what a run without them is like."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.experiment import AdapterConfig, DataConfig, Experiment, MeshConfig, OptimConfig
from spatialvlm_jax.training import sharding
from spatialvlm_jax.training.feature_encoder import check_frozen, check_unaided
from spatialvlm_jax.training.initialise import Initialiser
from spatialvlm_jax.training.losses import totals_of
from spatialvlm_jax.training.parameter_report import report_groups
from spatialvlm_jax.training.step import differentiate, step_config
from tests.training.conftest import MODEL, SPEC, tiny_experiment

pytestmark = pytest.mark.usefixtures("compile_quickly_rather_than_well")
RAYS = DataConfig(batch_size=8, length=16, camera="rays")
ONE = sharding.device_mesh(MeshConfig(), jax.devices()[:1])
BATCH = dataclasses.replace(SPEC, ray_tokens=4).fake(0)
NAMES = {"camera/patches/kernel", "camera/tokens/kernel"}


def begin(experiment: Experiment) -> Initialiser:
    config = step_config(experiment)
    return Initialiser(config.template, config.optimizer, experiment, ONE)


def optim(*freeze: str) -> OptimConfig:
    return OptimConfig(warmup_steps=2, peak_lr=1e-2, freeze=freeze)


def trained(*freeze: str) -> set[str]:
    """Which of the maps train."""
    return NAMES & set(begin(tiny_experiment(data=RAYS, optim=optim(*freeze))).abstract().trainable)


def test_the_maps_learn() -> None:
    told = tiny_experiment(data=RAYS, dense=None)
    config = step_config(told)
    gradient = jax.jit(lambda state, batch: differentiate(state, batch, totals_of(batch), config))
    (loss, _), gradients = gradient(begin(told).state(), dataclasses.replace(BATCH, dense=None))
    assert np.isfinite(loss)
    assert all(np.asarray(gradients[name]).any() for name in NAMES)


def test_the_report_has_a_row_for_them_where_there_are_any() -> None:
    rows = {row.group: row for row in report_groups(begin(tiny_experiment(data=RAYS)).abstract())}
    assert rows["camera"].trainable == rows["camera"].decayed == 10 * (16 + 16)
    plain = report_groups(begin(tiny_experiment()).abstract())
    assert "camera" not in {row.group for row in plain}


def test_with_the_encoder_what_is_added_inside_of_it_is_frozen() -> None:
    assert trained() == trained("connector", "decoder", "embeddings") == NAMES
    assert trained("encoder") == {"camera/tokens/kernel"}
    assert trained("camera") == set()


def test_stored_features_are_refused_where_the_encoder_is_told() -> None:
    state = begin(tiny_experiment(data=RAYS, optim=optim("encoder"))).abstract()
    blank = jnp.zeros((10, 16))
    check_unaided(dataclasses.replace(state, frozen={"camera/patches/kernel": blank}))
    with pytest.raises(UserError, match="tell the encoder of the camera .camera/patches/kernel"):
        check_unaided(dataclasses.replace(state, frozen={"camera/patches/kernel": blank + 1}))
    adapted = dataclasses.replace(MODEL, adapters=AdapterConfig(2, targets=("camera/*",)))
    told = begin(tiny_experiment(model=adapted, data=RAYS, optim=optim("encoder")))
    with pytest.raises(UserError, match="trains camera/patches/adapter"):
        check_frozen(told.abstract())


def test_small_maps_are_on_every_device() -> None:
    sizes = {"data": 1, "fsdp": 4, "tensor": 2}
    for width in (16, 2304):
        spec = sharding.parameter_spec("camera/tokens/kernel", (10, width), sizes)
        assert spec == jax.sharding.PartitionSpec()
