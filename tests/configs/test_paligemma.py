"""The published models as configurations."""

from pathlib import Path

import pytest

import train
from spatialvlm_jax.config import load_experiment
from spatialvlm_jax.errors import UserError

CONFIG = str(Path(train.__file__).parent / "configs" / "paligemma.py")


def test_variant_resolution_weights_and_rule_are_arguments() -> None:
    experiment = load_experiment(f"{CONFIG}:variant=paligemma2_3b,res=448,weights=w,rule=prefix")
    assert experiment.model.encoder.image_size == 448
    assert experiment.model.decoder.post_norms
    assert experiment.model.attention == "prefix"
    assert experiment.data.pairs_per_image == 1
    assert experiment.train.init_from == "w"
    assert load_experiment(CONFIG).data.pairs_per_image == 16


def test_lora_freezes_all_but_adapters() -> None:
    experiment = load_experiment(f"{CONFIG}:lora=8")
    assert experiment.model.adapters.rank == 8
    assert len(experiment.optim.freeze) == 4
    assert load_experiment(CONFIG).model.adapters.rank == 0


@pytest.mark.parametrize(
    "argument", ["size=3b", "variant=paligemma_4b", "res=300", "res=big", "lora=high"]
)
def test_mistakes_are_told(argument: str) -> None:
    with pytest.raises(UserError):
        load_experiment(f"{CONFIG}:{argument}")
