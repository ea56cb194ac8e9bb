"""The typed form of an experiment: frozen dataclasses that `config.py` fills from a ConfigDict.

One module a section, named as the field of `Experiment`. Each record checks its own fields and
their combinations; what binds sections is checked by `Experiment`. Durations carry their unit in
the name (`steps`, `seconds`, `examples`). Every field has a default where a sensible one exists;
`configs/` change a few of them.
"""

from spatialvlm_jax.experiment.checkpoint import CheckpointConfig
from spatialvlm_jax.experiment.data import (
    CameraUse,
    DataConfig,
    DatasetConfig,
    Resize,
    WorldsRecipe,
)
from spatialvlm_jax.experiment.dense import DenseConfig
from spatialvlm_jax.experiment.eval import (
    Breakdown,
    Choice,
    EvalConfig,
    EvaluatorName,
    PictureProbe,
    Probe,
)
from spatialvlm_jax.experiment.experiment import Experiment
from spatialvlm_jax.experiment.mesh import MeshConfig
from spatialvlm_jax.experiment.model import (
    AdapterConfig,
    AttentionBackend,
    AttentionRule,
    DecoderConfig,
    EncoderConfig,
    ModelConfig,
    Remat,
)
from spatialvlm_jax.experiment.optim import GROUPS, Group, OptimConfig
from spatialvlm_jax.experiment.train import TrainConfig

__all__ = [
    "GROUPS",
    "AdapterConfig",
    "AttentionBackend",
    "AttentionRule",
    "Breakdown",
    "CameraUse",
    "CheckpointConfig",
    "Choice",
    "DataConfig",
    "DatasetConfig",
    "DecoderConfig",
    "DenseConfig",
    "EncoderConfig",
    "EvalConfig",
    "EvaluatorName",
    "Experiment",
    "Group",
    "MeshConfig",
    "ModelConfig",
    "OptimConfig",
    "PictureProbe",
    "Probe",
    "Remat",
    "Resize",
    "TrainConfig",
    "WorldsRecipe",
]
