"""Answers about a scene that was estimated, judged by the exact scene behind it.

Used where photos are rendered worlds: objects are matched by their masks, a relation is true where
the sign of the exact difference says so, without margin, and numbers are compared with exact ones.
"""

import math
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from spatialvlm_jax.generation.naming.captions import parse
from spatialvlm_jax.generation.questions import relations
from spatialvlm_jax.generation.questions.generate import REGISTRY
from spatialvlm_jax.generation.wording.phrasing import METRES
from spatialvlm_jax.scene.geometry import SceneGeometry
from spatialvlm_jax.scene.records import QA, Object3D, Scene

# An object with fewer pixels than this share of the picture is not seen by people.
SEEN = 5e-4

Values = Callable[[SceneGeometry], np.ndarray]
# What each ordering compares: (values, the word for more, the word for less).
ORDERS: dict[Any, tuple[Values, str, str]] = {
    relations.lateral: (lambda g: g.centers[:, 0], "right", "left"),
    relations.frontal: (lambda g: g.centers[:, 1], "behind", "front"),
    relations.vertical: (lambda g: g.centers[:, 2], "above", "below"),
    relations.nearness: (lambda g: g.camera_distance, "farther", "nearer"),
    relations.tallness: (lambda g: g.height, "taller", "shorter"),
    relations.wideness: (lambda g: g.width, "wider", "narrower"),
    relations.bigness: (lambda g: g.volume, "bigger", "smaller"),
}
COMPARED: dict[str, Values] = {
    "taller": lambda g: g.height,
    "wider": lambda g: g.width,
    "farther": lambda g: g.camera_distance,
    "bigger": lambda g: g.volume,
}


def exact_word(name: str, geometry: SceneGeometry, i: int, j: int) -> str | None:
    """How i really stands to j; None where the exact scene is too close to call, too."""
    evaluate = REGISTRY[name].evaluate
    if evaluate in ORDERS:
        values, more, less = ORDERS[evaluate]
        found = values(geometry)
        return more if found[i] > found[j] else less
    if evaluate in (relations.direction, relations.clock):
        step = geometry.centers[i, :2] - geometry.centers[j, :2]
        angle = math.atan2(step[1], step[0])
        if evaluate is relations.direction:
            return relations.SECTORS[round(angle / (math.pi / 4)) % 8]
        return str((round((math.pi / 2 - angle) / (math.pi / 6)) - 1) % 12 + 1)
    return evaluate(geometry, i, j)


def exact_value(name: str, geometry: SceneGeometry, objects: Sequence[int]) -> float | None:
    """The quantity in the exact scene; of "how much taller" also where it is hardly taller."""
    kind, _, word = name.rpartition("_")
    if kind in ("how_much", "times"):
        first, second = (float(COMPARED[word](geometry)[index]) for index in objects)
        return first - second if kind == "how_much" else first / second
    measure = REGISTRY[name].evaluate(geometry, *objects)
    return None if measure is None else float(getattr(measure, "value", measure))


_SIZE = re.compile(r"(\d+(?:\.\d+)?) (\w+)")


def stated_size(question: str) -> float:
    """The length that a question states, metres.

    Raises:
      ValueError: there is none.
    """
    for number, unit in _SIZE.findall(question):
        for known in (unit, f"{unit}s", {"foot": "feet", "inch": "inches"}.get(unit, "")):
            if known in METRES:
                return float(number) * METRES[known]
    raise ValueError(f"no length is stated in {question!r}")


def judge_threshold(pair: QA, value: float) -> bool:
    """Whether the verdict follows from the exact length that the stated one is compared with.

    What fits through an opening, or is within reach, is less than the stated size; a gap that
    something fits between is more.
    """
    size = stated_size(pair.question)
    holds = value > size if pair.type == "fits_between" else value < size
    return (pair.verdict == "yes") == holds


def matches(scene: Scene, truth: Scene) -> list[int]:
    """For each object the index of the true one whose mask it overlaps most."""
    masks = np.stack([np.asarray(thing.mask).ravel() for thing in truth.objects]).astype(np.float32)
    found = []
    for thing in scene.objects:
        mask = np.asarray(thing.mask).ravel().astype(np.float32)
        shared = masks @ mask
        found.append(int((shared / (masks.sum(1) + mask.sum() - shared)).argmax()))
    return found


def meant_by(caption: str, truth: Scene, geometry: SceneGeometry) -> set[int]:
    """Indices of the true objects that people may mean by a caption, read word by word.

    Understands what `ambiguity.resolve` says: superlatives, places in a row, "on the" and "near
    the". An object with hardly a pixel is not meant, since people do not see it.
    """
    phrase = parse(caption)
    words = list(phrase.modifiers)
    place = words.pop(0) if words and words[0] in _PLACES else ""
    least = SEEN * truth.image.shape[0] * truth.image.shape[1]
    named = [
        index
        for index, thing in enumerate(truth.objects)
        if {*words, phrase.head} <= parse(thing.caption).words
        and np.count_nonzero(np.asarray(thing.mask)) >= least
    ]
    if place in _COUNTED:
        return _counted(place, phrase.rest, named, truth)
    for words_for, (value, sign) in _EXTREMES.items():
        if words_for in (place, phrase.rest):
            return set(sorted(named, key=lambda i: sign * value(truth.objects[i]))[:1])
    link, _, landmark = phrase.rest.partition(" the ")
    if not landmark:
        return set(named)
    places = meant_by(landmark, truth, geometry)
    if len(places) != 1:
        return set()
    (where,) = places
    if link == "on":
        return {index for index in named if truth.objects[index].support == where}
    return set(sorted(named, key=lambda index: geometry.surface_distance[index, where])[:1])


def _across(thing: Object3D) -> float:
    return float(thing.box[0] + thing.box[2])


def _volume(thing: Object3D) -> float:
    return float(np.prod(thing.extents))


def _distance(thing: Object3D) -> float:
    return float(np.linalg.norm(thing.center))


_EXTREMES: dict[str, tuple[Callable[[Object3D], float], int]] = {
    "leftmost": (_across, 1),
    "rightmost": (_across, -1),
    "tallest": (lambda thing: float(thing.extents[2]), -1),
    "shortest": (lambda thing: float(thing.extents[2]), 1),
    "biggest": (_volume, -1),
    "smallest": (_volume, 1),
    "closest to the camera": (_distance, 1),
    "farthest from the camera": (_distance, -1),
}
_COUNTED = {"middle": 1, "second": 1, "third": 2}
_PLACES = {*_EXTREMES, *_COUNTED}


def _counted(place: str, rest: str, named: list[int], truth: Scene) -> set[int]:
    """The one at a place in the row from the left, or from the right."""
    row = sorted(named, key=lambda index: _across(truth.objects[index]))
    if rest.endswith("right"):
        row = row[::-1]
    if place == "middle" and len(row) != 3:
        return set()
    return set(row[_COUNTED[place] :][:1])


def judge_relation(pair: QA, captions: Sequence[str], said: str | None) -> bool:
    """Whether the verdict follows from the relation that holds, `said`."""
    form, asks = REGISTRY[pair.type].answer_form, REGISTRY[pair.type].asks
    if form == "yes_no":
        return (pair.verdict == "yes") == (said == asks)
    if form == "choice":
        winner = pair.objects[0] if said == asks else pair.objects[1]
        return pair.verdict == captions[winner]
    return pair.verdict == said
