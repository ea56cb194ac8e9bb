"""Optimiser, schedule, clipping, freezing."""

import dataclasses
from typing import Annotated, Literal

from spatialvlm_jax.bounds import Decay, OneOf, Range, Settings, Steps

Group = Literal["encoder", "connector", "decoder", "embeddings", "camera"]
GROUPS: tuple[Group, ...] = ("encoder", "connector", "decoder", "embeddings", "camera")
_GroupName = Annotated[str, OneOf(*GROUPS)]
_Rate = Annotated[float, Range(0, 1_000)]


@dataclasses.dataclass(frozen=True)
class OptimConfig(Settings):
    """Optimiser, schedule, clipping, freezing.

    optimizer: "adamw"; "muon" for block matrices with Adam elsewhere; "adafactor", whose second
      moments are kept as row and column means (with `b1` = 0 it keeps next to nothing else).
    moment_dtype: dtype of the first moments.
    peak_lr: learning rate after the warm-up. end_lr: where "cosine" ends.
    schedule: "cosine" (to `end_lr`), "constant", or "wsd" (warm up, stay, decay linearly over the
      last `decay_steps`), all after a linear warm-up of `warmup_steps`.
    warmup_steps: first steps, in which the rate rises. decay_steps: last steps, in which that of
      "wsd" falls.
    b1: decay of the first moments. b2: decay of the second moments.
    weight_decay: decay of matrices, times the learning rate; of biases, norms, embeddings none.
    clip_norm: gradients of a larger norm, over all that trains, are scaled down to it; 0 for never.
    lr_multipliers: group name -> factor on the learning rate.
    freeze: groups that get no gradient, no slot, no decay. With the encoder, what `data.camera`
      adds inside of it is frozen, too.
    """

    optimizer: Literal["adamw", "muon", "adafactor"] = "adamw"
    moment_dtype: Literal["float32", "bfloat16"] = "float32"
    peak_lr: _Rate = 1e-3
    end_lr: _Rate = 0.0
    schedule: Literal["cosine", "constant", "wsd"] = "cosine"
    warmup_steps: Steps = 100
    decay_steps: Steps = 0
    b1: Decay = 0.9
    b2: Decay = 0.99
    weight_decay: _Rate = 1e-4
    clip_norm: Annotated[float, Range(0, 1e9)] = 1.0
    lr_multipliers: dict[_GroupName, _Rate] = dataclasses.field(default_factory=dict)
    freeze: tuple[Group, ...] = ()
