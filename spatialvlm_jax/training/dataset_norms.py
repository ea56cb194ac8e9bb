"""How strongly each data set of a mixture pulls: the norm of its own share of the gradient."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from spatialvlm_jax.training import losses, sharding
from spatialvlm_jax.training.logging.metrics_file import GRAD_NORM_PREFIX
from spatialvlm_jax.training.state import Parameters, TrainState
from spatialvlm_jax.training.step import Metrics, StepConfig, differentiate


def dataset_gradient(
    state: TrainState, batch: Any, number: jax.Array | int, config: StepConfig
) -> Parameters:
    """The gradient of one data set's share of the loss of a batch.

    Those of all data sets add up to the gradient that the step takes.

    Args:
      state: before the step.
      batch: `spatialvlm_jax.batch.Batch`.
      number: which data set of `config.datasets`.
      config: of the step.
    """
    own = losses.of_dataset(batch, number)
    return differentiate(state, own, losses.totals_of(batch), config)[1]


def compile_dataset_norms(
    config: StepConfig, abstract_state: TrainState, abstract_batch: Any, mesh: Mesh
) -> Callable[[TrainState, Any], Metrics]:
    """A compiled function of the state before a step and its batch; both stay as they are.

    It goes forward and backward once for each data set, one after the other.

    Args:
      config: of the step, static.
      abstract_state: says where each array lives.
      abstract_batch: of shapes, all rows of it.
      mesh: a batch is split over all its devices.

    Returns:
      A function to grad_norm/NAME float32[] (before clipping) of each data set, NaN where the batch
      has no row of it.
    """
    places = jax.tree.map(lambda x: x.sharding, abstract_state)

    def norms(state: TrainState, batch: Any) -> Metrics:
        def norm(number: jax.Array) -> jax.Array:
            gradient = dataset_gradient(state, batch, number, config)
            gradient = jax.lax.with_sharding_constraint(gradient, places.trainable)
            there = jnp.any(batch.dataset_ids == number)
            return jnp.where(there, optax.tree.norm(gradient), jnp.nan)

        with jax.sharding.use_abstract_mesh(mesh.abstract_mesh):
            each = jax.lax.map(norm, jnp.arange(len(config.datasets)))
        return {GRAD_NORM_PREFIX + name: each[i] for i, name in enumerate(config.datasets)}

    jitted = jax.jit(
        norms,
        in_shardings=(places, sharding.batch_sharding(mesh)),
        out_shardings=NamedSharding(mesh, PartitionSpec()),
    )
    return jitted.lower(abstract_state, abstract_batch).compile()
