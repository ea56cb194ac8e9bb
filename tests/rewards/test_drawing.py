"""Pictures of curves: valid SVG, broken where nothing is known, escaped."""

import dataclasses
import math
from xml.etree import ElementTree

import numpy as np

from spatialvlm_jax.rewards.drawing import (
    DrawnEpisode,
    draw_curves,
    key_frames,
    with_key_frames,
)
from tests.rewards.known import episode_of
from tests.rewards.test_episode_rewards import rewards_of

SVG = "{http://www.w3.org/2000/svg}"


def elements(drawn, css: str):
    tree = ElementTree.fromstring(draw_curves(drawn, "distance to the <can> & more"))
    return [each for each in tree.iter() if each.get("class") == css]


def test_curves_are_broken_where_the_model_cannot_tell():
    drawn = DrawnEpisode(rewards_of([1.0, 0.8, math.nan, 0.4, 0.2]), {}, np.linspace(1, 0.2, 5))
    (line,) = elements([drawn], "line")
    assert line.get("d").count("M") == 2
    assert len(elements([drawn], "band")) == 2
    assert len(elements([drawn], "read")) == 4
    (truth,) = elements([drawn], "truth")
    assert truth.get("d").count("L") == 4


def test_key_frames_are_the_first_the_last_and_some_between():
    assert key_frames(0) == []
    assert key_frames(1) == [0]
    assert key_frames(3) == [0, 1, 2]
    assert key_frames(101) == [0, 25, 50, 75, 100]


def test_key_frames_are_drawn_where_they_can_be_read():
    episode = episode_of(0, [250, 200, None, 100, 50], [])
    drawn = with_key_frames(episode, rewards_of([1.0, 0.8, math.nan, 0.4, 0.2]))
    assert sorted(drawn.pictures) == [0, 1, 3, 4]
    tree = ElementTree.fromstring(draw_curves([drawn, drawn], "x"))
    links = [each.get("href") for each in tree.iter(f"{SVG}image")]
    assert len(links) == 8
    assert all(str(link).startswith("data:image/jpeg;base64,") for link in links)


def test_a_part_of_an_episode_is_drawn_by_its_own_numbers():
    rewards = rewards_of([1.0, 0.8, 0.6])
    later = dataclasses.replace(rewards, frame_index=rewards.frame_index + 40)
    pictures = {place: np.zeros((8, 8, 3), np.uint8) for place in range(3)}
    numbers = elements([DrawnEpisode(later, pictures)], "key-number")
    assert [each.text for each in numbers] == ["40", "41", "42"]
    places = [elements([DrawnEpisode(each, {})], "line")[0].get("d") for each in (rewards, later)]
    assert places[0] == places[1]


def test_episodes_of_no_or_one_frame_are_drawn():
    for distances in ([], [0.5], [math.nan, math.nan]):
        assert draw_curves([DrawnEpisode(rewards_of(distances), {})], "x").startswith("<svg")
