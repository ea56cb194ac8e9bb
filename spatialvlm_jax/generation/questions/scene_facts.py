"""What is exactly known of a world, as composed questions need it."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from spatialvlm_jax.scene.geometry import SceneGeometry
from spatialvlm_jax.scene.records import QA

_SIMPLE = ("qualitative", "quantitative")


@dataclasses.dataclass(frozen=True, eq=False)
class SceneFacts:
    """What is exactly known of the N objects of a world that questions can name.

    captions: unique. centers: float64[N, 3], metres, canonical frame. spans: float64[N, 3], metres,
    of the exact surfaces along the canonical axes: width, depth, height. footprints: float64[N],
    square metres, of the oriented boxes. gaps: distances between nearest points of surfaces,
    metres, of those pairs (i < j) that stored questions ask for; other gaps are not stored.
    others: captions of what else is in the scene.
    """

    captions: tuple[str, ...]
    centers: np.ndarray
    spans: np.ndarray
    footprints: np.ndarray
    gaps: Mapping[tuple[int, int], float]
    others: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        geometry: SceneGeometry,
        spans: np.ndarray,
        captions: Sequence[str],
        pairs: Sequence[QA],
    ) -> "SceneFacts":
        """Of the objects that `nameable` gives.

        Args:
          geometry: of all M objects. spans: float[M, 3], metres, along the canonical axes.
          captions: M of them. pairs: what is asked about the scene.
        """
        kept = nameable(captions, pairs)
        place = {index: number for number, index in enumerate(kept)}
        gaps = {}
        for pair in pairs:
            if pair.type == "distance" and all(index in place for index in pair.objects):
                first, second = sorted(place[index] for index in pair.objects)
                gaps[first, second] = pair.value
        return cls(
            tuple(captions[index] for index in kept),
            geometry.centers[kept],
            np.asarray(spans, np.float64)[kept],
            geometry.sides.prod(-1)[kept],
            gaps,
            tuple(name for index, name in enumerate(captions) if index not in place),
        )

    def called(self, name: str) -> list[str]:
        """Captions of all that a name fits: "mug" fits a red mug and a blue one."""
        words = set(name.lower().split())
        return [each for each in (*self.captions, *self.others) if words <= {*each.lower().split()}]

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


def nameable(captions: Sequence[str], pairs: Sequence[QA]) -> list[int]:
    """The objects that simple questions name by captions that nothing else has, in their order:
    people can tell them apart."""
    asked = {index for pair in pairs if pair.kind in _SIMPLE for index in pair.objects}
    return [index for index in sorted(asked) if captions.count(captions[index]) == 1]
