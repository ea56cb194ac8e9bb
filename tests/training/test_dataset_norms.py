"""Each data set's share of the gradient: norms that are right, of vectors that add up."""

import dataclasses
import types

import jax
import numpy as np
import optax
import pytest

from spatialvlm_jax.experiment import OptimConfig, TrainConfig
from spatialvlm_jax.training import losses, sharding
from spatialvlm_jax.training.dataset_norms import compile_dataset_norms, dataset_gradient
from spatialvlm_jax.training.initialise import Initialiser
from spatialvlm_jax.training.step import differentiate
from tests.training.conftest import SPEC, step_config, tiny_experiment


@pytest.fixture(scope="module")
def made():
    """Three data sets, a frozen group, a batch in two parts, every kind of loss."""
    experiment = tiny_experiment(
        optim=OptimConfig(warmup_steps=2, freeze=("encoder",)),
        train=TrainConfig(steps=10, dense_weight=0.5, accumulate=2),
    )
    config = dataclasses.replace(step_config(experiment), datasets=("a", "b", "c"))
    mesh = sharding.device_mesh(experiment.mesh, jax.devices()[:1])
    initialiser = Initialiser(config.template, config.optimizer, experiment, mesh)
    return types.SimpleNamespace(
        state=initialiser.state(),
        whole=jax.jit(lambda s, b: differentiate(s, b, losses.totals_of(b), config)[1]),
        part=jax.jit(lambda s, b, number: dataset_gradient(s, b, number, config)),
        norms=compile_dataset_norms(config, initialiser.abstract(), SPEC.abstract(), mesh),
    )


def of_datasets(numbers):
    """A batch with rows from these data sets in turn, and every fourth without text loss."""
    batch = SPEC.fake(0)
    ids = np.resize(numbers, SPEC.batch_size)[:, None] * np.ones_like(batch.tokens)
    mask = batch.loss_mask & (np.arange(SPEC.batch_size)[:, None] % 4 != 1)
    return dataclasses.replace(batch, dataset_ids=ids.astype(np.int32), loss_mask=mask)


def test_gradients_of_the_data_sets_add_up_to_the_whole(made):
    batch = of_datasets([0, 2, 2])
    whole = made.whole(made.state, batch)
    first, absent, last = (made.part(made.state, batch, number) for number in range(3))
    assert whole.keys() == made.state.trainable.keys() < made.state.parameters.keys()
    for name, value in whole.items():
        np.testing.assert_allclose(first[name] + last[name], value, atol=1e-6, err_msg=name)
        assert not np.any(absent[name])
    norms = {name: float(value) for name, value in made.norms(made.state, batch).items()}
    assert norms.keys() == {"grad_norm/a", "grad_norm/b", "grad_norm/c"}
    np.testing.assert_allclose(norms["grad_norm/a"], optax.tree.norm(first), rtol=1e-6)
    np.testing.assert_allclose(norms["grad_norm/c"], optax.tree.norm(last), rtol=1e-6)
    assert np.isnan(norms["grad_norm/b"])
    assert 0.1 < norms["grad_norm/a"] != norms["grad_norm/c"] > 0.1


def test_a_data_set_that_is_alone_in_a_batch_has_the_whole_norm(made):
    batch = of_datasets([1])
    norms = made.norms(made.state, batch)
    whole = optax.tree.norm(made.whole(made.state, batch))
    np.testing.assert_allclose(norms["grad_norm/b"], whole, rtol=1e-6)
    assert np.isnan([norms["grad_norm/a"], norms["grad_norm/c"]]).all()
