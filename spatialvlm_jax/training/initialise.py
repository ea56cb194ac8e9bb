"""The state before step 0, made where it will live; and the weights of the last one."""

import dataclasses
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import optax

from spatialvlm_jax.experiment import Experiment
from spatialvlm_jax.models.checkpoint_file import save_safetensors
from spatialvlm_jax.models.vlm import VLM
from spatialvlm_jax.training import optim, sharding
from spatialvlm_jax.training.feature_encoder import check_frozen
from spatialvlm_jax.training.processes import multihost
from spatialvlm_jax.training.state import ModelTemplate, TrainState, create_state
from spatialvlm_jax.weights.settings import settings_of

# From shapes, dtypes and shardings, by name, to arrays; Any, because states hold either.
Pretrained = Callable[[Mapping[str, Any]], Mapping[str, jax.Array]]


@dataclasses.dataclass(frozen=True)
class Initialiser:
    """Makes the first state of an experiment, never unsharded.

    pretrained: from shapes, dtypes and shardings of all parameters to those that there are weights
      for; None draws all of them.
    """

    template: ModelTemplate[VLM]
    optimizer: optax.GradientTransformation
    experiment: Experiment
    mesh: sharding.AnyMesh
    pretrained: Pretrained | None = None

    def abstract(self) -> TrainState:
        """Shapes, dtypes and shardings of the state, as `jax.ShapeDtypeStruct`s.

        Raises:
          UserError: the run reads stored features of an encoder that trains.
        """
        shapes = jax.eval_shape(self._create)
        if self.experiment.data.features:
            check_frozen(shapes)
        return jax.tree.map(
            lambda x, where: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=where),
            shapes,
            sharding.tree_shardings(
                shapes, self.mesh, repeat_frozen=self.experiment.mesh.repeat_frozen
            ),
        )

    def state(self) -> TrainState:
        """The state before step 0, with pretrained parameters where `pretrained` gives them.

        Those are made first and donated, so that none exists twice and none is drawn in vain.

        Raises:
          UserError: the weights are missing or do not fit.
        """
        wanted = self.abstract()
        loaded = dict(self.pretrained(wanted.parameters)) if self.pretrained else {}
        shardings = jax.tree.map(lambda x: x.sharding, wanted)
        with multihost.waiting_once("drawing the first parameters", "drew them"):
            return jax.jit(self._create, out_shardings=shardings, donate_argnums=0)(loaded)

    def _create(self, loaded: Mapping[str, jax.Array] | None = None) -> TrainState:
        return create_state(
            {**self.template.initialise(), **(loaded or {})},
            lambda name: optim.is_frozen(name, self.experiment.optim),
            self.optimizer,
            jnp.dtype(self.experiment.model.compute_dtype),
            average=self.experiment.train.average_decay > 0,
        )


def export(
    path: Path,
    template: ModelTemplate[VLM],
    state: TrainState,
    config: Experiment,
    contents: Mapping[str, str],
) -> None:
    """Writes the model's weights as safetensors.

    The header holds the configuration as JSON, and by name the settings that belong to the weights
    and `contents`: digests of what was read, and which questions were taught. All processes take
    part, the first one writes.
    """
    parameters = multihost.gather_on_main(state.averaged)
    if not multihost.is_main_process():
        return
    header = {"step": str(int(state.step)), "config": json.dumps(dataclasses.asdict(config))}
    header |= {**settings_of(config), **contents}
    save_safetensors(path, template.model(parameters), header)
