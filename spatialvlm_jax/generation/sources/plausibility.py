"""Whether things are as large as such things are: a wrong unit or scale of depth shows at once.

Longest sides and heights of cameras are added up over a run, and their geometric means compared
with what is usual. Nothing is refused by it: a doll's house may be meant.
"""

import math
from collections.abc import Mapping

from spatialvlm_jax.scene.records import Scene

# Kind of thing -> how many, and the sum of the natural logarithms of their sizes in metres.
Sizes = Mapping[str, tuple[int, float]]

CAMERA = "camera above the floor"
# Longest sides, metres. Of furniture: means of SUN RGB-D's training boxes, as VoteNet has them (Qi
# et al. 2019, `model_util_sunrgbd.py`). Of what is on roads: means of Lyft Level 5's, which are
# the anchors of MMDetection3D's PointPillars for it.
USUAL = {
    "bathtub": 1.40,
    "bed": 2.11,
    "bookshelf": 1.69,
    "chair": 0.83,
    "desk": 1.35,
    "dresser": 1.17,
    "night stand": 0.68,
    "sofa": 1.87,
    "table": 1.28,
    "toilet": 0.76,
    "bicycle": 1.76,
    "bus": 12.70,
    "car": 4.75,
    "motorcycle": 2.35,
    "person": 1.76,
    "truck": 10.24,
}
_SAME = {"couch": "sofa", "nightstand": "night stand", "bookcase": "bookshelf"}
_SAME |= {"pedestrian": "person", "man": "person", "woman": "person"}
# One view shows a part of a thing, and kinds differ within themselves by less than this.
_SMALLEST, _LARGEST = 0.4, 2.5
# Metres at which people, vehicles, robots and stands carry cameras.
_LOWEST, _HIGHEST = 0.2, 4.0
_MIN_VISIBLE, _MAX_TRUNCATION = 0.5, 0.3
_REMEDIES = {
    "rgbd": "is --depth-scale right?",
    "omni3d": "are the boxes in metres?",
    "photos": "is the expert's depth metric, and the focal length right?",
}


def measure_sizes(scene: Scene) -> dict[str, tuple[int, float]]:
    """Sizes of the things of known kinds that are seen well, and the camera's height.

    Exact scenes are made to measure and give none.
    """
    found: dict[str, tuple[int, float]] = {}
    if any(thing.provenance == "exact" for thing in scene.objects):
        return found
    if scene.camera_height is not None and scene.camera_height > 0:
        found[CAMERA] = (1, math.log(scene.camera_height))
    for thing in scene.objects:
        kind = _SAME.get(thing.category, thing.category)
        longest = float(thing.extents.max())
        whole = thing.visible_fraction >= _MIN_VISIBLE and thing.truncation <= _MAX_TRUNCATION
        if kind in USUAL and whole and math.isfinite(longest) and longest > 0:
            found = add_sizes(found, {kind: (1, math.log(longest))})
    return found


def add_sizes(one: Sizes, other: Sizes) -> dict[str, tuple[int, float]]:
    """Both together."""
    total = {kind: (int(count), float(logs)) for kind, (count, logs) in one.items()}
    for kind, (count, logs) in other.items():
        before = total.get(kind, (0, 0.0))
        total[kind] = (before[0] + int(count), before[1] + float(logs))
    return total


def describe_doubts(sizes: Sizes, source: str) -> list[str]:
    """What is not as large as such things are, a line each, with figures and what to look at.

    Args:
      source: name of the source, which says what may be wrong.
    """
    remedy = _REMEDIES.get(source, "is depth in metres?")
    means = {kind: math.exp(logs / count) for kind, (count, logs) in sizes.items() if count}
    said = []
    height = means.pop(CAMERA, None)
    if height is not None and not _LOWEST <= height <= _HIGHEST:
        said.append(
            f"cameras are {height:.2g} m above the floor (mean of {sizes[CAMERA][0]}), where "
            f"people, vehicles and stands carry them at {_LOWEST:g} to {_HIGHEST:g} m; {remedy}"
        )
    total = sum(sizes[kind][0] for kind in means)
    if not total:
        return said
    logs = sum(sizes[kind][0] * math.log(means[kind] / USUAL[kind]) for kind in means)
    factor = math.exp(logs / total)
    if not _SMALLEST <= factor <= _LARGEST:
        most = sorted(means, key=lambda kind: (-sizes[kind][0], kind))[:4]
        each = ", ".join(f"{kind} {means[kind]:.2g} m, usually {USUAL[kind]:g} m" for kind in most)
        said.append(
            f"things are {factor:.2g} times as large as such things are, by their longest sides "
            f"({total} of them; {each}); {remedy}"
        )
    return said
