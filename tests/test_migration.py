"""What earlier versions wrote is read as today's settings; people are told the new name."""

import json
from pathlib import Path

import pytest
from safetensors import safe_open

from spatialvlm_jax.config import ConfigError, from_config_dict, override_field, to_config_dict
from spatialvlm_jax.experiment import DenseConfig, Experiment, ModelConfig, WorldsRecipe
from spatialvlm_jax.migration import migrate, migrate_description, migrate_recipe
from spatialvlm_jax.models.checkpoint_file import shipped
from spatialvlm_jax.questions import QAConfig

RECIPE = {"preset": "clear", "images": 9, "pairs_per_image": 40, "question_phrasings": 3}
RECIPE |= {"answer_phrasings": 0, "types": ["height"]}
EARLIER = {
    "name": "demo",
    "model": {"attention": "prefix", "dense_labels": 232, "dense_values": 8},
    "data": {
        "datasets": [{"name": "a", "path": "b", "worlds": RECIPE}],
        "pairs_per_image": 1,
        "dense": True,
    },
    "train": {"steps": 500, "dense_weight": 0.3, "dataset_grad_norms_every": 0},
    "eval": {"datasets": [{"name": "a", "path": "b", "worlds": None}]},
}


def test_a_configuration_of_version_0_1_is_read() -> None:
    experiment = from_config_dict(Experiment, migrate(EARLIER))
    assert experiment.dense == DenseConfig(weight=0.3, labels=232, values=8, words=4)
    assert experiment.model == ModelConfig(attention="prefix")
    recipe = experiment.data.datasets[0].worlds
    questions = QAConfig(pairs_per_image=40, question_phrasings=3, types=("height",))
    assert recipe == WorldsRecipe("clear", 9, streams=1, questions=questions)
    assert experiment.eval.datasets[0].worlds is None


@pytest.mark.parametrize(
    ("model", "data", "train", "dense"),
    [
        ({}, {}, {}, None),
        ({"dense_labels": 0, "dense_values": 0}, {"dense": False}, {"dense_weight": 0.0}, None),
        (
            {"dense_labels": 5, "dense_values": 2},
            {"dense": False},
            {"dense_weight": 0.0},
            DenseConfig(weight=0.0, labels=5, values=2),
        ),
    ],
)
def test_a_head_without_a_loss_stays_and_none_stays_none(model, data, train, dense) -> None:
    earlier = {"model": model, "data": data, "train": train}
    assert from_config_dict(Experiment, migrate(earlier)).dense == dense


def test_todays_form_is_left_as_it_is() -> None:
    today = {"model": {"attention": "prefix"}, "dense": {"weight": 1.0}, "data": {"datasets": ()}}
    assert migrate(today) == today
    recipe = {"preset": "rich", "streams": 2, "questions": {"types": []}}
    assert migrate_recipe(recipe) == recipe


def test_the_shipped_weights_say_what_they_are_of() -> None:
    with safe_open(shipped("small"), "np") as file:
        header = json.loads(file.metadata()["config"])
    experiment = from_config_dict(Experiment, migrate(header))
    assert experiment.dense == DenseConfig(weight=0.3, labels=232, values=8)
    assert experiment.model.encoder.stem == "conv"


def test_the_description_of_an_earlier_checkpoint_is_by_todays_names() -> None:
    earlier = {"model.dense_labels": 232, "model.dense_values": 8, "data.dense": True, "x": 1}
    today = {"x": 1, "dense.labels": 232, "dense.values": 8, "dense.words": 4}
    assert migrate_description(earlier) == today
    assert migrate_description(today) == today
    without = {"model.dense_labels": 0, "model.dense_values": 0, "data.dense": False}
    assert migrate_description(without) == {"dense": None}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("train.dense_weight", "dense.weight"),
        ("data.dense", "dense"),
        ("model.dense_labels", "dense.labels"),
        ("model.dense_values", "dense.values"),
    ],
)
def test_people_are_told_the_new_name(old: str, new: str) -> None:
    with pytest.raises(ConfigError) as error:
        override_field(to_config_dict(Experiment()), f"config.{old}", "1")
    assert str(error.value) == f"config.{old}: it is called config.{new}"


def test_the_old_name_inside_a_recipe_is_told_too() -> None:
    with pytest.raises(ConfigError, match=r"it is called config\.worlds\.questions\.types"):
        from_config_dict(WorldsRecipe, {"types": ["height"]}, "config.worlds")


def test_an_earlier_workdir_is_read(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(EARLIER))
    assert from_config_dict(Experiment, migrate(json.loads(path.read_text()))).dense_weight == 0.3
