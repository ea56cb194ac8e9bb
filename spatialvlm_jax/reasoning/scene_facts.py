"""Exact answers to sub-questions about a stored world."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from spatialvlm_jax.inference.spatial_answer import SpatialAnswer
from spatialvlm_jax.reasoning.sub_question import LEFT_OF, SubQuestion
from spatialvlm_jax.scene.geometry import SceneGeometry
from spatialvlm_jax.storage.examples import StoredExample


@dataclasses.dataclass(frozen=True, eq=False)
class SceneFacts:
    """What is exactly known of the N objects of a world that questions can name.

    captions: unique. centers: float64[N, 3], metres, canonical frame. spans: float64[N, 3], metres,
    of the exact surfaces along the canonical axes: width, depth, height. footprints: float64[N],
    square metres, of the oriented boxes. gaps: distances between nearest points of surfaces,
    metres, of those pairs (i < j) that stored questions ask for; other gaps are not stored.
    """

    captions: tuple[str, ...]
    centers: np.ndarray
    spans: np.ndarray
    footprints: np.ndarray
    gaps: Mapping[tuple[int, int], float]

    @classmethod
    def of(cls, example: StoredExample) -> "SceneFacts":
        """Of the objects that stored questions name, so that people can tell them apart.

        Raises:
          ValueError: the example is no rendered world.
        """
        scene = example.scene()
        geometry = SceneGeometry.from_scene(scene)
        if not geometry.has_gravity or any(item.provenance != "exact" for item in scene.objects):
            raise ValueError(f"{example.image_id} is no rendered world: nothing in it is exact")
        captions = [item.caption for item in scene.objects]
        pairs = [pair for pair in example.pairs() if pair.kind != "general"]
        asked = {index for pair in pairs for index in pair.objects}
        kept = [index for index in sorted(asked) if captions.count(captions[index]) == 1]
        place = {index: number for number, index in enumerate(kept)}
        gaps = {}
        for pair in pairs:
            if pair.type == "distance" and all(index in place for index in pair.objects):
                first, second = sorted(place[index] for index in pair.objects)
                gaps[first, second] = pair.value
        return cls(
            tuple(captions[index] for index in kept),
            geometry.centers[kept],
            example.floats("objects/spans", (-1, 3)).astype(np.float64)[kept],
            geometry.sides.prod(-1)[kept],
            gaps,
        )

    @property
    def camera_distances(self) -> np.ndarray:
        """float64[N], metres, to the centers."""
        return np.linalg.norm(self.centers, axis=-1)

    @property
    def bearings(self) -> np.ndarray:
        """float64[N], radians from straight ahead in the ground plane, positive to the right."""
        return np.arctan2(self.centers[:, 0], self.centers[:, 1])

    def distance(self, first: int, second: int) -> float:
        """Between centers, metres."""
        return float(np.linalg.norm(self.centers[first] - self.centers[second]))

    def answer(self, sub_question: SubQuestion) -> list[SpatialAnswer]:
        """The exact answers to each of its questions.

        Raises:
          ValueError: an object is not there, or its gap is not stored.
        """
        places = [self.captions.index(name) for name in sub_question.objects]
        if sub_question.quantity == LEFT_OF:
            first, second = self.centers[places, 0]
            verdicts = ("yes", "no") if first < second else ("no", "yes")
            return [
                SpatialAnswer(words, verdict, verdict=verdict, confidence=1.0)
                for words, verdict in zip(sub_question.questions, verdicts, strict=True)
            ]
        value = self._value(sub_question.quantity, places)
        unit = "m^2" if sub_question.quantity == "footprint" else "m"
        return [
            SpatialAnswer(
                words, f"{value:g} {unit}", value=value, unit=unit, std=0.0, interval=(value, value)
            )
            for words in sub_question.questions
        ]

    def _value(self, quantity: str, places: Sequence[int]) -> float:
        if quantity == "centre_distance":
            return self.distance(*places)
        if quantity == "distance":
            first, second = sorted(places)
            if (first, second) not in self.gaps:
                raise ValueError(f"no stored gap between {places}")
            return self.gaps[first, second]
        columns = {
            "camera_distance": self.camera_distances,
            "width": self.spans[:, 0],
            "depth": self.spans[:, 1],
            "height": self.spans[:, 2],
            "footprint": self.footprints,
        }
        return float(columns[quantity][places[0]])
