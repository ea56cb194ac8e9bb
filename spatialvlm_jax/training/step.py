"""One training step: a pure function of state and batch."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import Float32, Int32

from spatialvlm_jax.batch import Array, Batch, DenseTargets
from spatialvlm_jax.experiment import DenseConfig, Experiment, TrainConfig
from spatialvlm_jax.models.vlm import VLM, Probes
from spatialvlm_jax.training import losses, sharding
from spatialvlm_jax.training.optim import learning_rate, make_optimizer
from spatialvlm_jax.training.state import ModelTemplate, Parameters, TrainState, model_template

Metrics = dict[str, jax.Array]
Step = Callable[[TrainState, Batch], tuple[TrainState, Metrics]]


@dataclasses.dataclass(frozen=True)
class StepConfig:
    """What a step needs beside state and batch; static under jit.

    datasets: names of the mixture's members, in the order of `Batch.dataset_ids`.
    schedule: learning rate by step, for the metrics.
    block_length: no segment crosses a multiple of it; 0: the row is one block.
    dense: the losses of dense targets; None: batches have none.
    """

    template: ModelTemplate[VLM]
    optimizer: optax.GradientTransformation
    schedule: optax.Schedule
    train: TrainConfig
    datasets: Sequence[str] = ()
    block_length: int = 0
    dense: DenseConfig | None = None


def step_config(experiment: Experiment) -> StepConfig:
    """What the training step of an experiment is made of.

    Raises:
      UserError: sizes or schedules that do not fit together.
    """
    steps = experiment.train.steps
    return StepConfig(
        template=model_template(experiment),
        optimizer=make_optimizer(experiment.optim, steps),
        schedule=learning_rate(experiment.optim, steps),
        train=experiment.train,
        datasets=tuple(dataset.name for dataset in experiment.data.datasets),
        block_length=experiment.data.block_length,
        dense=experiment.dense if experiment.dense_weight else None,
    )


def loss_and_sums(
    model: VLM, batch: Batch, totals: Mapping[str, Int32[Array, ""]], config: StepConfig
) -> tuple[Float32[Array, ""], Metrics]:
    """The weighted sum of the text and auxiliary losses, and what metrics are made of.

    Args:
      model: the model.
      batch: a batch, or some of its rows.
      totals: of `losses.totals_of` for the whole batch. What parts of a batch give then sums to
        what the whole gives.
      config: weights and names.

    Returns:
      The loss, and addable: text_loss, accuracy, those of `_name_losses`, dense_loss
      float32[], sums and tokens of each data set.
    """
    features = batch.features
    if features is None:
        features = model.encode(batch.images, batch.camera.rays)
    embeddings = model.connect(features, batch.camera.rays)
    loss, sums = jnp.zeros((), jnp.float32), {}
    if config.train.text_weight:
        hidden, probes = model.text_states(
            embeddings,
            batch.tokens,
            batch.segment_ids,
            batch.positions,
            batch.suffix_mask,
            block_length=config.block_length,
            camera_words=batch.camera.words,
        )
        mask, total = batch.loss_mask, totals["text"]
        with jax.named_scope("logits"):
            each, correct = losses.token_losses(hidden, batch.targets, mask, model.logits)
        sums["text_loss"] = losses.masked_mean(each, mask, total)
        sums["accuracy"] = losses.masked_mean(correct, mask, total)
        loss += config.train.text_weight * sums["text_loss"]
        sums["sums"], sums["tokens"] = losses.by_dataset(
            each, mask, batch.dataset_ids, len(config.datasets)
        )
        if config.dense is not None:
            of_names, of_names_sums = _name_losses(model, probes, batch, totals, config.dense)
            loss, sums = loss + of_names, sums | of_names_sums
    if config.dense is not None:
        predicted, words = model.dense(features), model.words(embeddings)
        sums["dense_loss"] = losses.dense_loss(
            predicted, words, _dense_targets(batch), totals, config.dense.value_weight
        )
        loss += config.dense.weight * sums["dense_loss"]
    return loss, sums


def _name_losses(
    model: VLM,
    probes: Probes,
    batch: Batch,
    totals: Mapping[str, Int32[Array, ""]],
    dense: DenseConfig,
) -> tuple[Float32[Array, ""], Metrics]:
    """The weighted losses of names in questions and answers, and each of them.

    Beside mention_loss there are pointer_loss, pointer_hits, copy_loss and copy_hits of the heads
    that are taught where to look.
    """
    targets, sums = _dense_targets(batch), {}
    sums["mention_loss"] = losses.value_loss(
        model.mentions(probes.halfway),
        targets.mention_values,
        targets.mention_mask,
        totals["mentions"],
    )
    loss = dense.weight * dense.value_weight * sums["mention_loss"]
    if dense.pointer_weight:
        sums["pointer_loss"], sums["pointer_hits"] = losses.look_loss(
            probes.pointer, losses.pointed_at(targets), totals["pointers"]
        )
        loss += dense.pointer_weight * sums["pointer_loss"]
    if dense.copy_weight:
        right = losses.copied_from(batch, targets.mentioned, probes.copy.shape[1])
        sums["copy_loss"], sums["copy_hits"] = losses.look_loss(
            probes.copy, right, totals["copies"]
        )
        loss += dense.copy_weight * sums["copy_loss"]
    return loss, sums


def _dense_targets(batch: Batch) -> DenseTargets:
    if batch.dense is None:
        raise ValueError("dense.weight needs dense targets, which this batch has not")
    return batch.dense


def metrics_of(sums: Metrics, config: StepConfig) -> Metrics:
    """Metrics of a whole batch, float32[] each.

    text_loss, accuracy (share of suffix tokens predicted right), the auxiliary losses, and for
    each data set loss/NAME (NaN without tokens) and share/NAME (of loss tokens).
    """
    metrics = {name: value for name, value in sums.items() if name not in ("sums", "tokens")}
    if "sums" in sums:
        means, shares = losses.means_and_shares(sums["sums"], sums["tokens"])
        for i, name in enumerate(config.datasets):
            metrics[f"loss/{name}"] = means[i]
            metrics[f"share/{name}"] = shares[i]
    return metrics


def differentiate(
    state: TrainState, batch: Batch, totals: Mapping[str, Int32[Array, ""]], config: StepConfig
) -> tuple[tuple[Float32[Array, ""], Metrics], Parameters]:
    """`loss_and_sums` of a batch, and the gradient of the loss by the trainable parameters.

    Frozen parameters are constants of the differentiated function, so the backward pass stops
    where nothing trainable lies below.
    """

    def objective(trainable: Parameters, rows: Batch) -> tuple[Float32[Array, ""], Metrics]:
        model = config.template.model({**trainable, **state.frozen})
        return loss_and_sums(model, rows, totals, config)

    of_rows = jax.value_and_grad(objective, has_aux=True)
    return _accumulate(lambda rows: of_rows(state.trainable, rows), batch, config.train.accumulate)


def train_step(
    state: TrainState, batch: Batch, *, config: StepConfig
) -> tuple[TrainState, Metrics]:
    """Differentiates by the trainable parameters alone, and updates them.

    Returns:
      The next state, and metrics float32[]: those of `metrics_of`, loss, grad_norm (before
      clipping), learning_rate.
    """
    (loss, sums), gradients = differentiate(state, batch, losses.totals_of(batch), config)
    updates, opt_state = config.optimizer.update(gradients, state.opt_state, state.trainable)
    metrics = {
        "loss": loss,
        **metrics_of(sums, config),
        "grad_norm": optax.tree.norm(gradients),
        "learning_rate": jnp.asarray(config.schedule(state.step), jnp.float32),
    }
    trainable = optax.apply_updates(state.trainable, updates)
    next_state = dataclasses.replace(
        state,
        step=state.step + 1,
        trainable=trainable,
        opt_state=opt_state,
        average=_average(state.average, trainable, config.train.average_decay),
    )
    return next_state, metrics


def _accumulate(evaluate: Callable[[Batch], Any], batch: Batch, parts: int) -> Any:
    """The sum of `evaluate` over equal parts of a batch, one part in memory at a time.

    A part takes every `parts`-th row, so that each device keeps to its own rows.
    """
    if parts == 1:
        return evaluate(batch)
    split = jax.tree.map(lambda x: jnp.moveaxis(x.reshape(-1, parts, *x.shape[1:]), 1, 0), batch)
    part = jax.eval_shape(evaluate, jax.tree.map(lambda x: x[0], split))
    nothing = jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), part)

    def add(total: Any, rows: Batch) -> tuple[Any, None]:
        return jax.tree.map(jnp.add, total, evaluate(rows)), None

    return jax.lax.scan(add, nothing, split)[0]


def _average(average: Parameters, trainable: Parameters, decay: float) -> Parameters:
    """The running average of the parameters; empty where none is kept."""
    return {
        name: decay * before + (1 - decay) * trainable[name] for name, before in average.items()
    }


def compile_step(config: StepConfig, abstract_state: TrainState, mesh: Mesh) -> Step:
    """`train_step` under jit; the state passed in is given up for the one returned.

    Args:
      config: static.
      abstract_state: says where each array lives; the state returned lives there too.
      mesh: a batch is split over all its devices.
    """

    def step(state: TrainState, batch: Batch) -> tuple[TrainState, Metrics]:
        with jax.sharding.use_abstract_mesh(mesh.abstract_mesh):
            return train_step(state, batch, config=config)

    places = jax.tree.map(lambda x: x.sharding, abstract_state)
    return jax.jit(
        step,
        in_shardings=(places, sharding.batch_sharding(mesh)),
        out_shardings=(places, NamedSharding(mesh, PartitionSpec())),
        donate_argnums=0,
    )
