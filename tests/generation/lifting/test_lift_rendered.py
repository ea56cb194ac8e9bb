"""Rendered worlds, lifted from exact experts, against their exact scenes."""

import numpy as np
import pytest

from spatialvlm_jax.generation.experts.base import Perception
from spatialvlm_jax.generation.experts.perceive import perceive
from spatialvlm_jax.generation.experts.rendered import rendered_experts, rendered_photos
from spatialvlm_jax.generation.lifting.lift import LiftConfig, lift
from spatialvlm_jax.scene.records import Scene
from spatialvlm_jax.worlds.config import WorldConfig

CONFIG = LiftConfig()


def angle(scene: Scene, truth: Scene) -> float:
    """Between the two up directions, degrees."""
    assert scene.up is not None
    assert truth.up is not None
    return float(np.rad2deg(np.arccos(np.clip(scene.up @ truth.up, -1, 1))))


@pytest.fixture(scope="module")
def lifted_worlds() -> list[tuple[Scene, Scene]]:
    """Rendered scenes, lifted from exact experts, and their truth."""
    world = WorldConfig.preset("rich", image_size=192, families=("room",), family_weights=(1.0,))
    photos = rendered_photos(world, 3, range(24))
    pairs = []
    for perception in perceive(photos, rendered_experts()):
        assert isinstance(perception, Perception)
        assert perception.photo.truth is not None
        pairs.append((lift(perception, CONFIG), perception.photo.truth))
    return pairs


@pytest.mark.slow
def test_rendered_floors_tell_gravity_within_a_degree(
    lifted_worlds: list[tuple[Scene, Scene]],
) -> None:
    known = [(scene, truth) for scene, truth in lifted_worlds if scene.up is not None]
    assert len(known) >= 20
    assert max(angle(scene, truth) for scene, truth in known) < 1.0
    for scene, truth in known:
        assert scene.camera_height == pytest.approx(truth.camera_height, rel=0.01)


@pytest.mark.slow
def test_rendered_objects_lie_within_their_standard_errors(
    lifted_worlds: list[tuple[Scene, Scene]],
) -> None:
    """Twice the standard error holds the centre of about 95 % of what may be asked about."""
    within = []
    for scene, truth in lifted_worlds:
        for found, index in zip(scene.objects, scene.extra["regions"], strict=True):
            if found.visible_fraction > 0.5 and found.truncation < 0.3:
                error = np.abs(found.center - truth.objects[index].center)
                within.extend(error < 2 * found.std)
    assert len(within) > 100
    assert np.mean(within) > 0.9
