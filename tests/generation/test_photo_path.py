"""From photos to answers with stand-in experts, judged by the scenes behind the photos."""

import numpy as np
import pytest

from benchmarks.judging import exact_word, judge_relation, matches, meant_by
from spatialvlm_jax.generation.experts.base import Perception
from spatialvlm_jax.generation.experts.noise import NoiseConfig
from spatialvlm_jax.generation.experts.perceive import perceive
from spatialvlm_jax.generation.experts.rendered import rendered_experts, rendered_photos
from spatialvlm_jax.generation.questions.generate import REGISTRY, QAConfig
from spatialvlm_jax.generation.stages import Stages
from spatialvlm_jax.scene.geometry import SceneGeometry
from spatialvlm_jax.worlds.config import WorldConfig

ROOMS = WorldConfig.preset("rich", image_size=128, families=("room",), family_weights=(1.0,))
STAGES = Stages(QAConfig(spatial_fraction=1.0, general_fraction=0.0))
# Relations of positions: a view from one side says little of what is hidden of a size.
PLACES = ("left", "right", "front", "behind", "nearer", "farther")


@pytest.mark.parametrize("nouns_only", [False, True])
def test_with_exact_experts_positions_are_true_and_names_are_right(nouns_only: bool) -> None:
    photos = rendered_photos(ROOMS, 21, range(8))
    answers, renamed = 0, 0
    seen = perceive(photos, rendered_experts(NoiseConfig(nouns_only=nouns_only)))
    for photo, perception in zip(photos, seen, strict=True):
        assert isinstance(perception, Perception)
        assert photo.truth is not None
        scene, truth = STAGES.lifted(perception), photo.truth
        assert scene.up is not None
        assert scene.up @ truth.up > np.cos(np.deg2rad(1.0))
        exact, matched = SceneGeometry.from_scene(truth), matches(scene, truth)
        renamed += len(scene.extra["ambiguity"]["renamed"])
        captions = [thing.caption for thing in scene.objects]
        for pair in STAGES.pairs(scene):
            for index in pair.objects:
                assert meant_by(captions[index], truth, exact) == {matched[index]}
            if REGISTRY[pair.type].asks in PLACES:
                said = exact_word(pair.type, exact, *(matched[index] for index in pair.objects))
                assert judge_relation(pair, captions, said), pair
                answers += 1
    assert answers > 30
    assert (renamed > 5) == nouns_only
