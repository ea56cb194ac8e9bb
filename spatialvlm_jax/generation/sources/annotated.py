"""From the annotations of one picture to its objects, and to where up is."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import numpy as np

from spatialvlm_jax.bounds import Range, RelativeStd, Settings, Share
from spatialvlm_jax.generation.naming.captions import ANYTHING, annotated_name
from spatialvlm_jax.generation.outcomes import Rejected
from spatialvlm_jax.generation.sources.agreement import agrees, check_axes, check_unit, is_copy
from spatialvlm_jax.generation.sources.boxes import (
    CAMERA_UP,
    BoxError,
    box_truncation,
    common_up,
    corners_of,
    image_box,
    oriented_box,
    visible_shares,
)
from spatialvlm_jax.scene.records import Object3D

# What stands on the floor or the ground wherever it is.
_STANDING = frozenset(
    "bed|night stand|nightstand|sofa|couch|chair|table|desk|dresser|toilet|bathtub|refrigerator|"
    "car|van|truck|bus|trailer|pedestrian|person|cyclist|tram|motorcycle|bicycle".split("|")
)

_Metres = Annotated[float, Range(0, 1_000)]


@dataclasses.dataclass(frozen=True)
class BoxSettings(Settings):
    """Which boxes are believed, and how far.

    position_std: metres, standard error of an annotated position. relative_std: what comes to it
      as a share of the distance. extents_std: metres, standard error of an annotated size.
    max_distance: metres, boxes further off are left out.
    max_depth_error: metres, boxes further than this from the depth that was measured are left out.
    min_visibility: objects annotated as less visible are left out, as hidden.
    estimate_visibility: where a set does not say how visible an object is, take the share of its
      2D box that the boxes of nearer objects leave free.
    gravity: take up from the boxes. up_votes: boxes that must agree on where up is.
    max_up_angle: radians by which these boxes may differ.
    max_floor_gap: metres between the lowest ends of what stands on the floor, for the camera's
      height to be known from them.
    """

    position_std: _Metres = 0.03
    relative_std: RelativeStd = 0.02
    extents_std: _Metres = 0.05
    max_distance: Annotated[float, Range(0, 1e6, above=True)] = 100.0
    max_depth_error: _Metres = 0.5
    min_visibility: Share = 0.05
    estimate_visibility: bool = True
    gravity: bool = True
    up_votes: Annotated[int, Range(1, 100_000)] = 2
    max_up_angle: Annotated[float, Range(0, 3.2)] = 0.1
    max_floor_gap: _Metres = 0.15


@dataclasses.dataclass(frozen=True, eq=False)
class AnnotatedScene:
    """What annotations say of a picture.

    objects: boxes in annotated pixels. up: float64[3], camera frame, or None. dropped: "caption",
    "reason" and "pixels" of each thing that is seen but has no box to rely on, and its "box" where
    it may be several things of any kind.
    """

    objects: tuple[Object3D, ...]
    up: np.ndarray | None
    camera_height: float | None
    dropped: tuple[Mapping[str, Any], ...]


def scene_of(
    annotations: Sequence[Mapping[str, Any]],
    intrinsics: np.ndarray,
    size: np.ndarray,
    settings: BoxSettings,
    *,
    flagged: bool = False,
) -> AnnotatedScene:
    """The objects of a picture.

    Args:
      intrinsics, size (width, height): of the picture as it was annotated, pixels.
      flagged: the annotators doubt that up is up in it.

    Raises:
      Rejected: no object is left, or all have the same fault: its unit, or its axes.
    """
    check_unit(annotations)
    check_axes(annotations, intrinsics, size)
    objects: list[Object3D] = []
    dropped: list[Mapping[str, Any]] = []
    for annotation in annotations:
        box = image_box(annotation, size)
        if box is None or _is_hidden(annotation, settings):
            continue
        caption = _caption(annotation)
        try:
            thing = _object(annotation, caption, box, intrinsics, size, settings)
            if any(is_copy(thing, other) for other in objects):
                dropped.append({"caption": caption, "reason": "annotated twice", "pixels": 0.0})
                continue
            objects.append(thing)
        except BoxError as error:
            pixels = float(np.prod(box[2:] - box[:2]))
            lost = {"caption": caption, "reason": str(error), "pixels": pixels}
            if caption in ANYTHING:
                lost["box"] = box.tolist()
            dropped.append(lost)
    if not objects:
        reasons = dict.fromkeys(f"{each['caption']}: {each['reason']}" for each in dropped)
        raise Rejected("boxes", f"no object is left ({'; '.join(reasons)})"[:500])
    if settings.estimate_visibility and not any(_stated(each) for each in annotations):
        objects = _with_visibility(objects)
    up = None if flagged or not settings.gravity else _up(objects, settings)
    height = None if up is None else _camera_height(objects, up, settings)
    return AnnotatedScene(tuple(objects), up, height, tuple(dropped))


def _caption(annotation: Mapping[str, Any]) -> str:
    return annotated_name(annotation.get("category_name"))


def _figure(annotation: Mapping[str, Any], name: str) -> float:
    """A stated number, or -1 where it is unknown: missing, null, or no number at all."""
    value = annotation.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool) or not np.isfinite(value):
        return -1.0
    return float(value)


def _stated(annotation: Mapping[str, Any]) -> bool:
    return _figure(annotation, "visibility") >= 0


def _is_hidden(annotation: Mapping[str, Any], settings: BoxSettings) -> bool:
    if annotation.get("segmentation_pts") == 0:
        return True
    return 0 <= _figure(annotation, "visibility") < settings.min_visibility


def _object(
    annotation: Mapping[str, Any],
    caption: str,
    box: np.ndarray,
    intrinsics: np.ndarray,
    size: np.ndarray,
    settings: BoxSettings,
) -> Object3D:
    """The object of an annotation.

    Raises:
      BoxError: it has no 3D box to rely on.
    """
    if not caption or caption in ANYTHING:
        raise BoxError("it has no name")
    if annotation.get("iscrowd") or annotation.get("ignore"):
        raise BoxError("it may be several things")
    if annotation.get("valid3D") not in (None, True, 1):
        raise BoxError("its 3D box is not valid")
    if annotation.get("behind_camera", False):
        raise BoxError("it reaches behind the camera")
    if annotation.get("lidar_pts") == 0:
        raise BoxError("no measured point lies in it")
    if _figure(annotation, "depth_error") > settings.max_depth_error:
        raise BoxError("it is not where depth was measured")
    center, rotation, extents = oriented_box(annotation)
    corners = corners_of(center, rotation, extents)
    if corners[:, 2].min() <= 0.0:
        raise BoxError("it reaches behind the camera")
    if not agrees(box, corners, intrinsics, size):
        raise BoxError("its 2D box is not where its 3D box projects")
    distance, visibility = float(np.linalg.norm(center)), _figure(annotation, "visibility")
    if distance > settings.max_distance:
        raise BoxError("it is too far off")
    return Object3D(
        caption=caption,
        category=caption,
        box=box,
        center=center,
        rotation=rotation,
        extents=extents,
        visible_fraction=min(visibility, 1.0) if visibility >= 0 else 1.0,
        truncation=box_truncation(annotation, corners, intrinsics, size),
        std=float(np.hypot(settings.position_std, settings.relative_std * distance)),
        extents_std=settings.extents_std,
        provenance="annotated",
    )


def _with_visibility(objects: list[Object3D]) -> list[Object3D]:
    """The objects with their visible share estimated from the boxes before them."""
    if not objects:
        return objects
    boxes = np.stack([thing.box for thing in objects])
    depths = np.array([thing.center[2] for thing in objects])
    return [
        dataclasses.replace(thing, visible_fraction=float(share))
        for thing, share in zip(objects, visible_shares(boxes, depths), strict=True)
    ]


def _up(objects: Sequence[Object3D], settings: BoxSettings) -> np.ndarray | None:
    """Up by the boxes' own axes; a box that lies on its side has no say."""
    ups = np.array([thing.rotation[:, 2] for thing in objects]).reshape(-1, 3)
    ups = ups[ups @ CAMERA_UP > 0.5]
    return common_up(ups, votes=settings.up_votes, max_angle=settings.max_up_angle)


def _camera_height(
    objects: Sequence[Object3D], up: np.ndarray, settings: BoxSettings
) -> float | None:
    """Metres above the floor, where two or more things that stand on it agree."""
    lows = [
        float((corners_of(thing.center, thing.rotation, thing.extents) @ up).min())
        for thing in objects
        if thing.category in _STANDING
    ]
    if len(lows) < 2 or max(lows) - min(lows) > settings.max_floor_gap:
        return None
    height = -float(np.median(lows))
    return height if height > 0 else None
