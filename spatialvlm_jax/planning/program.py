"""The training step of an experiment as shapes: what is planned, and what is compiled."""

import dataclasses
from typing import Any

import jax
from jax.sharding import AbstractMesh

from spatialvlm_jax.batch import Batch, BatchSpec
from spatialvlm_jax.experiment import Experiment, ModelConfig
from spatialvlm_jax.training import sharding
from spatialvlm_jax.training.feature_encoder import TOWER
from spatialvlm_jax.training.initialise import Initialiser
from spatialvlm_jax.training.losses import totals_of
from spatialvlm_jax.training.state import TrainState
from spatialvlm_jax.training.step import StepConfig, loss_and_sums, step_config


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

    def objective(self, trainable: Any, frozen: Any, batch: Batch) -> jax.Array:
        """The loss of a batch, float32[], as the step differentiates it."""
        model = self.config.template.model({**trainable, **frozen})
        return loss_and_sums(model, batch, totals_of(batch), self.config)[0]

    def reads(self, name: str) -> bool:
        """Whether a step reads a parameter: none of an encoder whose features are stored."""
        return not (self.experiment.data.features and name.startswith(TOWER))

    def arguments(self, rows: int) -> tuple[Any, Any, Batch]:
        """What `objective` takes, as shapes."""
        return (
            self.shapes.trainable,
            self.shapes.frozen,
            BatchSpec.of(self.experiment, rows).abstract(),
        )

    def with_model(self, model: ModelConfig) -> "Program":
        """The same parameters in a model that differs in how it computes, not in what."""
        experiment = dataclasses.replace(self.experiment, model=model)
        return dataclasses.replace(self, experiment=experiment, config=step_config(experiment))
