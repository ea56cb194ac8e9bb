"""Sizes of the device mesh."""

import dataclasses
from typing import Annotated

from spatialvlm_jax.bounds import Range, Settings

_Axis = Annotated[int, Range(1, 100_000, also=(-1,))]


@dataclasses.dataclass(frozen=True)
class MeshConfig(Settings):
    """Device mesh: sizes of the axes. One -1 takes what is left; several are chosen for the model
    and the devices (`training.mesh`).

    data: repeats the parameters. fsdp: splits them. tensor: splits heads and hidden units.
    slices: groups of devices with a slower network between them, which "data" runs over; -1 for
      those that the devices name (TPU slices, GPU hosts).
    repeat_frozen: hold frozen parameters whole on every device instead of split.
    """

    data: _Axis = -1
    fsdp: _Axis = 1
    tensor: _Axis = 1
    slices: _Axis = 1
    repeat_frozen: bool = False
