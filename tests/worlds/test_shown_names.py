"""How things of worlds are called, against the scenes that are drawn."""

import dataclasses

import pytest

from spatialvlm_jax.experiment import DatasetConfig, WorldsRecipe
from spatialvlm_jax.taught import TaughtNames
from spatialvlm_jax.worlds.catalog import COLORS, KINDS
from spatialvlm_jax.worlds.config import WorldConfig
from spatialvlm_jax.worlds.layout import draw_layout
from spatialvlm_jax.worlds.shown_names import shown_names


def member(preset: str) -> DatasetConfig:
    return DatasetConfig("a", "data", worlds=WorldsRecipe(preset=preset))


@pytest.mark.parametrize("preset", ["clear", "gallery", "manipulation", "holding"])
def test_names_are_those_of_the_scenes_that_are_drawn(preset) -> None:
    config = WorldConfig.preset(preset)
    items = [item for i in range(250) for item in draw_layout(config, 3, i).items]
    found = shown_names([member(preset)])
    assert found is not None
    assert {item.category for item in items} == set(found.nouns)
    assert {item.color for item in items} == set(found.adjectives)


def test_a_mixture_shows_what_its_members_show() -> None:
    table = shown_names([member("manipulation")])
    assert table == TaughtNames(
        (
            *("table", "desk", "box", "ball", "mug", "bottle", "bowl", "book", "vase", "laptop"),
            "gripper",
        ),
        COLORS,
    )
    everything = shown_names([member("clear"), member("manipulation")])
    assert everything == TaughtNames(tuple(KINDS), COLORS)


def test_nothing_is_said_of_pictures_of_others() -> None:
    known = member("clear")
    assert shown_names([known, DatasetConfig("b", "data/photos")]) is None
    assert shown_names([dataclasses.replace(known, format="jsonl")]) is None
    assert shown_names([member("of_before")]) is None
