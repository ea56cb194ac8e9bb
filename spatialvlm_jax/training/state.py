"""The training state, and the bridge between NNX modules and plain named parameters.

Parameters travel as one flat dictionary, "decoder/layers/0/mlp/up/kernel" -> array. Names are what
grouping, masks, shardings, reports and checkpoints go by.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

import jax
import jax.numpy as jnp
import optax
from flax import nnx

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.experiment import Experiment
from spatialvlm_jax.models.quantize import format_of, stored_dtype
from spatialvlm_jax.models.vlm import VLM

Parameters = dict[str, jax.Array]
Model = TypeVar("Model", bound=nnx.Module)


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class TrainState:
    """Everything a step changes, and the frozen parameters it reads.

    step: int32[], updates done.
    trainable: parameters that are differentiated; float32.
    frozen: the others, in the compute dtype or in fewer bits: no gradient, no optimiser slot.
    opt_state: slots for `trainable` only.
    average: running averages of `trainable`, or empty.
    """

    step: jax.Array
    trainable: Parameters
    frozen: Parameters
    opt_state: optax.OptState
    average: Parameters = dataclasses.field(default_factory=dict)

    @property
    def parameters(self) -> Parameters:
        """All parameters of the model by name."""
        return {**self.trainable, **self.frozen}

    @property
    def averaged(self) -> Parameters:
        """As `parameters`, running averages in place of those that have one."""
        return {**self.parameters, **self.average}


@dataclasses.dataclass(frozen=True)
class ModelTemplate(Generic[Model]):
    """A model without its arrays: makes modules from named parameters."""

    build: Callable[[], Model]
    graphdef: Any
    variables: Mapping[str, tuple[tuple[Any, ...], nnx.Variable]]

    @classmethod
    def of(
        cls, build: Callable[[], Model], outline: Callable[[], Model] | None = None
    ) -> "ModelTemplate[Model]":
        """The template of the module that `build()` makes; nothing is computed.

        Args:
          build: makes it.
          outline: makes it with any numbers in it, where that is sooner traced.
        """
        graphdef, state = nnx.split(nnx.eval_shape(outline or build))
        variables = {name_of(path): (path, variable) for path, variable in nnx.to_flat_state(state)}
        return cls(build, graphdef, variables)

    @property
    def shapes(self) -> dict[str, jax.ShapeDtypeStruct]:
        """Shape and dtype of every parameter."""
        return {
            name: jax.ShapeDtypeStruct(variable.shape, variable.dtype)
            for name, (_, variable) in self.variables.items()
        }

    def initialise(self) -> Parameters:
        """Fresh parameters, as `build` draws them."""
        return parameters_of(self.build())

    def model(self, parameters: Parameters) -> Model:
        """The module with these parameters; names must be those of the template."""
        flat = [
            (path, variable.replace(parameters[name]))
            for name, (path, variable) in self.variables.items()
        ]
        return nnx.merge(self.graphdef, nnx.from_flat_state(flat))


def model_template(experiment: Experiment) -> ModelTemplate[VLM]:
    """The template of the model of an experiment.

    Raises:
      ValueError: its sizes do not fit together.
    """
    return ModelTemplate.of(
        lambda: VLM.of(experiment), outline=lambda: VLM.of(experiment, drawn=False)
    )


def parameters_of(model: nnx.Module) -> Parameters:
    """The parameters of a module by name."""
    return {
        name_of(path): variable.get_value()
        for path, variable in nnx.to_flat_state(nnx.state(model))
    }


def name_of(path: tuple[Any, ...]) -> str:
    """("layers", 0, "kernel") -> "layers/0/kernel"."""
    return "/".join(str(part) for part in path)


def create_state(
    parameters: Parameters,
    is_frozen: Callable[[str], bool],
    optimizer: optax.GradientTransformation,
    frozen_dtype: Any,
    *,
    average: bool = False,
) -> TrainState:
    """The state before step 0.

    Args:
      parameters: all parameters by name, float32.
      is_frozen: tells which names are frozen.
      optimizer: its slots are made for the trainable parameters only.
      frozen_dtype: floating-point dtype of frozen parameters.
      average: keep running averages of the trainable ones.

    Raises:
      UserError: a kernel in few bits is not frozen.
    """
    frozen = {
        name: x.astype(stored_dtype(name, x.dtype, frozen_dtype))
        for name, x in parameters.items()
        if is_frozen(name)
    }
    trainable = {name: x for name, x in parameters.items() if not is_frozen(name)}
    for name, x in trainable.items():
        if form := format_of(x.dtype):
            raise UserError(
                f"model.{form} keeps {name} in few bits, which cannot train: name its group in "
                f"optim.freeze (adapters train nevertheless), or take it out of model.{form}"
            )
    return TrainState(
        step=jnp.zeros((), jnp.int32),
        trainable=trainable,
        frozen=frozen,
        opt_state=optimizer.init(trainable),
        average=jax.tree.map(jnp.copy, trainable) if average else {},
    )
