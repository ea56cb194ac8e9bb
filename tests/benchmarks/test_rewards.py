"""The benchmark of rewards on curves whose agreement is known."""

import json
import sys

import numpy as np
import pytest
from PIL import Image

import spatialvlm_jax
from benchmarks import rewards
from benchmarks.rewards import (
    crop_around,
    each_curve,
    figures,
    goals_of,
    main,
    picture,
    read_curves,
    table,
    write_episode,
)
from spatialvlm_jax.inference.spatial_answer import SpatialAnswer
from spatialvlm_jax.rewards.frame_reading import SaidOfFrame
from spatialvlm_jax.worlds.config import WorldConfig
from spatialvlm_jax.worlds.episodes import draw_episode, render_episode

EPISODE = draw_episode(WorldConfig.preset("manipulation"), 5, 0, 40)
IMAGES = np.zeros((40, 8, 8, 3), np.uint8)


def saying(distances):
    """A model that says these distances of one frame after the other."""
    told = iter(distances)

    def ask(pictures):
        values = [next(told) for _ in pictures]
        answers = [SpatialAnswer("?", "", value, "m", 0.1 * value) for value in values]
        return list(map(SaidOfFrame, answers))

    return ask


def test_stages_have_their_own_goals_and_frames():
    goals = goals_of(EPISODE)
    approach, carry = goals["approach"], goals["carry"]
    assert [*approach.frames, *carry.frames] == list(range(40))
    assert approach.text == f"distance between the {EPISODE.gripper} and the {EPISODE.target}"
    assert carry.text == f"distance between the {EPISODE.target} and the {EPISODE.goal}"
    np.testing.assert_array_equal(approach.truth, EPISODE.reach[approach.frames])
    assert approach.truth[-1] < approach.truth[0]


def test_curves_are_compared_by_rank_and_constants_count_nothing():
    curves = []
    for stage, goals in goals_of(EPISODE).items():
        images = IMAGES[goals.frames]
        for said in (goals.truth, 3.0 - goals.truth, np.full(len(goals.truth), 0.5)):
            curves += read_curves(stage, "episode 0", goals, images, saying(said), 1)
    assert [each.agreement for each in curves] == pytest.approx([1, -1, 0] * 2)
    found = figures(curves)
    assert found.keys() == {"answers"}
    known = {
        "curves": 6,
        "frames": 120,
        "valid": 1.0,
        "median": pytest.approx(0.0),
        "worst": pytest.approx(-1.0),
        "below_30": 4,
        "backwards": 2,
    }
    assert known.items() <= found["answers"]["all"].items()
    assert 0 < found["answers"]["all"]["median_relative_error"] < 5
    assert [line.split()[1] for line in table(found)[2:]] == ["approach", "carry", "all"]
    assert each_curve(curves[:1]) == [
        {
            "stage": "approach",
            "way": "answers",
            "name": "episode 0",
            "agreement": pytest.approx(1.0),
            "frames": len(curves[0].truth),
            "valid": len(curves[0].truth),
        }
    ]
    assert picture(curves[:2]).count("<image") == 10


def test_a_curve_is_made_of_answers_of_places_and_of_what_is_told_of_them():
    goals = goals_of(EPISODE)["carry"]
    count = len(goals.truth)
    answers = saying(np.full(count, 0.5))
    thing = np.stack([goals.truth, np.zeros(count), np.zeros(count)], axis=1)
    goal, holder = np.zeros((count, 3)), thing + np.array([0, 0, 0.1])
    goal[1::3] = (0.05, 0.4, 0)  # seldom where it is
    thing[::5] += (0, 0.3, 0)  # nor is the thing, of which the gripper tells
    left = iter(np.stack([thing, goal, holder], axis=1))

    def ask(pictures):
        said = answers(pictures)
        return [each._replace(places=tuple(map(tuple, next(left)))) for each in said]

    curves = read_curves("carry", "episode 0", goals, IMAGES[goals.frames], ask, 1)
    assert [each.way for each in curves] == ["answers", "places", "told"]
    of_answers, of_places, told = (each.agreement for each in curves)
    assert of_answers == 0
    assert of_places < told - 0.1


def test_a_crop_has_gripper_thing_and_goal_in_every_frame():
    config = WorldConfig.preset("manipulation", image_size=64)
    widths = []
    for index in range(3):
        episode = draw_episode(config, 5, index, 4)
        scenes = render_episode(episode, config)
        crop = crop_around(episode, scenes)
        height, width = crop.cut(scenes[0].image).shape[:2]
        assert abs(height - width) <= 1
        widths.append(width)
        captions = {episode.gripper, episode.target, episode.goal}
        things = [each for scene in scenes for each in scene.objects if each.caption in captions]
        assert {each.caption for each in things} == captions
        low = np.min([each.box[:2] for each in things], axis=0) / 64
        high = np.max([each.box[2:] for each in things], axis=0) / 64
        assert (low >= (crop.left, crop.top)).all()
        assert (high <= (crop.right, crop.bottom)).all()
    assert min(widths) < 56


def test_episodes_are_written_with_their_truth(tmp_path):
    write_episode(tmp_path / "000", EPISODE, list(IMAGES))
    assert len(list((tmp_path / "000").glob("*.png"))) == 40
    assert Image.open(tmp_path / "000" / "000039.png").size == (8, 8)
    told = json.loads((tmp_path / "000" / "goals.json").read_text())
    assert told["phases"] == list(EPISODE.phases)
    assert told["goals"]["carry"]["goal"].endswith(EPISODE.goal)
    assert len(told["goals"]["approach"]["metres"]) == len(told["goals"]["approach"]["frames"])


@pytest.mark.parametrize(("flags", "there"), [([], True), (["--guarded"], False)])
def test_frames_are_read_with_or_without_the_guard(flags, there, monkeypatch):
    asked = []

    def asking(model, goal, **how):
        asked.append(how["there"])
        said = SaidOfFrame(SpatialAnswer("?", "", 1.0, "m", 0.1))
        return lambda pictures: [said for _ in pictures]

    monkeypatch.setattr(spatialvlm_jax, "load", lambda where: where)
    monkeypatch.setattr(rewards, "asking_frames", asking)
    sizes = ["--frames=6", "--image-size=16"]
    monkeypatch.setattr(sys, "argv", ["rewards.py", "--episodes=1", *sizes, *flags])
    main()
    assert asked == [there, there]
