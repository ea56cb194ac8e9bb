"""What a configuration tells of the question types that its run teaches."""

import dataclasses
import json

import pytest

from configs import demo, own_data, pretrain
from configs.common import SMALL_TYPES
from data_loaders.taught_types import taught_types
from spatialvlm_jax.config import from_config_dict
from spatialvlm_jax.experiment import (
    DataConfig,
    DatasetConfig,
    Experiment,
    WorldsRecipe,
)
from spatialvlm_jax.generation.questions.generate import REGISTRY
from spatialvlm_jax.questions import QAConfig


def run(*members: DatasetConfig) -> dict[str, str]:
    return taught_types(Experiment(data=DataConfig(datasets=members)))


def member(name: str, questions: QAConfig, **fields) -> DatasetConfig:
    return DatasetConfig(name, "data", worlds=WorldsRecipe(questions=questions), **fields)


@pytest.mark.parametrize("config", [demo.get_config(), pretrain.get_config("settle")])
def test_small_runs_teach_the_small_types_in_three_wordings(config) -> None:
    found = taught_types(from_config_dict(Experiment, config))
    assert json.loads(found["taught"]) == dict.fromkeys(SMALL_TYPES, 3)


def test_members_of_a_mixture_teach_what_they_ask_and_what_is_used() -> None:
    few = QAConfig(types=("height", "color"), question_phrasings=3, weights={"color": 0.0})
    some = QAConfig(types=("height", "width", "where", "depth"), question_phrasings=5)
    found = run(
        member("a", few),
        member("b", some, kinds=("quantitative",), exclude_types=("depth",)),
        member("unused", QAConfig(), weight=0.0),
    )
    assert json.loads(found["taught"]) == {"height": 5, "width": 5}
    names = json.loads(found["taught_names"])
    assert {"sofa", "trash can", "mug"} <= set(names["nouns"])
    assert "gripper" not in names["nouns"]
    assert names["adjectives"][:2] == ["red", "green"]


def test_without_a_choice_all_types_are_taught_in_all_wordings() -> None:
    found = run(member("a", QAConfig()), member("b", QAConfig(question_phrasings=2)))
    assert json.loads(found["taught"]) == dict.fromkeys(REGISTRY, 0)
    found = run(member("a", QAConfig(general_fraction=0.0)))
    assert {REGISTRY[name].kind for name in json.loads(found["taught"])} == {
        "qualitative",
        "quantitative",
    }


def test_nothing_is_said_where_it_is_not_known() -> None:
    known = member("a", QAConfig())
    assert run(known, DatasetConfig("others", "data/others")) == {}
    assert run(known, dataclasses.replace(known, name="b", format="jsonl")) == {}
    assert run() == {}
    # The first teaches no text, the other what is in a reader's own files.
    for config in (pretrain.get_config("see"), own_data.get_config("mine")):
        assert taught_types(from_config_dict(Experiment, config)) == {}
