"""All sections of an experiment, and what binds them together."""

import dataclasses

from spatialvlm_jax.bounds import SettingError, Settings, describe_choices
from spatialvlm_jax.experiment.checkpoint import CheckpointConfig
from spatialvlm_jax.experiment.data import DataConfig
from spatialvlm_jax.experiment.dense import DenseConfig
from spatialvlm_jax.experiment.eval import EvalConfig
from spatialvlm_jax.experiment.mesh import MeshConfig
from spatialvlm_jax.experiment.model import PARTS, ModelConfig
from spatialvlm_jax.experiment.optim import GROUPS, OptimConfig
from spatialvlm_jax.experiment.train import TrainConfig

# Room for what is said of a camera; tokenizers that say digits one by one take 24.
CAMERA_TOKENS = 32


@dataclasses.dataclass(frozen=True)
class Experiment(Settings):
    """Everything one run needs.

    name: what its report calls it. dense: none where there is no dense loss.
    """

    name: str = "experiment"
    model: ModelConfig = dataclasses.field(default_factory=ModelConfig)
    data: DataConfig = dataclasses.field(default_factory=DataConfig)
    dense: DenseConfig | None = None
    optim: OptimConfig = dataclasses.field(default_factory=OptimConfig)
    train: TrainConfig = dataclasses.field(default_factory=TrainConfig)
    checkpoint: CheckpointConfig = dataclasses.field(default_factory=CheckpointConfig)
    eval: EvalConfig = dataclasses.field(default_factory=EvalConfig)
    mesh: MeshConfig = dataclasses.field(default_factory=MeshConfig)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.name.strip():
            raise SettingError("name", "it is empty")
        self._check_data()
        self._check_steps()
        self._check_heads()
        self._check_frozen()

    def _check_steps(self) -> None:
        train, optim = self.train, self.optim
        if train.text_weight == 0 and not self.dense_weight:
            raise SettingError("train.text_weight", "it and dense.weight are both 0")
        decay = optim.decay_steps if optim.schedule == "wsd" else 0
        if optim.warmup_steps + decay > train.steps:
            share = optim.warmup_steps / (optim.warmup_steps + decay) if decay else 0.1
            warmup = int(train.steps * share)
            also = f" and decay_steps={decay} are" if decay else " is"
            fits = [f"--config.optim.warmup_steps={warmup}"]
            fits += [f"--config.optim.decay_steps={train.steps - warmup}"] if decay else []
            raise SettingError(
                "optim.warmup_steps",
                f"{optim.warmup_steps}{also} longer than train.steps={train.steps}; such as "
                f"{' '.join(fits)} would fit",
            )
        if optim.decay_steps > train.steps:
            raise SettingError(
                "optim.decay_steps", f"{optim.decay_steps} is more than train.steps={train.steps}"
            )
        traced, last = train.profile_steps, train.steps
        if traced and traced[1] > last:
            raise SettingError(
                "train.profile_steps", f"{traced} is not (first, last) of the steps 1 to {last}"
            )

    def _check_data(self) -> None:
        data, mesh = self.data, self.mesh
        parts = self.train.accumulate * max(mesh.data, 1) * max(mesh.fsdp, 1)
        if data.batch_size % parts:
            raise SettingError(
                "data.batch_size",
                f"{data.batch_size} does not divide by the {parts} parts that mesh and "
                "train.accumulate split it into",
            )
        if data.block_length not in (0, data.length) and self.model.attention == "prefix":
            raise SettingError(
                "data.block_length", f"{data.block_length}: model.attention='prefix' takes 0"
            )
        if data.pairs_per_image > 1 and self.model.attention != "image_prefix" and data.datasets:
            raise SettingError(
                "data.pairs_per_image",
                f"{data.pairs_per_image} pairs on an image need model.attention='image_prefix', "
                f"not {self.model.attention!r}",
            )
        for dataset in data.datasets if self.dense_weight else ():
            if dataset.format != "stored":
                raise SettingError("dense", f"needs stored truth, which {dataset.name!r} has not")
        if self.dense_weight and data.resize != "squash":
            raise SettingError("dense", f"needs data.resize='squash', not {data.resize!r}")

    def _check_heads(self) -> None:
        """What the losses of the decoder's heads need of it."""
        dense, decoder = self.dense, self.model.decoder
        if dense is None:
            return
        for name in ("pointer", "copy"):
            field, layer = f"dense.{name}_layer", getattr(dense, f"{name}_layer")
            if getattr(dense, f"{name}_weight") and not -decoder.depth <= layer < decoder.depth:
                raise SettingError(
                    field, f"{layer}: the decoder has layers 0 to {decoder.depth - 1}"
                )
        pointer, copy = dense.pointer_layer % decoder.depth, dense.copy_layer % decoder.depth
        if dense.pointer_weight and dense.copy_weight and pointer == copy and decoder.heads == 1:
            raise SettingError("dense.copy_layer", "its only head is that of dense.pointer_layer")
        if dense.copy_weight and decoder.sliding_window and copy % 2 == 0:
            raise SettingError(
                "dense.copy_layer", f"{copy} slides its window over the question: take an odd one"
            )

    def _check_frozen(self) -> None:
        model, freeze = self.model, self.optim.freeze
        _check_parts("model.adapters.targets", model.adapters.targets)
        _check_parts("model.int8", model.int8)
        _check_parts("model.nf4", model.nf4)
        there = set(GROUPS) if self.reads_rays else set(GROUPS) - {"camera"}
        if there <= set(freeze) and not model.adapters.rank:
            raise SettingError(
                "optim.freeze",
                "it names all groups, so nothing would train: take one out, or add adapters "
                "(model.adapters.rank=16)",
            )
        for form in ("int8", "nf4"):
            for group in _groups(getattr(model, form)) - set(freeze):
                raise SettingError(
                    f"model.{form}",
                    f"kernels in few bits do not train: add {group!r} to optim.freeze "
                    "(adapters train nevertheless)",
                )
        if self.data.features and "encoder" not in freeze:
            raise SettingError(
                "data.features",
                "it needs an encoder that does not train: add 'encoder' to optim.freeze",
            )
        if self.data.features and self.data.camera == "canonical":
            raise SettingError(
                "data.features",
                "data.camera='canonical' resizes pictures anew in every epoch; tell the camera by "
                "'rays' or 'words', or leave features empty",
            )
        adapted = _groups(model.adapters.targets) if model.adapters.rank else set()
        if self.data.features and "encoder" in adapted:
            raise SettingError(
                "data.features",
                "model.adapters.targets names the encoder, so features change in every step",
            )

    @property
    def reads_rays(self) -> bool:
        """Whether the model has camera maps, and batches rays."""
        return self.data.camera == "rays"

    @property
    def camera_tokens(self) -> int:
        """How many text tokens about the camera stand behind each image; 0 for none."""
        behind = self.data.camera == "words" and self.model.attention == "image_prefix"
        return CAMERA_TOKENS if behind else 0

    @property
    def dense_weight(self) -> float:
        """Of the dense loss; 0 where there is none, and then no batch has dense targets."""
        return self.dense.weight if self.dense else 0.0


def _groups(patterns: tuple[str, ...]) -> set[str]:
    """The groups that patterns of linear maps name outright; the dense head is the encoder's."""
    parts = {pattern.partition("/")[0] for pattern in patterns}
    return {"encoder" if part == "dense_head" else part for part in parts} & set(GROUPS)


def _check_parts(field: str, patterns: tuple[str, ...]) -> None:
    """Raises SettingError where a pattern of linear maps begins with no part of the model."""
    for i, pattern in enumerate(patterns):
        part = pattern.partition("/")[0]
        if "*" not in part and part not in PARTS:
            raise SettingError(
                f"{field}[{i}]", f"{pattern!r} does not begin with {describe_choices(part, PARTS)}"
            )
