"""Tiny checkpoints, made once for each module that asks for them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from spatialvlm_jax.generation.experts.checkpoint import Checkpoint, find_expert_checkpoint

Tiny = Callable[..., Checkpoint]


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
