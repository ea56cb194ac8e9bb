"""What follows observation is one thing for all sources."""

import dataclasses

import numpy as np
import pytest

from spatialvlm_jax.generation.execution.chunks import Job
from spatialvlm_jax.generation.experts.base import MetricDepth, Perception, Photo, Region
from spatialvlm_jax.generation.outcomes import Failed, Rejected
from spatialvlm_jax.generation.settings import GenerationSettings, stages_of
from spatialvlm_jax.generation.sources.worlds import WorldsSettings, WorldsSource
from spatialvlm_jax.generation.stages import NO_STAGES, AnsweredScene, Stages
from spatialvlm_jax.questions import QAConfig
from tests.generation.pictures import PictureSource, pairs, picture

QUESTIONS = QAConfig(pairs_per_image=6)


def perception() -> Perception:
    """A wall two metres away with two things before it; up is known."""
    depth, regions = np.full((60, 80), 2.0, np.float32), []
    intrinsics = np.array([[80.0, 0, 40], [0, 80.0, 30], [0, 0, 1]])
    for name, left, distance in (("box", 10, 1.5), ("lamp", 50, 1.2)):
        mask = np.zeros((60, 80), np.bool_)
        mask[20:40, left : left + 20] = True
        depth[mask] = distance
        box = np.array([left, 20, left + 20, 40], np.float32)
        regions.append(Region(box, name, name, mask=mask))
    photo = Photo("a", np.zeros((60, 80, 3), np.uint8), intrinsics, up=np.array([0.0, -1, 0]))
    return Perception(photo, tuple(regions), MetricDepth(depth, intrinsics))


def test_an_answered_scene_is_taken_as_it_is() -> None:
    scene, asked = NO_STAGES.examine(AnsweredScene(picture(1), tuple(pairs(1))), "fake")
    assert scene.image_id == "fake-0001"
    assert [pair.question for pair in asked] == [pair.question for pair in pairs(1)]


def test_a_scene_without_answers_is_no_use_to_a_run_that_asks_nothing() -> None:
    with pytest.raises(Failed, match="nothing is to be asked"):
        NO_STAGES.examine(picture(1), "fake")


def test_why_nothing_could_be_asked_is_told() -> None:
    scene = picture(1)
    picky = dataclasses.replace(QUESTIONS, min_pixel_fraction=0.9)
    with pytest.raises(Rejected, match=r"of 2 objects 2 too small \(largest 50 %, limit 90 %\)"):
        Stages(picky, lift=None).examine(scene, "fake")
    strict = dataclasses.replace(QUESTIONS, min_visible_fraction=0.9)
    with pytest.raises(Rejected, match="of 2 objects 2 hidden"):
        Stages(strict, lift=None).examine(scene, "fake")
    twins = dataclasses.replace(scene, objects=(scene.objects[0],) * 2)
    spatial = dataclasses.replace(QUESTIONS, general_fraction=0.0)
    with pytest.raises(Rejected, match="of 2 objects 2 alike"):
        Stages(spatial, lift=None).examine(twins, "fake")
    whole = dataclasses.replace(QUESTIONS, max_truncation=0.1)
    with pytest.raises(Rejected, match="of 2 objects 2 out of view"):
        Stages(whole, lift=None).examine(scene, "fake")


def test_a_perception_is_lifted_under_the_name_of_its_source() -> None:
    scene, asked = Stages(QUESTIONS).examine(perception(), "scans")
    assert (scene.source, [thing.caption for thing in scene.objects]) == ("scans", ["box", "lamp"])
    assert scene.objects[0].center[2] == pytest.approx(1.5, abs=0.1)
    assert asked
    with pytest.raises(Failed, match="there is no lift"):
        Stages(QUESTIONS, lift=None).examine(perception(), "scans")


def test_captions_of_a_scene_are_told_apart_unless_they_are_exact() -> None:
    scene = picture(3)
    twins = dataclasses.replace(
        scene, objects=tuple(dataclasses.replace(each, caption="mug") for each in scene.objects)
    )
    kept, _ = Stages(QUESTIONS, lift=None, ambiguity=None).examine(twins, "fake")
    assert {thing.caption for thing in kept.objects} == {"mug"}
    told, _ = Stages(QUESTIONS, lift=None).examine(twins, "fake")
    captions = [thing.caption for thing in told.objects]
    assert len(captions) == len(set(captions))


def test_a_request_names_the_stages_that_a_source_goes_through() -> None:
    def names(source: str) -> set[str]:
        return set(stages_of(GenerationSettings(source=source)).describe())

    assert names("worlds") == {"questions", "seed"}
    assert names("omni3d") == {"questions", "seed", "ambiguity"}
    for source in ("rgbd", "photos", "rendered_photos"):
        assert names(source) == {"questions", "seed", "ambiguity", "lift"}
    assert Job(PictureSource(), NO_STAGES).describe() == {"source": "fake", "seed": 0}
    worlds = Job(WorldsSource(WorldsSettings(), 3), Stages(QUESTIONS, None, None, seed=3))
    assert set(worlds.describe()) == {"source", "seed", "world", "questions"}
