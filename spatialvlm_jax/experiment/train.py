"""The loop: how long, from where, what is kept on the way."""

import dataclasses

from spatialvlm_jax.bounds import BatchSize, Decay, Seed, SettingError, Settings, SomeSteps, Weight


@dataclasses.dataclass(frozen=True)
class TrainConfig(Settings):
    """The loop.

    steps: updates from begin to end. seed: of weights that begin at random.
    log_every_steps: steps between rows of metrics.jsonl.
    text_weight: factor of the text loss; 0 trains the encoder on dense targets alone.
    accumulate: parts that a batch is computed in, one after the other, for less memory; the result
      is that of the whole batch.
    average_decay: decay of running averages of the parameters, which are then what is evaluated
      and exported; 0 keeps none.
    init_from: weights to begin with: "" for random, the name of a shipped checkpoint, those of a
      run at a step (`runs/mine@300`), a path to `.safetensors`, to a Hugging Face folder, to a
      big_vision `.npz` or to a working directory or a checkpoint of big_vision
      (`checkpoint.bv-000012000`).
    init_encoder_from, init_decoder_from: weights, as of `init_from`, for one tower alone (a SigLIP,
      a Gemma).
    profile_steps: (first, last) step to trace into WORKDIR/profile; empty for none.
    wandb_project: project of Weights & Biases, to send metrics there too; "" sends nothing.
    """

    steps: SomeSteps = 1_000
    seed: Seed = 0
    log_every_steps: SomeSteps = 20
    text_weight: Weight = 1.0
    accumulate: BatchSize = 1
    average_decay: Decay = 0.0
    init_from: str = ""
    init_encoder_from: str = ""
    init_decoder_from: str = ""
    profile_steps: tuple[SomeSteps, ...] = ()
    wandb_project: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        traced = self.profile_steps
        if traced and not (len(traced) == 2 and 1 <= traced[0] <= traced[1]):
            raise SettingError("profile_steps", f"{traced} is not (first, last)")
