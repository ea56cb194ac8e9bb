"""Exact answers to sub-questions about a stored world."""

from collections.abc import Sequence

from spatialvlm_jax.generation.questions.scene_facts import SceneFacts
from spatialvlm_jax.inference.spatial_answer import SpatialAnswer
from spatialvlm_jax.reasoning.sub_question import LEFT_OF, SubQuestion
from spatialvlm_jax.scene.geometry import SceneGeometry
from spatialvlm_jax.storage.examples import StoredExample


def stored_facts(example: StoredExample) -> SceneFacts:
    """What is exactly known of a stored world.

    Raises:
      ValueError: the example is no rendered world.
    """
    scene = example.scene()
    geometry = SceneGeometry.from_scene(scene)
    if not geometry.has_gravity or any(item.provenance != "exact" for item in scene.objects):
        raise ValueError(f"{example.image_id} is no rendered world: nothing in it is exact")
    captions = [item.caption for item in scene.objects]
    spans = example.floats("objects/spans", (-1, 3))
    return SceneFacts.of(geometry, spans, captions, example.pairs())


def answer_exactly(facts: SceneFacts, sub_question: SubQuestion) -> list[SpatialAnswer]:
    """The exact answers to each question of a sub-question.

    Raises:
      ValueError: an object is not there, or its gap is not stored.
    """
    places = [facts.captions.index(name) for name in sub_question.objects]
    if sub_question.quantity == LEFT_OF:
        first, second = facts.centers[places, 0]
        verdicts = ("yes", "no") if first < second else ("no", "yes")
        return [
            SpatialAnswer(words, verdict, verdict=verdict, confidence=1.0)
            for words, verdict in zip(sub_question.questions, verdicts, strict=True)
        ]
    value = _value(facts, sub_question.quantity, places)
    unit = "m^2" if sub_question.quantity == "footprint" else "m"
    return [
        SpatialAnswer(
            words, f"{value:g} {unit}", value=value, unit=unit, std=0.0, interval=(value, value)
        )
        for words in sub_question.questions
    ]


def _value(facts: SceneFacts, quantity: str, places: Sequence[int]) -> float:
    if quantity == "centre_distance":
        return facts.distance(*places)
    if quantity == "distance":
        first, second = sorted(places)
        if (first, second) not in facts.gaps:
            raise ValueError(f"no stored gap between {places}")
        return facts.gaps[first, second]
    columns = {
        "camera_distance": facts.camera_distances,
        "width": facts.spans[:, 0],
        "depth": facts.spans[:, 1],
        "height": facts.spans[:, 2],
        "footprint": facts.footprints,
    }
    return float(columns[quantity][places[0]])
