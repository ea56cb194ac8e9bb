"""A trained model by its weight file, without what checkpoints are read with."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import jax
from jax.sharding import Mesh

from spatialvlm_jax.experiment import Experiment
from spatialvlm_jax.flags import is_whole_number
from spatialvlm_jax.models.vlm import VLM
from spatialvlm_jax.training import sharding
from spatialvlm_jax.training.state import ModelTemplate, Parameters
from spatialvlm_jax.weights.load import OPTIONAL, load_weights
from spatialvlm_jax.weights.pieces import WeightsError
from spatialvlm_jax.weights.safetensor_files import SafetensorFiles
from spatialvlm_jax.weights.settings import RECORDED, check_settings


def places_of(
    template: ModelTemplate[VLM], mesh: Mesh | None = None
) -> dict[str, jax.sharding.Sharding]:
    """Where each parameter goes; without a mesh, to one device."""
    if mesh is None:
        device = jax.sharding.SingleDeviceSharding(jax.local_devices()[0])
        return dict.fromkeys(template.shapes, device)
    return dict(sharding.tree_shardings(template.shapes, mesh))


def restore_weight_file(
    path: Path,
    template: ModelTemplate[VLM],
    experiment: Experiment,
    places: Mapping[str, jax.sharding.Sharding],
    *,
    contents: Mapping[str, str],
    remedy: str,
) -> tuple[VLM, int]:
    """The model of a weight file, and the step in its header; it may lack what is optional.

    Args:
      template: of the model that `experiment` is of. places: of its parameters.
      contents: digests of what is read, by name, as the run recorded them.
      remedy: what to do where the weights were trained under other settings, for the message.

    Raises:
      WeightsError: the file is damaged, does not fit, or was made under other settings.
    """
    check_settings(path, experiment, RECORDED, remedy=remedy, contents=contents)
    wanted = {
        name: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=places[name])
        for name, x in template.shapes.items()
    }
    arrays, manifest = load_weights({"model": path}, experiment.model, wanted)
    lacking = [name for name in manifest.initialised if not name.startswith(OPTIONAL)]
    if lacking:
        more = f" and {len(lacking) - 1} more" if len(lacking) > 1 else ""
        raise WeightsError(f"{path} lacks {lacking[0]}{more}")
    if manifest.initialised:
        # Compiled, so that nothing else is drawn.
        missing = {name: places[name] for name in manifest.initialised}
        draw = jax.jit(lambda: _only(missing, template.initialise()), out_shardings=missing)
        arrays |= draw()
    step = SafetensorFiles(path).metadata.get("step", "0")
    return template.model(arrays), int(step) if is_whole_number(step) else 0


def _only(names: Iterable[str], parameters: Parameters) -> Parameters:
    return {name: parameters[name] for name in names}
