"""A small experiment whose costs are traced once for all tests of planning."""

import dataclasses

import pytest

from spatialvlm_jax.experiment import (
    DataConfig,
    DatasetConfig,
    DecoderConfig,
    EncoderConfig,
    Experiment,
    ModelConfig,
    TrainConfig,
)
from spatialvlm_jax.planning import planner, sweep
from spatialvlm_jax.planning.cost import RowCost, trace_row
from spatialvlm_jax.planning.program import Program

EXPERIMENT = Experiment(
    model=ModelConfig(
        encoder=EncoderConfig(
            image_size=64, patch_size=8, width=128, depth=3, heads=2, mlp_width=256
        ),
        decoder=DecoderConfig(
            vocab_size=512, width=128, depth=2, heads=2, kv_heads=1, head_size=64, mlp_width=256
        ),
        remat="layers",
    ),
    data=DataConfig(datasets=(DatasetConfig("a", "a"),), batch_size=8, length=32),
    train=TrainConfig(steps=86_400),
)


@pytest.fixture(scope="session")
def program() -> Program:
    return Program.of(EXPERIMENT)


@pytest.fixture
def traced_once(program, row, monkeypatch):
    """Plans of `EXPERIMENT` and its variants take the costs that are traced already."""
    monkeypatch.setattr(Program, "of", lambda experiment: with_experiment(program, experiment))
    for module in (planner, sweep):
        monkeypatch.setattr(module, "trace_row", lambda program: row)


def with_experiment(program: Program, experiment: Experiment) -> Program:
    return dataclasses.replace(program, experiment=experiment)


@pytest.fixture(scope="session")
def row(program) -> RowCost:
    return trace_row(program)
