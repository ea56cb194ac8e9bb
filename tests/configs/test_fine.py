from types import ModuleType

import pytest

from configs import carry, fine, finish, hold, pretrain, teach
from spatialvlm_jax.config import from_config_dict
from spatialvlm_jax.experiment import Experiment


def test_it_goes_on_from_a_model_of_larger_patches_that_see_as_much() -> None:
    before, after = (
        from_config_dict(Experiment, module.get_config()).model for module in (carry, fine)
    )
    assert after.decoder == before.decoder
    sizes = [(each.encoder.patch_size, each.encoder.stem_overlap) for each in (before, after)]
    assert sizes == [(16, 0), (8, 1)]


@pytest.mark.parametrize("stage", [fine, finish])
def test_its_scenes_are_new_ones_of_the_kinds_taught_before(stage: ModuleType) -> None:
    stages = (pretrain, teach, hold, carry, fine, finish)
    names = ("CLEAR", "GALLERY", "MANIPULATION", "HOLDING")
    worlds = [getattr(stage, name) for stage in stages for name in names if hasattr(stage, name)]
    assert len({each.recipe.seed for each in worlds}) == len(worlds)
    assert len({each.path for each in worlds}) == len(worlds)
    config = stage.get_config()
    assert [member.name for member in config.data.datasets] == [name.lower() for name in names]
    assert [member.name for member in config.eval.datasets] == [name.lower() for name in names]
    assert sum(member.weight for member in config.data.datasets) == 1
    assert config.optim.warmup_steps + config.optim.decay_steps == config.train.steps


def test_every_stage_of_pretraining_goes_on_from_the_one_before() -> None:
    begun = [stage.get_config().train.init_from for stage in (teach, hold, carry, fine, finish)]
    names = ("settle", "teach", "hold", "carry", "fine")
    assert begun == [f"runs/pretrain_{name}/model.safetensors" for name in names]
