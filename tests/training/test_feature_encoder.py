import dataclasses

import jax
import numpy as np
import pytest

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.experiment import AdapterConfig, Experiment, MeshConfig, OptimConfig
from spatialvlm_jax.training import sharding
from spatialvlm_jax.training.feature_encoder import (
    LocalEncoder,
    check_frozen,
    encoder_weights,
    weights_digest,
)
from spatialvlm_jax.training.initialise import Initialiser
from spatialvlm_jax.training.parameter_report import report_flops
from spatialvlm_jax.training.state import TrainState
from tests.training.conftest import MODEL, SPEC, step_config, tiny_experiment

FROZEN = OptimConfig(warmup_steps=2, peak_lr=1e-2, freeze=("encoder",))
ONE = sharding.device_mesh(MeshConfig(), jax.devices()[:1])
FEATURES = jax.ShapeDtypeStruct((4, 16), np.float32)


def initialiser(experiment: Experiment) -> Initialiser:
    config = step_config(experiment)
    return Initialiser(config.template, config.optimizer, experiment, ONE)


def state_of(experiment: Experiment) -> TrainState:
    return initialiser(experiment).state()


@pytest.mark.parametrize(
    ("optim", "targets", "message"),
    [
        (FROZEN, ("encoder/*/query",), "trains encoder/.*/query.*model.adapters.targets"),
        (FROZEN, ("*/query",), "trains encoder/.*/query.*model.adapters.targets"),
    ],
)
def test_features_of_an_encoder_that_trains_are_refused(optim, targets, message):
    adapters = AdapterConfig(rank=2 if targets else 0, targets=targets)
    model = dataclasses.replace(MODEL, adapters=adapters)
    with pytest.raises(UserError, match=message):
        check_frozen(initialiser(tiny_experiment(model=model, optim=optim)).abstract())


def test_adapters_elsewhere_are_none_of_its_business():
    adapters = AdapterConfig(rank=2, targets=("decoder/*", "connector"))
    model = dataclasses.replace(MODEL, adapters=adapters)
    check_frozen(initialiser(tiny_experiment(model=model, optim=FROZEN)).abstract())


def test_a_digest_tells_every_bit_of_the_weights():
    weights = encoder_weights(state_of(tiny_experiment(optim=FROZEN)))
    assert "positions" in weights
    assert not any(name.startswith(("dense_head", "encoder")) for name in weights)
    before = weights_digest(weights)
    assert weights_digest(dict(reversed(weights.items()))) == before
    changed = {**weights, "positions": weights["positions"].copy()}
    changed["positions"].view(np.uint8)[-1, -1] ^= 1
    assert weights_digest(changed) != before
    same_bytes = {**weights, "positions": weights["positions"].reshape(2, -1)}
    assert weights_digest(same_bytes) != before


@pytest.mark.parametrize("scan", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_an_encoder_of_its_own_gives_what_the_model_gives(dtype, scan):
    model = dataclasses.replace(MODEL, compute_dtype=dtype, scan_layers=scan)
    experiment = tiny_experiment(model=model, optim=FROZEN)
    state = state_of(experiment)
    local = LocalEncoder.of(experiment, encoder_weights(state), ONE)
    assert local.rows == experiment.data.batch_size
    images = SPEC.fake(0).images
    whole = step_config(experiment).template.model(state.parameters)
    found = local.apply(images)
    assert found.dtype == dtype
    expected = np.asarray(whole.encode(images), np.float32)
    tolerance = {"float32": 1e-5, "bfloat16": 0.05}[dtype]
    np.testing.assert_allclose(np.asarray(found, np.float32), expected, atol=tolerance)


def test_kernels_in_8_bits_are_encoded_with_as_they_are():
    model = dataclasses.replace(MODEL, int8=("encoder/blocks/*",))
    experiment = tiny_experiment(model=model, optim=FROZEN)
    state = state_of(experiment)
    weights = encoder_weights(state)
    assert any(x.dtype == np.int8 for x in weights.values())
    images = SPEC.fake(0).images
    whole = step_config(experiment).template.model(state.parameters)
    found = LocalEncoder.of(experiment, weights, ONE).apply(images)
    np.testing.assert_allclose(found, whole.encode(images), atol=1e-5)


def test_operations_of_the_encoder_are_gone_and_others_stay():
    config = step_config(tiny_experiment(optim=FROZEN))
    state = initialiser(tiny_experiment(optim=FROZEN)).abstract()
    spec = dataclasses.replace(SPEC, features=FEATURES)
    images, stored = (report_flops(state, each.abstract(), config) for each in (SPEC, spec))
    stem = 2 * 4 * (8 * 8 * 3) * 16
    layer = 2 * 4 * (4 * 16 * 16 + 2 * 16 * 32) + 2 * 2 * 4 * 4 * 16
    assert images.forward - stored.forward == SPEC.batch_size * (stem + layer)
    assert images.backward == stored.backward
