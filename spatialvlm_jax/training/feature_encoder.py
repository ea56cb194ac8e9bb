"""The frozen encoder alone, on this process's devices, for features that are computed once."""

import dataclasses
import hashlib
import math
from collections.abc import Callable, Mapping

import jax
import numpy as np
from flax import nnx
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.experiment import Experiment
from spatialvlm_jax.models.vit import scale_pixels
from spatialvlm_jax.models.vlm import VLM
from spatialvlm_jax.training import sharding
from spatialvlm_jax.training.optim import PATCH_RAYS
from spatialvlm_jax.training.processes import multihost
from spatialvlm_jax.training.state import ModelTemplate, TrainState

TOWER = "encoder/"


def check_frozen(state: TrainState) -> None:
    """Raises UserError if adapters of the encoder train, whatever pattern names them.

    Args:
      state: arrays or `jax.ShapeDtypeStruct`s.
    """
    trained = [name for name in state.trainable if name.startswith((TOWER, PATCH_RAYS))]
    if trained:
        raise UserError(
            f"data.features: model.adapters trains {trained[0]}, so features change in every step; "
            "take the encoder out of model.adapters.targets, or leave data.features empty"
        )


def check_unaided(state: TrainState) -> None:
    """Raises UserError if the encoder is told of the camera, which features would not show."""
    for name in sorted(state.frozen):
        if name.startswith(PATCH_RAYS) and multihost.gather_everywhere(state.frozen[name]).any():
            raise UserError(
                f"data.features: these weights tell the encoder of the camera ({name} is not 0), "
                "and stored features are of pictures alone; leave data.features empty, or begin "
                "with weights that were not trained with data.camera='rays'"
            )


def encoder_weights(state: TrainState) -> dict[str, np.ndarray]:
    """The encoder's parameters as the step reads them, whole, in the memory of every process."""
    names = sorted(name for name in state.frozen if name.startswith(TOWER))
    return {
        name.removeprefix(TOWER): multihost.gather_everywhere(state.frozen[name]) for name in names
    }


def weights_digest(weights: Mapping[str, np.ndarray]) -> str:
    """SHA-256 of names, dtypes, shapes and every byte."""
    result = hashlib.sha256()
    for name, x in sorted(weights.items()):
        result.update(f"{name} {x.dtype} {x.shape}\n".encode())
        result.update(np.ascontiguousarray(x).view(np.uint8).data)
    return result.hexdigest()


@dataclasses.dataclass(frozen=True)
class LocalEncoder:
    """The encoder, whole on each device of this process; processes need not call it together.

    rows: images that it takes at once.
    """

    rows: int
    apply: Callable[[np.ndarray], jax.Array]

    @classmethod
    def of(
        cls, experiment: Experiment, weights: Mapping[str, np.ndarray], mesh: Mesh
    ) -> "LocalEncoder":
        """Takes as many images a device as a training step does, which fit.

        Args:
          weights: of `encoder_weights`.
          mesh: of the training step.
        """
        model, devices = experiment.model, jax.local_devices()
        template = ModelTemplate.of(lambda: VLM(model, rngs=nnx.Rngs(0)).encoder)
        own = Mesh(np.asarray(devices).reshape(-1, 1, 1), sharding.AXES)
        shards = math.prod(mesh.shape[axis] for axis in sharding.BATCH_AXES)
        each = experiment.data.batch_size // (shards * experiment.train.accumulate)
        everywhere = NamedSharding(own, PartitionSpec())
        placed = jax.device_put(dict(weights), everywhere)

        def encode(parameters: dict[str, jax.Array], images: jax.Array) -> jax.Array:
            with jax.sharding.use_abstract_mesh(own.abstract_mesh):
                encoder = template.model(parameters)
                return encoder(scale_pixels(images, model.compute_dtype))

        rows = sharding.batch_sharding(own)
        run = jax.jit(encode, in_shardings=(everywhere, rows), out_shardings=rows)
        return cls(
            each * len(devices),
            lambda images: run(placed, sharding.to_devices(images, own)),
        )
