"""All sections of an experiment, and what binds them together."""

import dataclasses

from spatialvlm_jax.bounds import SettingError, Settings
from spatialvlm_jax.experiment.checkpoint import CheckpointConfig
from spatialvlm_jax.experiment.data import DataConfig
from spatialvlm_jax.experiment.dense import DenseConfig
from spatialvlm_jax.experiment.eval import EvalConfig
from spatialvlm_jax.experiment.mesh import MeshConfig
from spatialvlm_jax.experiment.model import ModelConfig
from spatialvlm_jax.experiment.optim import OptimConfig
from spatialvlm_jax.experiment.train import TrainConfig


@dataclasses.dataclass(frozen=True)
class Experiment(Settings):
    """Everything one run needs; `dense` is None where there is no dense loss."""

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
        data, train = self.data, self.train
        if train.text_weight == 0 and not self.dense_weight:
            raise SettingError("train.text_weight", "it and dense.weight are both 0")
        traced, last = train.profile_steps, train.steps
        if traced and traced[1] > last:
            raise SettingError(
                "train.profile_steps", f"{traced} is not (first, last) of the steps 1 to {last}"
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

    @property
    def dense_weight(self) -> float:
        """Of the dense loss; 0 where there is none, and then no batch has dense targets."""
        return self.dense.weight if self.dense else 0.0
