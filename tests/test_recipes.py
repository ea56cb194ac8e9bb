"""Recipes: what is missing is made once, by the command that a user would type."""

import dataclasses

import pytest

from configs import demo, pretrain
from spatialvlm_jax.commands import generate
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.experiment import DatasetConfig, WorldsRecipe
from spatialvlm_jax.generation.questions.generate import QAConfig
from spatialvlm_jax.generation.sources.worlds import WorldsSettings
from spatialvlm_jax.recipes import render_missing

RECIPE = WorldsRecipe(images=30, validation_images=5, seed=3, image_size=32)


@pytest.fixture
def commands(monkeypatch):
    """The command lines that were run, parsed by the real parser; nothing is rendered."""
    seen = []

    def record(args):
        seen.append(args)
        args.out.mkdir(parents=True, exist_ok=True)
        (args.out / "dataset_info.json").touch()
        return 2 if "refused" in str(args.out) else 0

    monkeypatch.setattr(generate, "run", record)
    return seen


def test_one_command_a_path(commands, tmp_path):
    one = DatasetConfig(name="a", path=str(tmp_path / "worlds"), worlds=RECIPE)
    two = dataclasses.replace(one, name="b", split="validation")
    plain = DatasetConfig(name="c", path=str(tmp_path / "elsewhere"))
    render_missing([one, two, plain])
    (args,) = commands
    assert args.out == tmp_path / "worlds"
    settings = generate.read_settings(args)
    assert generate.open_source(args, settings)[1] == {"train": 30, "validation": 5}
    assert settings.worlds == WorldsSettings(preset="rich", image_size=32)
    assert settings.seed == 3


def test_what_is_complete_is_left_alone(commands, tmp_path):
    (tmp_path / "dataset_info.json").touch()
    render_missing([DatasetConfig(name="a", path=str(tmp_path), worlds=RECIPE)])
    assert commands == []


def test_data_of_another_recipe_is_refused(commands, tmp_path):
    dataset = DatasetConfig(name="a", path=str(tmp_path), worlds=RECIPE)
    render_missing([dataset])
    render_missing([dataset])
    assert len(commands) == 1
    larger = dataclasses.replace(dataset, worlds=dataclasses.replace(RECIPE, images=31))
    with pytest.raises(UserError, match=r"made with worlds\.images=30, the configuration has 31"):
        render_missing([larger])


def test_two_recipes_for_one_path_are_refused(commands):
    one = DatasetConfig(name="a", path="here", worlds=RECIPE)
    two = DatasetConfig(name="b", path="here", worlds=dataclasses.replace(RECIPE, seed=4))
    with pytest.raises(UserError, match="different `worlds` recipes"):
        render_missing([one, two])
    assert commands == []


def test_a_generator_that_refuses_ends_the_run(commands, tmp_path):
    with pytest.raises(UserError, match="could not be made"):
        render_missing([DatasetConfig(name="a", path=str(tmp_path / "refused"), worlds=RECIPE)])


def test_types_are_asked_for_and_remembered(monkeypatch, tmp_path):
    seen = []

    def record(command):
        seen.append(command)
        (tmp_path / "dataset_info.json").touch()
        return 0

    monkeypatch.setattr("spatialvlm_jax.cli.main", record)
    recipe = dataclasses.replace(RECIPE, types=("height", "left_of"))
    dataset = DatasetConfig(name="a", path=str(tmp_path), worlds=recipe)
    render_missing([dataset])
    render_missing([dataset])
    (command,) = seen
    assert "--types=height,left_of" in command
    with pytest.raises(UserError, match=r"worlds\.types=\['height', 'left_of'\]"):
        render_missing([dataclasses.replace(dataset, worlds=RECIPE)])


def test_the_demo_asks_what_its_checkpoint_was_taught():
    """Types that came later would be new to the shipped checkpoint."""
    later = {"clock", "touching", "volume", "which_right", "farther"}
    for recipe in (demo.RECIPE, pretrain.RECIPE, pretrain.CLEAR):
        QAConfig(types=recipe.types)
        assert len(recipe.types) == 30
        assert not later & set(recipe.types)
