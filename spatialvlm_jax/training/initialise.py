"""The state before step 0, made where it will live; and the weights of the last one."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax.sharding import Mesh

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.experiment import Experiment
from spatialvlm_jax.models.checkpoint_file import (
    CheckpointFileError,
    load_safetensors,
    save_safetensors,
    shipped,
)
from spatialvlm_jax.models.vlm import VLM
from spatialvlm_jax.training import optim, sharding
from spatialvlm_jax.training.state import ModelTemplate, TrainState, create_state, parameters_of


@dataclasses.dataclass(frozen=True)
class Initialiser:
    """Makes the first state of an experiment, never unsharded."""

    template: ModelTemplate[VLM]
    optimizer: optax.GradientTransformation
    experiment: Experiment
    mesh: Mesh

    def abstract(self) -> TrainState:
        """Shapes, dtypes and shardings of the state, as `jax.ShapeDtypeStruct`s."""
        shapes = jax.eval_shape(self._create)
        return jax.tree.map(
            lambda x, where: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=where),
            shapes,
            sharding.tree_shardings(shapes, self.mesh),
        )

    def state(self) -> TrainState:
        """The state before step 0, with the weights of `train.init_from` if that is set.

        Raises:
          UserError: the weight file is missing or does not fit.
        """
        shardings = sharding.tree_shardings(jax.eval_shape(self._create), self.mesh)
        state = jax.jit(self._create, out_shardings=shardings)()
        if not self.experiment.train.init_from:
            return state
        model = self.template.model(state.parameters)
        load_weights(self.experiment.train.init_from, model)
        loaded = sharding.put(parameters_of(model), self.mesh)
        return dataclasses.replace(
            state,
            trainable={name: loaded[name] for name in state.trainable},
            frozen={name: loaded[name] for name in state.frozen},
        )

    def _create(self) -> TrainState:
        return create_state(
            self.template.initialise(),
            lambda name: optim.is_frozen(name, self.experiment.optim),
            self.optimizer,
            jnp.dtype(self.experiment.model.compute_dtype),
        )


def load_weights(source: str, model: VLM) -> None:
    """Overwrites a model's parameters; the dense head may be missing or surplus.

    Args:
      source: name of a shipped checkpoint, or a path to `.safetensors`.
      model: receives the values.

    Raises:
      UserError: there is no such file, or it does not fit.
    """
    try:
        path = Path(source) if source.endswith(".safetensors") else shipped(source)
        load_safetensors(path, model, optional=("dense_head",))
    except CheckpointFileError as error:
        raise UserError(f"train.init_from: {error}") from error


def export(path: Path, template: ModelTemplate[VLM], state: TrainState, config: Any) -> None:
    """Writes the model's weights as safetensors; the header holds its configuration as JSON."""
    header = {"step": str(int(state.step)), "config": json.dumps(dataclasses.asdict(config))}
    save_safetensors(path, template.model(state.parameters), header)
