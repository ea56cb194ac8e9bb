"""What of an answer is a reading, and what is none."""

import math

import pytest

from spatialvlm_jax.inference.sights import with_sight
from spatialvlm_jax.inference.spatial_answer import UNSURE, SpatialAnswer
from spatialvlm_jax.rewards.episodes.episode import EpisodeFrame
from spatialvlm_jax.rewards.frame_reading import FrameReading, SaidOfFrame

FRAME = EpisodeFrame(3, 40, None)


def test_a_length_with_a_distribution_is_a_reading():
    answer = SpatialAnswer("?", "0.5 m", 0.48, "m", 0.1, (0.3, 0.7))
    assert FrameReading.of(FRAME, SaidOfFrame(answer)) == FrameReading(3, 40, 0.48, 0.1)


def test_what_is_said_of_the_holder_stands_beside():
    unsure = SpatialAnswer("?", UNSURE, None, "m", 0.1, (0.01, 0.7))
    told = SpatialAnswer("?", "0.5 m", 0.48, "m", 0.1, (0.3, 0.7))
    places = ((0.1, 0.9, -0.2), (0.3, 1.1, -0.3), (0.1, 0.9, -0.1))
    reading = FrameReading.of(FRAME, SaidOfFrame(unsure, told, places))
    assert reading.places == places
    assert math.isnan(reading.distance)
    assert (reading.holder_distance, reading.holder_spread) == (0.48, 0.1)


def test_what_the_model_doubts_to_be_there_is_kept_whether_it_answers_or_not():
    told = SpatialAnswer("?", "0.5 m", 0.48, "m", 0.1, (0.3, 0.7))
    seen = {"gray gripper": 0.15, "red mug": 0.03, "blue can": 0.2}
    doubted = with_sight(told, ["gray gripper", "blue can"], seen, 0.01)
    unseen = with_sight(told, ["red mug"], seen, 0.1)
    sure = with_sight(told, ["blue can"], seen, 0.1)
    found = FrameReading.of(FRAME, SaidOfFrame(doubted))
    assert (found.distance, found.doubted) == (0.48, ("a gray gripper",))
    found = FrameReading.of(FRAME, SaidOfFrame(unseen))
    assert math.isnan(found.distance)
    assert found.doubted == ("a red mug",)
    both = FrameReading.of(FRAME, SaidOfFrame(unseen, doubted))
    assert both.doubted == ("a gray gripper", "a red mug")
    assert FrameReading.of(FRAME, SaidOfFrame(doubted, doubted)).doubted == ("a gray gripper",)
    assert FrameReading.of(FRAME, SaidOfFrame(sure, told)).doubted == ()


@pytest.mark.parametrize(
    "answer",
    [
        SpatialAnswer("?", "0.5 m", 0.5, "m"),
        SpatialAnswer("?", UNSURE, None, "m", 0.1, (0.01, 0.7)),
        SpatialAnswer("?", "0.5 m^2", 0.5, "m^2", 0.1),
        SpatialAnswer("?", "yes", verdict="yes"),
        SpatialAnswer("?", "0 m", 0.0, "m", 0.1),
        SpatialAnswer("?", "much", math.nan, "m", 0.1),
        SpatialAnswer("?", "0.5 m", 0.5, "m", math.inf),
    ],
)
def test_everything_else_is_none(answer):
    reading = FrameReading.of(FRAME, SaidOfFrame(answer))
    assert (reading.frame_index, reading.index) == (3, 40)
    assert math.isnan(reading.distance)
    assert math.isnan(reading.spread)


def test_of_a_frame_without_a_picture_nothing_is_said():
    assert repr(FrameReading.of(FRAME, None)) == repr(FrameReading(3, 40))
