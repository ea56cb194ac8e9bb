"""From a configuration to experts, and all of them together on tiny models."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from spatialvlm_jax.bounds import SettingError
from spatialvlm_jax.config import from_config_dict, to_config_dict
from spatialvlm_jax.generation.experts.base import Experts, Perception, Region
from spatialvlm_jax.generation.experts.build import (
    FAMILIES,
    STAGES,
    ExpertsConfig,
    build_experts,
    rendered_config,
)
from spatialvlm_jax.generation.experts.checkpoint import ExpertError
from spatialvlm_jax.generation.experts.noise import NoiseConfig
from spatialvlm_jax.generation.experts.perceive import perceive
from tests.generation.experts.checkpoints import photos
from tests.generation.experts.conftest import MakeExperts, Tiny


def test_rendered_builds_stand_ins_for_every_stage() -> None:
    experts = build_experts(rendered_config(NoiseConfig(missed_fraction=0.1), seed=3))
    assert all(getattr(experts, stage) is not None for stage in STAGES)


def test_stages_are_those_of_the_experts() -> None:
    assert set(STAGES) == {field.name for field in dataclasses.fields(Experts)} == set(FAMILIES)


def test_a_stage_may_be_left_out() -> None:
    config = dataclasses.replace(rendered_config(), filter=None, ground=None, embedder=None)
    experts = build_experts(config)
    assert experts.filter is None
    assert experts.ground is None
    assert experts.embedder is None


def test_the_configuration_survives_a_configuration_file() -> None:
    config = dataclasses.replace(
        rendered_config(seed=5), batch_sizes={"depth": 2}, fov_degrees=70.0
    )
    assert from_config_dict(ExpertsConfig, to_config_dict(config)) == config


def test_batch_sizes_may_differ_by_stage() -> None:
    config = ExpertsConfig(batch_size=16, batch_sizes={"depth": 2}, device="cpu")
    assert config.runtime("depth").batch_size == 2
    assert config.runtime("ground").batch_size == 16
    with pytest.raises(SettingError, match="'dept' is not one of .*; did you mean depth"):
        ExpertsConfig(batch_sizes={"dept": 2})


def test_a_model_of_another_stage_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "sam2"}', encoding="utf-8")
    (tmp_path / "model.safetensors").touch()
    with pytest.raises(ExpertError, match=r"depth: .* 'sam2'; it belongs to 'segmenter'"):
        build_experts(dataclasses.replace(rendered_config(), depth=str(tmp_path)))


KINDS = {
    "filter": ("clip", "siglip"),
    "detector": ("grounding_dino", "owlv2"),
    "segmenter": ("sam", "sam2"),
    "depth": ("depth_pro", "zoedepth", "depth_anything"),
    "ground": ("segformer", "upernet", "mask2former"),
}


@pytest.mark.experts
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize(
    ("stage", "kind"), [(stage, kind) for stage, kinds in KINDS.items() for kind in kinds]
)
def test_models_run_in_half_precision(tiny: Tiny, stage: str, kind: str, dtype: str) -> None:
    config = from_config_dict(
        ExpertsConfig,
        {
            "device": "cpu",
            "dtype": dtype,
            "vocabulary": ("red mug", "chair"),
            "ground_labels": ("floor", "rug"),
            "fov_degrees": 60.0,
        },
    )
    checkpoint, several = tiny(kind), photos((24, 40), (40, 24))
    expert = FAMILIES[stage][checkpoint.family](checkpoint, config.runtime(stage), config)
    region = Region(np.array([2, 3, 20, 20], np.float32), "mug")
    found = expert(several, [(region,)] * 2) if stage == "segmenter" else expert(several)
    assert len(found) == 2
    if stage == "depth":
        assert all(np.isfinite(each.depth).all() for each in found)


@pytest.mark.experts
def test_all_experts_together_read_photos_of_any_size(
    tiny_experts: MakeExperts,
) -> None:
    config = tiny_experts(
        batch_sizes={"depth": 1},
        filter_margin=-1.0,
        vocabulary=("red mug", "chair"),
        threshold=0.0,
        fov_degrees=60.0,
        depth_scale_std=0.08,
    )
    several = photos((24, 40), (40, 24))
    for photo, found in zip(several, perceive(several, build_experts(config)), strict=True):
        assert isinstance(found, Perception)
        size = photo.image.shape[:2]
        assert found.regions
        assert all(each.mask is not None and each.mask.shape == size for each in found.regions)
        assert found.depth.depth.shape == size
        assert (found.depth.scale_std, found.depth.noise_std) == (0.08, 0.05)
        assert found.ground is not None
        assert found.ground.shape == size
        assert found.similarity is not None
        np.testing.assert_allclose(np.diag(found.similarity), 1, atol=1e-5)
