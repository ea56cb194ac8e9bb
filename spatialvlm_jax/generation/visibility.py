"""Which objects of a scene can be asked about."""

import numpy as np

from spatialvlm_jax.generation.general_types import Contents
from spatialvlm_jax.generation.qa_config import QAConfig
from spatialvlm_jax.generation.records import Object3D, Scene


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


def contents_of(scene: Scene, config: QAConfig) -> Contents:
    """What can be asked about. Only exact scenes are known to list every object there is."""
    clear = clear_objects(scene, config)
    complete = all(thing.provenance == "exact" for thing in scene.objects)
    return Contents(scene.objects, clear, named_objects(scene, clear), complete)
