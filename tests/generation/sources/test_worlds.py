import dataclasses
import json
import pickle

import numpy as np
import pytest

from spatialvlm_jax.generation.sources.worlds import WorldsSettings, WorldsSource

SETTINGS = WorldsSettings(preset="simple", image_size=32)


def test_a_scene_depends_on_seed_and_index_only() -> None:
    source = WorldsSource(SETTINGS, seed=3)
    one, two = source.observe([4, 7])
    (again,) = pickle.loads(pickle.dumps(source)).observe([7])  # noqa: S301
    assert [one.image_id, two.image_id] == [source.image_id(4), source.image_id(7)]
    assert source.image_id(7) == "worlds-3-00000007"
    np.testing.assert_array_equal(two.image, again.image)


def test_a_source_says_everything_its_output_depends_on() -> None:
    described = json.loads(json.dumps(WorldsSource(SETTINGS, seed=3).describe()))
    assert described["world"]["image_size"] == 32
    assert described["seed"] == 3


def test_the_request_of_a_folder_that_names_no_streams_is_that_of_streams_1() -> None:
    described = WorldsSource(SETTINGS, seed=3).describe()
    assert described["world"]["streams"] == 2
    del described["world"]["streams"]
    one = dataclasses.replace(SETTINGS, streams=1)
    assert WorldsSource(one, seed=3).describe() == described


def test_wrong_settings_are_named() -> None:
    with pytest.raises(ValueError, match="no world preset 'castle'"):
        WorldsSettings(preset="castle").world()
