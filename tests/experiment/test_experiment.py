"""What binds several fields of an experiment is checked."""

import dataclasses
from typing import Any

import pytest

from spatialvlm_jax.bounds import SettingError
from spatialvlm_jax.experiment import (
    DataConfig,
    DatasetConfig,
    DenseConfig,
    Experiment,
    ModelConfig,
    TrainConfig,
)

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
