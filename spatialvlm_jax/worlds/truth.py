"""From a layout and its rendering to the records: exact boxes, solids, visibility, truncation."""

import math

import jax
import jax.numpy as jnp
import numpy as np

from spatialvlm_jax.scene.records import Object3D, Primitive
from spatialvlm_jax.worlds import trace
from spatialvlm_jax.worlds.catalog import KINDS
from spatialvlm_jax.worlds.items import WorldObject
from spatialvlm_jax.worlds.layout import Layout
from spatialvlm_jax.worlds.parts import SHAPES
from spatialvlm_jax.worlds.render import camera_rays

# Truncation counts the projection up to this many half widths from the image's middle.
_REACH = 4.0
_GRID = 24
_NEAR = 0.05
# Where a pixel covers so many metres, boards of 10 cm have lost a quarter of their contrast.
_BOARDS_FADE = 0.05


def rotation(item: WorldObject) -> np.ndarray:
    """float64[3, 3], columns are the item's axes in the world frame."""
    c, s = math.cos(item.yaw), math.sin(item.yaw)
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


def projected_box(layout: Layout, item: WorldObject) -> tuple[float, float, float, float] | None:
    """u0, v0, u1, v1 (half widths, within +-4) around the item's box where it leaves the image,
    or None where it lies inside."""
    ground = item.corners()
    points = [
        layout.camera.project((x, y, z)) for z in (item.z, item.z + item.height) for x, y in ground
    ]
    if min(depth for _, _, depth in points) < _NEAR:
        return -_REACH, -_REACH, _REACH, _REACH
    us, vs = [point[0] for point in points], [point[1] for point in points]
    box = min(us), min(vs), max(us), max(vs)
    if max(map(abs, box)) <= 1.0:
        return None
    return tuple(min(max(edge, -_REACH), _REACH) for edge in box)  # type: ignore[return-value]


@jax.jit
def _outside(arrays: dict[str, jax.Array], boxes: jax.Array, objects: jax.Array) -> jax.Array:
    """Fraction of each object's projection outside the image; one object a batch entry.

    Args:
      arrays: one scene an entry. boxes: float32[B, 4], where to look. objects: int32[B].
    """
    step = (jnp.arange(_GRID) + 0.5) / _GRID
    u = boxes[:, 0, None] + (boxes[:, 2] - boxes[:, 0])[:, None] * jnp.tile(step, _GRID)
    v = boxes[:, 1, None] + (boxes[:, 3] - boxes[:, 1])[:, None] * jnp.repeat(step, _GRID)
    hits = trace.nearest(arrays, *camera_rays(arrays, u, v))
    met = (jnp.right_shift(hits.covered, objects[:, None]) & 1) > 0
    outside = met & ((jnp.abs(u) > 1.0) | (jnp.abs(v) > 1.0))
    return outside.sum(1) / jnp.maximum(met.sum(1), 1)


def truncations(
    layouts: list[Layout], arrays: dict[str, np.ndarray]
) -> dict[tuple[int, int], float]:
    """(scene, object) -> fraction of its projection outside the image, where it is not zero."""
    found: list[tuple[int, int, tuple[float, float, float, float]]] = []
    for scene, layout in enumerate(layouts):
        for index, item in enumerate(layout.items):
            box = projected_box(layout, item)
            if box is not None:
                found.append((scene, index, box))
    result: dict[tuple[int, int], float] = {}
    size = len(arrays["scene"])
    for start in range(0, len(found), size):
        some = found[start : start + size]
        padded = some + [some[-1]] * (size - len(some))
        scenes = np.array([entry[0] for entry in padded])
        chosen = {name: arrays[name][scenes] for name in (*SHAPES, "scene")}
        values = _outside(
            chosen | {"counts": arrays["counts"]},
            np.array([entry[2] for entry in padded], np.float32),
            np.array([entry[1] for entry in padded], np.int32),
        )
        for entry, value in zip(some, np.asarray(values), strict=False):
            result[entry[0], entry[1]] = float(value)
    return result


def _primitives(item: WorldObject, turn: np.ndarray, base: np.ndarray) -> tuple[Primitive, ...]:
    """The item's solids in the camera frame, given its axes and its origin there."""
    offsets = np.array([(part.x, part.y, part.z) for part in item.parts])
    centers = base + offsets @ turn.T
    return tuple(
        Primitive(
            SHAPES[part.shape],  # type: ignore[arg-type]
            center,
            turn,
            np.array((part.width, part.depth, part.height)),
            part.taper,
        )
        for part, center in zip(item.parts, centers, strict=True)
    )


def _unseen(category: str, pixel: float) -> frozenset[str]:
    """Attributes that do not show on an object, of which a pixel covers `pixel` metres.

    Materials differ by boards and by shine; shine lights so few pixels that only wood is told from
    the others, where its boards do not fade (`shade.solid_texture`). So a material shows if there
    is but one other than wood that the object could be of.
    """
    materials = KINDS[category].materials
    boards = "wood" in materials and len(materials) > 1
    plain = len(materials) - ("wood" in materials)
    return frozenset(("material",) if plain > 1 or (boards and pixel > _BOARDS_FADE) else ())


def objects(
    layout: Layout,
    instance: np.ndarray,
    covered: np.ndarray,
    truncation: dict[int, float],
) -> tuple[Object3D, ...]:
    """The objects that show at least one pixel.

    Args:
      instance: int8[H, W], item index or -1. covered: int32[H, W], bit per item met.
      truncation: item index -> fraction outside the image, where it is not zero.
    """
    camera_from_world = layout.camera.world_from_camera().T
    position = np.array(layout.camera.position)
    focal = layout.camera.intrinsics(instance.shape[0])[0, 0]
    counts = np.bincount(instance.ravel().astype(np.int64) + 1, minlength=len(layout.items) + 1)[1:]
    shown = [index for index in range(len(layout.items)) if counts[index] > 0]
    new = {old: position for position, old in enumerate(shown)}
    result = []
    for index in shown:
        item = layout.items[index]
        mask = instance == index
        lines, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        box = np.array([columns[0], lines[0], columns[-1] + 1, lines[-1] + 1], np.float32)
        alone = int(((covered >> index) & 1).sum())
        turn = camera_from_world @ rotation(item)
        base = camera_from_world @ (np.array((item.x, item.y, item.z)) - position)
        result.append(
            Object3D(
                caption=f"{item.color} {item.category}",
                category=item.category,
                box=box,
                center=base + turn[:, 2] * (item.height / 2),
                rotation=turn,
                extents=np.array((2 * item.half_width, 2 * item.half_depth, item.height)),
                attributes={"color": item.color, "material": item.material, "shape": item.shape},
                unseen=_unseen(item.category, float(np.linalg.norm(base)) / focal),
                mask=mask,
                parts=_primitives(item, turn, base),
                support=None if item.support is None else new.get(item.support),
                visible_fraction=float(counts[index] / max(alone, 1)),
                truncation=truncation.get(index, 0.0),
            )
        )
    return tuple(result)
