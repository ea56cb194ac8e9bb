"""One training step: a pure function of state and batch."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from spatialvlm_jax.experiment import TrainConfig
from spatialvlm_jax.models.vlm import VLM
from spatialvlm_jax.training import losses, sharding
from spatialvlm_jax.training.state import ModelTemplate, Parameters, TrainState

Metrics = dict[str, jax.Array]


@dataclasses.dataclass(frozen=True)
class StepConfig:
    """What a step needs beside state and batch; static under jit.

    datasets: names of the mixture's members, in the order of `Batch.dataset_ids`.
    schedule: learning rate by step, for the metrics.
    block_length: no segment crosses a multiple of it; 0: the row is one block.
    """

    template: ModelTemplate[VLM]
    optimizer: optax.GradientTransformation
    schedule: optax.Schedule
    train: TrainConfig
    datasets: Sequence[str] = ()
    block_length: int = 0


def loss_and_metrics(model: VLM, batch: Any, config: StepConfig) -> tuple[jax.Array, Metrics]:
    """The weighted sum of the text and dense losses.

    Args:
      model: the model.
      batch: `data_loaders.batch.Batch`; rows [B], text tokens [B, L].
      config: weights and names.

    Returns:
      loss float32[], and metrics float32[]: text_loss, accuracy (share of suffix tokens predicted
      right), for each data set loss/NAME (NaN without tokens) and share/NAME (of loss tokens),
      dense_loss, mention_loss.
    """
    embeddings, features = model.encode_image(batch.images)
    loss, metrics = jnp.zeros((), jnp.float32), {}
    if config.train.text_weight:
        hidden, halfway = model.text_states(
            embeddings,
            batch.tokens,
            batch.segment_ids,
            batch.positions,
            batch.suffix_mask,
            block_length=config.block_length,
        )
        each, correct = losses.token_losses(hidden, batch.targets, batch.loss_mask, model.logits)
        text_loss = losses.masked_mean(each, batch.loss_mask)
        loss += config.train.text_weight * text_loss
        metrics["text_loss"] = text_loss
        metrics["accuracy"] = losses.masked_mean(correct, batch.loss_mask)
        means, shares = losses.by_dataset(
            each, batch.loss_mask, batch.dataset_ids, len(config.datasets)
        )
        for i, name in enumerate(config.datasets):
            metrics[f"loss/{name}"] = means[i]
            metrics[f"share/{name}"] = shares[i]
        if config.train.dense_weight:
            targets = batch.dense
            mention_loss = losses.value_loss(
                model.mentions(halfway), targets.mention_values, targets.mention_mask
            )
            loss += config.train.dense_weight * mention_loss
            metrics["mention_loss"] = mention_loss
    if config.train.dense_weight:
        dense_loss = losses.dense_loss(*model.dense(features), model.words(embeddings), batch.dense)
        loss += config.train.dense_weight * dense_loss
        metrics["dense_loss"] = dense_loss
    return loss, metrics


def train_step(state: TrainState, batch: Any, *, config: StepConfig) -> tuple[TrainState, Metrics]:
    """Differentiates by the trainable parameters alone, and updates them.

    Frozen parameters are constants of the differentiated function, so the backward pass stops
    where nothing trainable lies below.

    Returns:
      The next state, and metrics float32[]: those of `loss_and_metrics`, loss, grad_norm (before
      clipping), learning_rate.
    """

    def objective(trainable: Parameters) -> tuple[jax.Array, Metrics]:
        model = config.template.model({**trainable, **state.frozen})
        return loss_and_metrics(model, batch, config)

    (loss, metrics), gradients = jax.value_and_grad(objective, has_aux=True)(state.trainable)
    updates, opt_state = config.optimizer.update(gradients, state.opt_state, state.trainable)
    metrics = {
        "loss": loss,
        **metrics,
        "grad_norm": optax.tree.norm(gradients),
        "learning_rate": jnp.asarray(config.schedule(state.step), jnp.float32),
    }
    next_state = dataclasses.replace(
        state,
        step=state.step + 1,
        trainable=optax.apply_updates(state.trainable, updates),
        opt_state=opt_state,
    )
    return next_state, metrics


def compile_step(
    config: StepConfig, abstract_state: TrainState, mesh: Mesh
) -> Callable[[TrainState, Any], tuple[TrainState, Metrics]]:
    """`train_step` under jit; the state passed in is given up for the one returned.

    Args:
      config: static.
      abstract_state: says where each array lives; the state returned lives there too.
      mesh: a batch is split over all its devices.
    """

    def step(state: TrainState, batch: Any) -> tuple[TrainState, Metrics]:
        return train_step(state, batch, config=config)

    places = jax.tree.map(lambda x: x.sharding, abstract_state)
    return jax.jit(
        step,
        in_shardings=(places, sharding.batch_sharding(mesh)),
        out_shardings=(places, NamedSharding(mesh, PartitionSpec())),
        donate_argnums=0,
    )
