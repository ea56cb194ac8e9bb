"""Makes captions that fit several objects specific, or sets them aside.

    scene = resolve(scene, AmbiguityConfig())

Captions that may be confused, by their words or by their embeddings, form clusters (SpatialVLM,
section 3.1). Each member is then given the first name that is surely true of it and of nothing
else in the picture: by an attribute ("red mug"), by its place in the image ("leftmost chair"), by
its distance ("chair closest to the camera"), by its size ("tallest chair"), or by a landmark ("mug
on the table"). A member that no name fits is rejected: it stays in the scene, since it takes part
in what is true of the others, but nothing is asked about it.
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated

import numpy as np

from spatialvlm_jax.bounds import Range, Settings, Share
from spatialvlm_jax.generation.naming.captions import (
    NounPhrase,
    common_noun,
    may_be_confused,
    parse,
)
from spatialvlm_jax.generation.naming.references import View
from spatialvlm_jax.scene.records import Object3D, Scene

# A thing with fewer pixels than this share of the picture is not seen by people.
_SEEN = 5e-4
_ORDINALS = ("", "second", "third")


@dataclasses.dataclass(frozen=True)
class AmbiguityConfig(Settings):
    """When captions count as alike, and what may tell their objects apart.

    min_similarity: captions whose embeddings have at least this cosine are alike.
    attributes: keys of `Object3D.attributes` that may be named, in order of preference.
    min_separation: how far apart two objects of an order must be, as a share of their mean width
      in the image; and never less than 2 % of the image's width.
    min_visible_fraction, max_truncation: an object that is hidden or cut off more than this may be
      larger, and elsewhere, than what is seen of it.
    """

    min_similarity: Annotated[float, Range(-1, 1)] = 0.92
    attributes: tuple[str, ...] = ("color", "material", "shape")
    min_separation: Annotated[float, Range(0, 100)] = 0.35
    min_visible_fraction: Share = 0.5
    max_truncation: Share = 0.3


@dataclasses.dataclass(frozen=True)
class _Reference:
    """A noun that fits several objects, and which they are.

    noun: what "leftmost" is put before. index: the object to be named. others: all further objects
    that the noun may fit. same: whether the noun surely fits every one of them, so that they can
    be counted off.
    """

    noun: str
    index: int
    others: tuple[int, ...]
    same: bool


def resolve(scene: Scene, config: AmbiguityConfig, similarity: np.ndarray | None = None) -> Scene:
    """Gives every object a caption that fits it alone, or rejects it for questions.

    Captions are cleaned (lower case, no article); a plural or uncountable one is rejected, as it
    names no single thing.

    Args:
      scene: N objects, whose captions may repeat. `extra["dropped"]` may list things that are
        seen but are no objects, as {"caption", "pixels"}: what they may be confused with is
        rejected, since nothing is known of where they are. One with a "box" may hold several
        things of any kind: of names only those hold that count from the other side.
      similarity: float[N, N], cosines of the captions' embeddings, or None to go by words alone.

    Returns:
      The scene with new captions and `extra["ambiguity"]`, which holds "clusters" (lists of
      indices), "rejected" (indices), "renamed" (index as text -> caption) and "by" (index as
      text -> "attribute", "position", "distance", "size" or "landmark").

    Raises:
      ValueError: `similarity` does not have one row and one column for each object.
    """
    phrases = [parse(thing.caption) for thing in scene.objects]
    clusters = _components(_alike(phrases, similarity, config))
    clustered = {index for cluster in clusters for index in cluster}
    lost = _lost(scene)
    single = [phrase.countable and not _fits_any(phrase.text, lost) for phrase in phrases]
    view = View(
        scene, config.min_separation, config.min_visible_fraction, config.max_truncation, phrases
    )
    landmarks = [
        index
        for index, phrase in enumerate(phrases)
        if single[index] and index not in clustered and not phrase.rest and view.sure[index]
    ]
    regions = _regions(scene)
    groups = clusters
    if regions:  # nothing is alone of its kind
        groups = [*clusters, *([i] for i in range(len(phrases)) if i not in clustered)]
        clustered.update(range(len(phrases)))
    names: dict[int, tuple[str, str]] = {}
    for reference in _references(groups, phrases):
        if single[reference.index] and not _fits_any(reference.noun, lost):
            found = _names(reference, view, landmarks, config)
            name = _first_that_holds(found, scene.objects[reference.index].box, regions)
            if name is not None:
                names[reference.index] = name
    _drop_repeated(names)
    rejected = [
        index
        for index in range(len(phrases))
        if not single[index] or (index in clustered and index not in names)
    ]
    captions = [
        names[index][1] if index in names else phrase.text for index, phrase in enumerate(phrases)
    ]
    objects = _renamed(scene.objects, captions)
    record = {"clusters": clusters, "rejected": rejected, **_told_apart(names)}
    return dataclasses.replace(scene, objects=objects, extra={**scene.extra, "ambiguity": record})


def _renamed(objects: Sequence[Object3D], captions: Sequence[str]) -> tuple[Object3D, ...]:
    return tuple(
        thing if thing.caption == caption else dataclasses.replace(thing, caption=caption)
        for thing, caption in zip(objects, captions, strict=True)
    )


def _told_apart(names: Mapping[int, tuple[str, str]]) -> dict[str, dict[str, str]]:
    """The record of new names: what they are, and by what they tell objects apart."""
    return {
        "renamed": {str(index): caption for index, (_, caption) in names.items()},
        "by": {str(index): by for index, (by, _) in names.items()},
    }


def _first_that_holds(
    names: Iterator[tuple[str, str]], box: np.ndarray, regions: Sequence[Sequence[float]]
) -> tuple[str, str] | None:
    return next((each for each in names if _holds(each[1], box, regions)), None)


def _alike(
    phrases: Sequence[NounPhrase], similarity: np.ndarray | None, config: AmbiguityConfig
) -> np.ndarray:
    """Which captions may be confused: bool[N, N], symmetric."""
    number = len(phrases)
    alike = np.zeros((number, number), bool)
    for i, one in enumerate(phrases):
        for j in range(i):
            alike[i, j] = alike[j, i] = may_be_confused(one, phrases[j])
    if similarity is not None:
        cosines = np.asarray(similarity)
        if cosines.shape != alike.shape:
            raise ValueError(f"similarity is {cosines.shape}, but there are {number} objects")
        alike |= np.maximum(cosines, cosines.T) >= config.min_similarity
    return alike


def _lost(scene: Scene) -> list[NounPhrase]:
    """Captions of what is seen in the picture, but is not among the objects."""
    height, width = scene.image.shape[:2]
    return [
        parse(each["caption"])
        for each in scene.extra.get("dropped", ())
        if each.get("pixels", 0) >= _SEEN * height * width and "box" not in each
    ]


def _regions(scene: Scene) -> list[Sequence[float]]:
    """Boxes of what may be several things of any kind."""
    height, width = scene.image.shape[:2]
    return [
        each["box"]
        for each in scene.extra.get("dropped", ())
        if "box" in each and each.get("pixels", 0) >= _SEEN * height * width
    ]


def _holds(name: str, box: np.ndarray, regions: Sequence[Sequence[float]]) -> bool:
    """Whether a name holds whatever the regions are: it counts from where none of them is."""
    if not regions:
        return True
    if name.startswith("leftmost ") or name.endswith(" from the left"):
        return all(float(box[2]) <= region[0] for region in regions)
    if name.startswith("rightmost ") or name.endswith(" from the right"):
        return all(float(box[0]) >= region[2] for region in regions)
    return False


def _fits_any(noun: str, lost: Sequence[NounPhrase]) -> bool:
    return bool(lost) and any(may_be_confused(parse(noun), phrase) for phrase in lost)


def _components(alike: np.ndarray) -> list[list[int]]:
    """Connected groups of at least two, each ascending, by their first member."""
    left, groups = list(range(len(alike))), []
    while left:
        group, new = set(), {left[0]}
        while new:
            group |= new
            new = {j for i in new for j in np.flatnonzero(alike[i]).tolist()} - group
        left = [index for index in left if index not in group]
        if len(group) > 1:
            groups.append(sorted(group))
    return groups


def _references(
    clusters: Sequence[Sequence[int]], phrases: Sequence[NounPhrase]
) -> Iterator[_Reference]:
    """One for each member of each cluster."""
    for cluster in clusters:
        for index in cluster:
            yield _reference(index, cluster, phrases)


def _reference(index: int, cluster: Sequence[int], phrases: Sequence[NounPhrase]) -> _Reference:
    noun = common_noun([phrases[member] for member in cluster])
    same = bool(noun)
    noun = noun or phrases[index].noun
    words = parse(noun).words
    fits = {j for j, phrase in enumerate(phrases) if words <= phrase.words}
    others = sorted((fits | set(cluster)) - {index})
    same = same and all(words <= phrases[j].words and phrases[j].countable for j in others)
    return _Reference(noun, index, tuple(others), same)


def _names(
    reference: _Reference, view: View, landmarks: Sequence[int], config: AmbiguityConfig
) -> Iterator[tuple[str, str]]:
    """What sets an object apart and the caption that says so, the most natural first."""
    noun, index, others = reference.noun, reference.index, reference.others
    for key in config.attributes:
        word = view.contrast(key, noun, index, others)
        if word:
            yield "attribute", f"{word} {noun}"
    for word in _place_words(reference, view):
        yield "position", word
    if view.is_nearest(index, others):
        yield "distance", f"{noun} closest to the camera"
    if view.is_farthest(index, others):
        yield "distance", f"{noun} farthest from the camera"
    for word in view.size_words(index, others):
        yield "size", f"{word} {noun}"
    for phrase in view.landmark_phrases(index, others, landmarks):
        yield "landmark", f"{noun} {phrase}"


def _place_words(reference: _Reference, view: View) -> Iterator[str]:
    noun, index, others = reference.noun, reference.index, reference.others
    left_of, right_of = view.left_and_right(index, others)
    if right_of == len(others):
        yield f"leftmost {noun}"
    if left_of == len(others):
        yield f"rightmost {noun}"
    countable = reference.same and all(view.sure[other] for other in (index, *others))
    if not countable or left_of + right_of < len(others):
        return
    if left_of == right_of == 1:
        yield f"middle {noun}"
    elif 0 < left_of < len(_ORDINALS) and left_of <= right_of:
        yield f"{_ORDINALS[left_of]} {noun} from the left"
    elif 0 < right_of < len(_ORDINALS):
        yield f"{_ORDINALS[right_of]} {noun} from the right"


def _drop_repeated(names: dict[int, tuple[str, str]]) -> None:
    """Takes back captions that two objects were given from different clusters."""
    captions = [caption for _, caption in names.values()]
    for index, (_, caption) in list(names.items()):
        if captions.count(caption) > 1:
            del names[index]
