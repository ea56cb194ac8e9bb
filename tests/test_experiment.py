"""Every number of an experiment has its bounds, and what binds several fields is checked."""

import dataclasses
import inspect
import math
import typing
from typing import Annotated, Any

import pytest

from spatialvlm_jax import experiment as experiment_lib
from spatialvlm_jax import questions
from spatialvlm_jax.bounds import Range, SettingError, Settings, field_types
from spatialvlm_jax.experiment import (
    DataConfig,
    DatasetConfig,
    DenseConfig,
    Experiment,
    ModelConfig,
    TrainConfig,
)

RECORDS: list[Any] = [
    cls
    for module in (experiment_lib, questions)
    for _, cls in inspect.getmembers(module, dataclasses.is_dataclass)
    if cls.__module__ == module.__name__
]
NEEDED: dict[Any, dict[str, Any]] = {
    DenseConfig: {"weight": 0.1, "labels": 4, "values": 2},
    DatasetConfig: {"name": "a", "path": "b"},
}


def bounds(hint: Any) -> tuple[list[Any], list[Range]]:
    """Numbers without bounds in a type, and the ranges of those that have some."""
    if typing.get_origin(hint) is Annotated:
        return [], [bound for bound in typing.get_args(hint)[1:] if isinstance(bound, Range)]
    if hint in (int, float):
        return [hint], []
    found = [bounds(arg) for arg in typing.get_args(hint)]
    return [x for free, _ in found for x in free], [x for _, own in found for x in own]


NUMBERS = [
    (cls, name, own[0])
    for cls in RECORDS
    for name, hint in field_types(cls).items()
    for own in [bounds(hint)[1]]
    if own and typing.get_origin(hint) not in (tuple, dict) and "Mapping" not in str(hint)
]


def test_every_number_has_bounds() -> None:
    assert len(NUMBERS) > 70
    free = [
        f"{cls.__name__}.{name}"
        for cls in RECORDS
        for name, hint in field_types(cls).items()
        if bounds(hint)[0] or not issubclass(cls, Settings)
    ]
    assert free == []


@pytest.mark.parametrize(
    ("cls", "name", "bound"), NUMBERS, ids=[f"{c.__name__}.{n}" for c, n, _ in NUMBERS]
)
def test_no_number_is_not_finite_or_out_of_its_bounds(cls: Any, name: str, bound: Range) -> None:
    for value in (math.nan, math.inf, -math.inf, 1e30, 10**30, -2, True, "1"):
        with pytest.raises(SettingError) as error:
            cls(**{**NEEDED.get(cls, {}), name: value})
        assert str(error.value).startswith(f"{name}: ")
    assert bound.problem(-1) is not None or -1 in bound.also


ONE = DatasetConfig("mine", "x.jsonl", format="jsonl")
HEAD = DenseConfig(weight=0.1, labels=4, values=2)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: DataConfig(length=48, block_length=20), "block_length: 20 does not divide"),
        (lambda: DataConfig(datasets=(ONE, ONE)), "datasets: of ['mine', 'mine'] are two of one"),
        (lambda: TrainConfig(profile_steps=(3,)), "profile_steps: (3,) is not (first, last)"),
        (lambda: TrainConfig(profile_steps=(5, 4)), "profile_steps: (5, 4) is not (first, last)"),
        (
            lambda: Experiment(train=TrainConfig(text_weight=0.0)),
            "train.text_weight: it and dense.weight are both 0",
        ),
        (
            lambda: Experiment(dense=HEAD, data=DataConfig(datasets=(ONE,))),
            "dense: needs stored truth, which 'mine' has not",
        ),
        (
            lambda: Experiment(dense=HEAD, data=DataConfig(resize="pad")),
            "dense: needs data.resize='squash', not 'pad'",
        ),
        (
            lambda: Experiment(
                model=ModelConfig(attention="prefix"), data=DataConfig(datasets=(ONE,))
            ),
            "data.pairs_per_image: 16 pairs on an image need model.attention='image_prefix', ",
        ),
    ],
)
def test_what_does_not_fit_together_is_named(make: Any, message: str) -> None:
    with pytest.raises(SettingError) as error:
        make()
    assert str(error.value).startswith(message)


def test_a_head_without_a_loss_asks_nothing_of_the_data() -> None:
    head = dataclasses.replace(HEAD, weight=0.0)
    assert Experiment(dense=head, data=DataConfig(datasets=(ONE,))).dense_weight == 0
