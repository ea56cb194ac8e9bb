import dataclasses
from pathlib import Path

import jax
import pytest

from data_loaders.preparation import open_loader
from spatialvlm_jax.experiment import (
    DataConfig,
    DatasetConfig,
    Experiment,
    MeshConfig,
    WorldsRecipe,
)
from spatialvlm_jax.inputs.tokenizer import TokenizerError
from spatialvlm_jax.training.sharding import device_mesh


def test_a_tokenizer_that_cannot_be_read_is_told_before_data_are_rendered(tmp_path: Path) -> None:
    worlds = DatasetConfig("worlds", str(tmp_path / "worlds"), worlds=WorldsRecipe())
    data = DataConfig((worlds,), tokenizer=str(tmp_path / "absent.model"))
    experiment = dataclasses.replace(Experiment(), data=data)
    with pytest.raises(TokenizerError, match=r"absent\.model"):
        open_loader(experiment, device_mesh(MeshConfig(), jax.devices()[:1]))
    assert list(tmp_path.iterdir()) == []
