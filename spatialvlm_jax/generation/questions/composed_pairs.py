"""Composed questions about a rendered world as pairs of a kind of their own."""

from collections.abc import Sequence

from spatialvlm_jax.generation.questions.composed import ComposedQuestion, compose, name_outcome
from spatialvlm_jax.generation.questions.scene_facts import SceneFacts, nameable
from spatialvlm_jax.generation.wording.phrasing import METRIC, format_quantity
from spatialvlm_jax.scene.geometry import SceneGeometry
from spatialvlm_jax.scene.records import QA, Scene


def composed_pairs(scene: Scene, pairs: Sequence[QA], seed: int) -> list[QA]:
    """At most one composed question of each kind about a world, with its exact truth.

    They are about objects that the simple questions name, and about gaps that these ask for, so
    that what they break down to is known from what is stored.

    Args:
      scene: exact, gravity known. pairs: the simple questions about it.
    """
    geometry = SceneGeometry.from_scene(scene)
    captions = [item.caption for item in scene.objects]
    facts = SceneFacts.of(geometry, geometry.spans, captions, pairs)
    kept = nameable(captions, pairs)
    return [_pair(each, captions, kept) for each in compose(facts, scene.image_id, seed)]


def _pair(composed: ComposedQuestion, captions: Sequence[str], kept: Sequence[int]) -> QA:
    objects = tuple(kept[place] for place in composed.objects)
    if composed.dimension:
        unit = METRIC[composed.dimension]
        answer, verdict = format_quantity(composed.value, unit), ""
    else:
        unit = ""
        verdict = name_outcome(composed.kind, composed.outcome, [captions[i] for i in objects])
        answer = verdict
    return QA(
        composed.question,
        answer,
        composed.kind,
        "composed",
        value=composed.value,
        value_std=0.0 if composed.dimension else float("nan"),
        unit=unit,
        verdict=verdict,
        objects=objects,
    )
