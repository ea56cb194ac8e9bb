"""Small analytic scenes, built in the canonical frame and seen by a tilted camera."""

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from spatialvlm_jax.scene.geometry import SceneGeometry
from spatialvlm_jax.scene.records import Object3D, Primitive, Scene

SIZE = 64
# Cameras, as (pitch, roll), radians.
TILTS = [(0.0, 0.0), (0.5, 0.0), (-0.4, 0.0), (0.0, 0.6), (0.7, -0.5), (0.2, 3.0)]


def camera_from_canonical(pitch: float = 0.0, roll: float = 0.0) -> np.ndarray:
    """Rotation for a camera pitched down by `pitch` and rolled by `roll`, radians."""
    level = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
    c, s = np.cos(pitch), np.sin(pitch)
    pitched = np.array([[1.0, 0, 0], [0, c, -s], [0, s, c]])
    c, s = np.cos(roll), np.sin(roll)
    rolled = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])
    return rolled @ pitched @ level


def turned(yaw: float) -> np.ndarray:
    """Rotation about the vertical, radians."""
    c, s = np.cos(yaw), np.sin(yaw)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])


def thing(
    caption: str,
    center: Sequence[float] | np.ndarray,
    extents: Sequence[float] | np.ndarray = (0.3, 0.3, 0.3),
    yaw: float = 0.0,
    parts: Iterable[Primitive] = (),
    **fields: Any,
) -> Object3D:
    """An upright box (or its parts), all in the canonical frame; `make_scene` turns it."""
    color, _, category = caption.partition(" ")
    attributes = {"color": color, "material": "wood", "shape": "square"}
    return Object3D(
        caption=caption,
        category=category,
        box=np.array([10, 10, 30, 30], np.float32),
        center=np.array(center, np.float64),
        rotation=turned(yaw),
        extents=np.array(extents, np.float64),
        attributes=fields.pop("attributes", attributes),
        parts=tuple(parts),
        **fields,
    )


def make_scene(
    *objects: Object3D,
    pitch: float = 0.0,
    roll: float = 0.0,
    image_id: str = "scene",
    gravity: bool = True,
    **fields: Any,
) -> Scene:
    rotation = camera_from_canonical(pitch, roll)

    def move(record: Any) -> Any:
        return dataclasses.replace(
            record, center=rotation @ record.center, rotation=rotation @ record.rotation
        )

    seen = tuple(
        dataclasses.replace(move(each), parts=tuple(move(part) for part in each.parts))
        for each in objects
    )
    return Scene(
        image_id=image_id,
        image=np.zeros((SIZE, SIZE, 3), np.uint8),
        intrinsics=np.array([[64.0, 0, 32], [0, 64, 32], [0, 0, 1]]),
        objects=seen,
        up=rotation @ np.array([0.0, 0, 1]) if gravity else None,
        **fields,
    )


def geometry(*objects: Object3D, **options: Any) -> SceneGeometry:
    return SceneGeometry.from_scene(make_scene(*objects, **options))


COLORS = ("red", "green", "blue", "orange", "black")
CATEGORIES = ("mug", "lamp", "table", "chair", "box")


def random_scene(seed: int, number: int = 6, **fields: Any) -> Scene:
    """A cluttered scene, seeded."""
    rng = np.random.default_rng(seed)
    captions: dict[str, None] = {}
    while len(captions) < number:
        captions[f"{rng.choice(COLORS)} {rng.choice(CATEGORIES)}"] = None
    objects = []
    for index, caption in enumerate(captions):
        center = rng.uniform([-2, 2, -1.5], [2, 6, -0.3])
        below = int(rng.integers(index)) if index and rng.random() < 0.4 else None
        extents = 10 ** rng.uniform(-1, 0, 3)
        objects.append(thing(caption, center, extents, rng.uniform(0, 6), support=below, **fields))
    return make_scene(*objects, pitch=0.3, roll=0.05, image_id=f"random-{seed}")


def degrees_between(first: np.ndarray | None, second: np.ndarray) -> float:
    """The angle between two unit vectors, of which the first must have been found."""
    assert first is not None
    return float(np.rad2deg(np.arccos(np.clip(first @ second, -1, 1))))
