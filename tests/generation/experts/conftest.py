"""Tiny checkpoints, made once for each module that asks for them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spatialvlm_jax.generation.experts.build import ExpertsConfig
from spatialvlm_jax.generation.experts.checkpoint import Checkpoint, find_expert_checkpoint

Tiny = Callable[..., Checkpoint]
MakeExperts = Callable[..., ExpertsConfig]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    """tiny("clip") saves a model of that kind with random weights and finds it again."""
    from tests.generation.experts import checkpoints

    made: dict[tuple, Checkpoint] = {}

    def make(kind: str, /, **options: object) -> Checkpoint:
        key = (kind, *sorted(options.items()))
        if key not in made:
            folder: Path = tmp_path_factory.mktemp(kind)
            getattr(checkpoints, f"save_{kind}")(folder, **options)
            made[key] = find_expert_checkpoint(str(folder))
        return made[key]

    return make


@pytest.fixture(scope="module")
def tiny_experts(tiny: Tiny) -> MakeExperts:
    """Makes a configuration of a tiny checkpoint for every role."""
    roles = {
        "filter": "clip",
        "detector": "grounding_dino",
        "segmenter": "sam2",
        "depth": "zoedepth",
        "ground": "segformer",
        "embedder": "siglip",
    }

    def make(**settings: Any) -> ExpertsConfig:
        folders = {role: str(tiny(kind).folder) for role, kind in roles.items()}
        return ExpertsConfig(**folders, device="cpu", ground_labels=("floor", "rug"), **settings)

    return make
