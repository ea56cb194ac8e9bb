"""What surely sets one object of a picture apart from others: place, distance, size, landmark.

Everything here holds with a margin, or is not said. What a person reads off the image (left,
right) is taken from the image; sizes and heights from the canonical frame where gravity is known.
"""

import functools
from collections.abc import Iterator, Sequence

import numpy as np

from spatialvlm_jax.generation.naming.captions import NounPhrase, parse
from spatialvlm_jax.generation.questions import relations
from spatialvlm_jax.scene.geometry import SceneGeometry
from spatialvlm_jax.scene.records import Scene

_LEAST_STEP = 0.02
# Sizes are compared only between objects that are seen nearly whole.
_WHOLE_VISIBLE, _WHOLE_TRUNCATION = 0.8, 0.05
# "Near" a landmark: within this share of the two sizes; and everything else is so much farther.
_NEAR, _FAR_RATIO = 0.75, 2.0
_ADJECTIVES = {"wood": "wooden", "wool": "woolen", "gold": "golden"}


class View:
    """A scene's objects as they can be told apart.

    sure: bool[N], whether an object is one single thing, seen well enough to say where it is.
    """

    def __init__(
        self,
        scene: Scene,
        min_separation: float,
        min_visible_fraction: float,
        max_truncation: float,
        phrases: Sequence[NounPhrase],
    ) -> None:
        self.scene = scene
        self._min_separation = min_separation
        visible = np.array([thing.visible_fraction for thing in scene.objects])
        truncation = np.array([thing.truncation for thing in scene.objects])
        countable = np.array([phrase.countable for phrase in phrases], bool)
        # An annotated box holds all of its object, on either side of the image's edge.
        boxed = np.array([thing.provenance == "annotated" for thing in scene.objects], bool)
        self.sure = (
            countable & (visible >= min_visible_fraction) & ((truncation <= max_truncation) | boxed)
        )
        self._whole = countable & (visible >= _WHOLE_VISIBLE) & (truncation <= _WHOLE_TRUNCATION)
        self._shown = np.where(boxed, 1.0, np.clip(visible * (1 - truncation), 1e-3, 1.0))
        self._countable = countable

    @functools.cached_property
    def _geometry(self) -> SceneGeometry:
        return SceneGeometry.from_scene(self.scene)

    @functools.cached_property
    def _left_of(self) -> np.ndarray:
        """bool[N, N]: whether i is surely left of j in the image.

        Between the middles of the boxes, each of which may be off by half of what is not seen of
        its object; by half the box where it holds several things. Where gravity is known the
        directions in the ground plane must agree, which under a rolled camera they may not.
        """
        boxes = np.array([thing.box for thing in self.scene.objects], np.float64)
        middle = (boxes[:, 0] + boxes[:, 2]) / 2
        width = boxes[:, 2] - boxes[:, 0]
        slack = np.where(self._countable, width * (1 / self._shown - 1) / 2, width / 2)
        margin = np.maximum(
            self._min_separation * (width[:, None] + width) / 2,
            _LEAST_STEP * self.scene.image.shape[1],
        )
        margin = margin + slack[:, None] + slack
        left = middle - middle[:, None] > margin
        if self._geometry.has_gravity:
            x, y = self._geometry.centers[:, 0], self._geometry.centers[:, 1]
            bearing = np.arctan2(x, y)
            left &= bearing[:, None] < bearing
        return left

    def left_and_right(self, index: int, others: Sequence[int]) -> tuple[int, int]:
        """How many of the others are surely left, and how many surely right of an object."""
        others = list(others)
        before, after = self._left_of[others, index], self._left_of[index, others]
        return int(before.sum()), int(after.sum())

    def contrast(self, key: str, noun: str, index: int, others: Sequence[int]) -> str:
        """The adjective for an attribute that none of the others shares, "" if there is none.

        An attribute that is unknown of one of the others, or spoken of in the noun, is no contrast.
        """
        objects = self.scene.objects
        own = objects[index].attributes.get(key, "").lower()
        rest = [objects[other].attributes.get(key, "").lower() for other in others]
        if not own or not all(rest) or own in rest:
            return ""
        if {own, *rest}.intersection(noun.split()):
            return ""
        return _ADJECTIVES.get(own, own)

    def _all_sure(self, index: int, others: Sequence[int]) -> bool:
        return bool(self.sure[[index, *others]].all())

    def is_nearest(self, index: int, others: Sequence[int]) -> bool:
        """Whether an object is surely nearer to the camera than all others."""
        return self._all_sure(index, others) and all(
            relations.nearness(self._geometry, index, other) == "nearer" for other in others
        )

    def is_farthest(self, index: int, others: Sequence[int]) -> bool:
        """Whether an object is surely farther from the camera than all others."""
        return self._all_sure(index, others) and all(
            relations.nearness(self._geometry, index, other) == "farther" for other in others
        )

    def size_words(self, index: int, others: Sequence[int]) -> Iterator[str]:
        """Superlatives of size that surely hold; none where one of them is not seen whole."""
        if not self._whole[[index, *others]].all():
            return
        compared = [
            ("bigger", "biggest", relations.bigness),
            ("smaller", "smallest", relations.bigness),
        ]
        if self._geometry.has_gravity:
            compared = [
                ("taller", "tallest", relations.tallness),
                ("shorter", "shortest", relations.tallness),
                *compared,
            ]
        for word, superlative, compare in compared:
            if all(compare(self._geometry, index, other) == word for other in others):
                yield superlative

    @functools.cached_property
    def _gaps(self) -> tuple[np.ndarray, np.ndarray]:
        """From each centre to each oriented box, float64[N, N]; longest sides, [N]; metres."""
        objects = self.scene.objects
        centers = np.array([thing.center for thing in objects])
        turns = np.array([thing.rotation for thing in objects])
        extents = np.array([thing.extents for thing in objects])
        local = np.einsum("jba,ijb->ija", turns, centers[:, None] - centers)
        outside = np.maximum(np.abs(local) - extents / 2, 0.0)
        return np.linalg.norm(outside, axis=-1), extents.max(-1)

    def landmark_phrases(
        self, index: int, others: Sequence[int], landmarks: Sequence[int]
    ) -> Iterator[str]:
        """ "on the table", "near the sink": true of the object, surely of none of the others."""
        if not self._all_sure(index, others):
            return
        objects = self.scene.objects
        gaps, sizes = self._gaps
        noise = 3 * np.array([thing.std for thing in objects])
        for landmark in sorted(landmarks, key=lambda place: float(gaps[index, place])):
            place = parse(objects[landmark].caption).text
            apart = gaps[list(others), landmark] - noise[list(others)] - noise[landmark]
            if objects[index].support == landmark and self._none_on(landmark, others, apart):
                yield f"on the {place}"
            gap = gaps[index, landmark] + noise[index] + noise[landmark]
            near = gap <= _NEAR * (sizes[index] + sizes[landmark]) / 2
            rests = landmark in (objects[index].support, *(objects[i].support for i in others))
            far = _FAR_RATIO * gap + sizes[index] / 2
            if near and not rests and objects[landmark].support != index and (apart >= far).all():
                yield f"near the {place}"

    def _none_on(self, landmark: int, others: Sequence[int], apart: np.ndarray) -> bool:
        """Whether surely none of the others rests on the landmark, on whatever else in between.

        Only exact scenes say so by naming no support; else the object must be well away.
        """
        objects = self.scene.objects
        for other, gap in zip(others, apart, strict=True):
            below, steps = objects[other].support, 0
            known = below is not None or objects[other].provenance == "exact"
            while below is not None and steps < len(objects):
                if below == landmark:
                    return False
                below, steps = objects[below].support, steps + 1
            if not known and gap <= objects[other].extents.max():
                return False
        return True
