"""The training step of an experiment as shapes: what is planned, and what is compiled."""

import dataclasses
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.sharding import AbstractMesh

from spatialvlm_jax.experiment import Experiment, ModelConfig
from spatialvlm_jax.training import sharding
from spatialvlm_jax.training.encoding import TOWER
from spatialvlm_jax.training.initialise import Initialiser
from spatialvlm_jax.training.losses import totals_of
from spatialvlm_jax.training.state import TrainState
from spatialvlm_jax.training.step import StepConfig, loss_and_sums, step_config

DENSE_WORDS = 4  # names an image token may have: the width of `data_loaders.dense`'s words


class DenseShapes(NamedTuple):
    """As `data_loaders.batch.DenseTargets`."""

    labels: Any
    values: Any
    value_mask: Any
    words: Any
    mention_values: Any
    mention_mask: Any


class BatchShapes(NamedTuple):
    """As `data_loaders.batch.Batch`, which is built on this package and not known here."""

    images: Any
    tokens: Any
    targets: Any
    segment_ids: Any
    positions: Any
    suffix_mask: Any
    loss_mask: Any
    dataset_ids: Any
    dense: DenseShapes | None = None
    features: Any = None


def image_tokens(experiment: Experiment) -> int:
    """How many tokens an image is."""
    encoder = experiment.model.encoder
    return (encoder.image_size // encoder.patch_size) ** 2


def batch_shapes(experiment: Experiment, rows: int) -> BatchShapes:
    """A batch of so many rows, as `jax.ShapeDtypeStruct`s."""
    size, length = experiment.model.encoder.image_size, experiment.data.length
    values, patches = experiment.model.dense_values, image_tokens(experiment)

    def array(dtype: Any, *shape: int) -> jax.ShapeDtypeStruct:
        return jax.ShapeDtypeStruct((rows, *shape), jnp.dtype(dtype))

    text, mask = array(jnp.int32, length), array(jnp.bool_, length)
    dense = None
    if experiment.data.dense:
        dense = DenseShapes(
            labels=array(jnp.int32, patches),
            values=array(jnp.float32, patches, values),
            value_mask=array(jnp.bool_, patches, values),
            words=array(jnp.int32, patches, DENSE_WORDS),
            mention_values=array(jnp.float32, length, values),
            mention_mask=array(jnp.bool_, length, values),
        )
    cached = bool(experiment.data.features)
    features = array(experiment.model.compute_dtype, patches, experiment.model.encoder.width)
    return BatchShapes(
        images=None if cached else array(jnp.uint8, size, size, 3),
        tokens=text,
        targets=text,
        segment_ids=text,
        positions=text,
        suffix_mask=mask,
        loss_mask=mask,
        dataset_ids=text,
        dense=dense,
        features=features if cached else None,
    )


@dataclasses.dataclass(frozen=True)
class Program:
    """An experiment's step, and the shapes of its state before they are placed on a mesh."""

    experiment: Experiment
    config: StepConfig
    shapes: TrainState

    @classmethod
    def of(cls, experiment: Experiment) -> "Program":
        """Traces the model's initialisation; nothing is computed.

        Raises:
          UserError: sizes or schedules that do not fit together, or stored features of an encoder
            that trains.
        """
        config = step_config(experiment)
        nowhere = AbstractMesh((1, 1, 1), sharding.AXES)
        initialiser = Initialiser(config.template, config.optimizer, experiment, nowhere)
        shapes = initialiser.abstract()
        return cls(experiment, config, shapes)

    def state(self, mesh: sharding.AnyMesh) -> TrainState:
        """The state with shardings, as `jax.ShapeDtypeStruct`s."""
        repeat = self.experiment.mesh.repeat_frozen
        places = sharding.tree_shardings(self.shapes, mesh, repeat_frozen=repeat)
        return jax.tree.map(
            lambda x, place: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=place),
            self.shapes,
            places,
        )

    def objective(self, trainable: Any, frozen: Any, batch: Any) -> jax.Array:
        """The loss of a batch, float32[], as the step differentiates it."""
        model = self.config.template.model({**trainable, **frozen})
        return loss_and_sums(model, batch, totals_of(batch), self.config)[0]

    def reads(self, name: str) -> bool:
        """Whether a step reads a parameter: none of an encoder whose features are stored."""
        return not (self.experiment.data.features and name.startswith(TOWER))

    def arguments(self, rows: int) -> tuple[Any, Any, BatchShapes]:
        """What `objective` takes, as shapes."""
        return self.shapes.trainable, self.shapes.frozen, batch_shapes(self.experiment, rows)

    def with_model(self, model: ModelConfig) -> "Program":
        """The same parameters in a model that differs in how it computes, not in what."""
        experiment = dataclasses.replace(self.experiment, model=model)
        return dataclasses.replace(self, experiment=experiment, config=step_config(experiment))
