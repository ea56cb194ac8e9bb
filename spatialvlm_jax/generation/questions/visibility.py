"""Which objects of a scene can be asked about."""

from collections.abc import Mapping, Sequence

import numpy as np

from spatialvlm_jax.generation.questions.general_types import Contents
from spatialvlm_jax.questions import QAConfig
from spatialvlm_jax.scene.records import Object3D, Scene


def _pixels(thing: Object3D) -> float:
    if thing.mask is not None:
        return float(np.count_nonzero(thing.mask))
    x0, y0, x1, y1 = thing.box
    return float(max(x1 - x0, 0) * max(y1 - y0, 0))


def clear_objects(scene: Scene, config: QAConfig) -> tuple[int, ...]:
    """Indices of the objects that are seen well enough to be asked about."""
    least = config.min_pixel_fraction * scene.image.shape[0] * scene.image.shape[1]
    return tuple(
        index
        for index, thing in enumerate(scene.objects)
        if thing.visible_fraction >= config.min_visible_fraction
        and thing.truncation <= config.max_truncation
        and _pixels(thing) >= least
    )


def named_objects(scene: Scene, clear: tuple[int, ...]) -> tuple[int, ...]:
    """Those of `clear` whose caption does not also fit another object.

    Where ambiguity was resolved, its record says which captions were rejected. Else a caption fits
    another object if all its words are in that object's caption ("mug" fits the "red mug").
    """
    resolved = scene.extra.get("ambiguity")
    if resolved is not None:
        return tuple(i for i in clear if i not in resolved["rejected"])
    words = [frozenset(thing.caption.lower().split()) for thing in scene.objects]
    return tuple(i for i in clear if sum(words[i] <= other for other in words) == 1)


# What a name made of a position, a distance, a size or a landmark tells beforehand.
_TOLD = {
    "position": ("left", "right"),
    "distance": ("nearer", "farther"),
    "size": ("taller", "shorter", "wider", "narrower", "bigger", "smaller"),
    "landmark": ("on",),
}


def named_by(scene: Scene) -> dict[int, str]:
    """What the name of an object was made specific by, where it had to be (`ambiguity.resolve`)."""
    by = scene.extra.get("ambiguity", {}).get("by", {})
    return {int(index): kind for index, kind in by.items()}


def names_tell(asks: str, objects: Sequence[int], by: Mapping[int, str]) -> bool:
    """Whether the objects' names answer a question: is the leftmost chair left of the rightmost?

    Args:
      asks: the relation asked for. objects: asked about. by: of `named_by`.
    """
    kinds = [by.get(index, "") for index in objects]
    if "landmark" in kinds:
        return asks in _TOLD["landmark"]
    return len(set(kinds)) == 1 and asks in _TOLD.get(kinds[0], ())


def contents_of(scene: Scene, config: QAConfig) -> Contents:
    """What can be asked about. Only exact scenes are known to list every object there is."""
    clear = clear_objects(scene, config)
    complete = all(thing.provenance == "exact" for thing in scene.objects)
    least, hidden = config.material_pixels, frozenset[int]()
    if least:
        hidden = frozenset(
            index
            for index in clear
            if "material" in scene.objects[index].unseen or _pixels(scene.objects[index]) < least
        )
    named = named_objects(scene, clear)
    return Contents(scene.objects, clear, named, complete, {"material": hidden})


def why_nothing(scene: Scene, config: QAConfig) -> str:
    """Why nothing can be asked about a scene, by what keeps its objects from being asked about."""
    if not scene.objects:
        return "there is no object"
    area = scene.image.shape[0] * scene.image.shape[1]
    shares = [_pixels(thing) / area for thing in scene.objects]
    small = [share for share in shares if share < config.min_pixel_fraction]
    hidden = sum(thing.visible_fraction < config.min_visible_fraction for thing in scene.objects)
    cut = sum(thing.truncation > config.max_truncation for thing in scene.objects)
    clear = clear_objects(scene, config)
    alike = len(clear) - len(named_objects(scene, clear))
    reasons = []
    if small:
        limits = f"largest {100 * max(small):.2g} %, limit {100 * config.min_pixel_fraction:.2g} %"
        reasons.append(f"{len(small)} too small ({limits})")
    reasons += [f"{hidden} hidden"] * (hidden > 0)
    reasons += [f"{cut} out of view"] * (cut > 0)
    reasons += [f"{alike} alike"] * (alike > 0)
    count = len(scene.objects)
    if not reasons or len(clear) > alike:
        reasons.append(f"{len(clear) - alike} clear, but nothing is sure about them")
    return f"of {count} objects {', '.join(reasons)}"
