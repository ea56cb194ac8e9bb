"""One scene before it is rendered: what stands where, seen by which camera, under which light."""

import dataclasses
import math
from collections.abc import Iterable, Sequence

from spatialvlm_jax.random_stream import RandomStream, entropy_of
from spatialvlm_jax.worlds.camera import Camera, Vector
from spatialvlm_jax.worlds.config import WorldConfig
from spatialvlm_jax.worlds.families import FAMILIES, Stage
from spatialvlm_jax.worlds.items import WorldObject
from spatialvlm_jax.worlds.manipulation import holding, manipulation
from spatialvlm_jax.worlds.parts import BOX, CYLINDER, ELLIPSOID

_ATTEMPTS = 24
_DRAWN_BY = {**FAMILIES, "manipulation": manipulation, "holding": holding}
Color = tuple[int, int, int]

FLOOR_STYLES = ("checker", "planks", "tiles")
_FLOOR_COLORS = {
    "checker": (((214, 206, 190), (172, 160, 142)), ((196, 202, 206), (150, 160, 168))),
    "planks": (((176, 128, 84), (150, 104, 66)), ((202, 168, 124), (184, 148, 104))),
    "tiles": (((206, 198, 186), (150, 142, 132)), ((178, 186, 188), (120, 128, 130))),
}
_WALL_COLORS = (
    (232, 226, 214),
    (214, 222, 226),
    (226, 214, 200),
    (206, 218, 204),
    (228, 220, 224),
    (200, 208, 220),
)


_RUGS: tuple[tuple[Color, Color], ...] = (
    ((158, 66, 58), (226, 206, 176)),
    ((62, 84, 120), (218, 214, 202)),
    ((206, 190, 160), (136, 104, 78)),
    ((96, 116, 98), (226, 220, 200)),
)
_PICTURES: tuple[tuple[Color, Color], ...] = (
    ((244, 202, 142), (58, 92, 110)),
    ((170, 206, 226), (104, 136, 84)),
    ((238, 172, 140), (94, 66, 104)),
)


@dataclasses.dataclass(frozen=True)
class Decor:
    """What hangs and lies about without being an object; sizes of 0 mean there is none.

    rug: x0, x1, y0, y1 on the floor; picture: x, z of its middle on the back wall, half sizes.
    colors: sRGB of the rug, its stripe, the picture's sky and ground.
    """

    rug: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    picture: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    colors: tuple[Color, Color, Color, Color] = (*_RUGS[0], *_PICTURES[0])


@dataclasses.dataclass(frozen=True)
class Layout:
    """A scene to render, world frame (z up, floor at 0), metres.

    room: x0, x1, y0, y1, height of the walls around it. light: unit vector towards the light.
    ambient: share of the light that comes from everywhere.
    floor_style: index in FLOOR_STYLES; floor_colors, wall_color: sRGB.
    """

    family: str
    items: tuple[WorldObject, ...]
    camera: Camera
    room: tuple[float, float, float, float, float]
    light: Vector
    ambient: float
    floor_style: int
    floor_colors: tuple[Color, Color]
    wall_color: Color
    decor: Decor = Decor()


def draw_layout(config: WorldConfig, seed: int, index: int) -> Layout:
    """Scene `index` of the world `seed`, a function of its arguments only."""
    wanted = _stream(config, seed, index)
    family = wanted.weighted(config.families, config.family_weights)
    count = wanted.integer(config.min_objects, config.max_objects)
    best: tuple[Stage, list[int]] | None = None
    for attempt in range(_ATTEMPTS):
        stage = _DRAWN_BY[family](_stream(config, seed, index, attempt), config, count)
        kept = _framed(stage, config, count)
        if best is None or len(kept) > len(best[1]):
            best = stage, kept
        if len(kept) >= max(config.min_objects, count - attempt // 4):
            break
    assert best is not None
    stage, kept = best
    if config.streams > 1:
        wanted.shuffle(kept)
    return finish_layout(wanted, config, family, stage, _subset(stage.items, kept))


def _stream(config: WorldConfig, *names: int) -> RandomStream:
    """The random numbers of a scene (seed, index), or of an attempt at it (seed, index, attempt).

    NumPy fills short seeds up with zeros: (seed, index) and (seed, index, 0) are one to it. Names
    that are hashed together are not.
    """
    return RandomStream(names if config.streams == 1 else entropy_of("layout", *names))


def _framed(stage: Stage, config: WorldConfig, count: int) -> list[int]:
    """Indices of the items worth keeping: seen large enough, inside the frame, within the caps."""
    camera, items = stage.camera, stage.items
    if not all(_outside(item, camera.position) for item in items):
        return []
    wanted = set(stage.essential)
    for index, item in enumerate(items):
        u, v, depth = camera.project(item.middle())
        if depth < 0.1 or abs(u) > 0.92 or abs(v) > 0.92:
            continue
        if _apparent_size(item, camera) >= config.min_size:
            wanted.add(index)
    wanted |= _supports(items, wanted)
    for index in sorted(wanted):
        support = items[index].support
        if support is not None and support not in wanted:
            wanted.discard(index)
    # What must be there takes its place before others may.
    first = set(stage.essential) | _supports(items, stage.essential)
    kept: list[int] = []
    for index in sorted(wanted, key=lambda each: (each not in first, each)):
        support = items[index].support
        carried = support is None or support in kept
        if carried and len(kept) < count and _fits([items[i] for i in (*kept, index)], config):
            kept.append(index)
    return sorted(kept)


def _supports(items: Sequence[WorldObject], indices: Iterable[int]) -> set[int]:
    """What those items stand on."""
    found = (items[index].support for index in indices)
    return {support for support in found if support is not None}


def _fits(items: list[WorldObject], config: WorldConfig) -> bool:
    shapes = [part.shape for item in items for part in item.parts]
    caps = ((BOX, config.boxes), (CYLINDER, config.cylinders), (ELLIPSOID, config.ellipsoids))
    return all(shapes.count(shape) <= cap for shape, cap in caps)


def _outside(item: WorldObject, point: Vector, margin: float = 0.12) -> bool:
    """Whether `point` keeps `margin` metres from the item's box."""
    x, y = point[0] - item.x, point[1] - item.y
    c, s = math.cos(item.yaw), math.sin(item.yaw)
    return (
        abs(c * x + s * y) > item.half_width + margin
        or abs(c * y - s * x) > item.half_depth + margin
        or point[2] > item.z + item.height + margin
        or point[2] < item.z - margin
    )


def _apparent_size(item: WorldObject, camera: Camera) -> float:
    """Square root of the area of the item's box as seen from the camera, in image widths."""
    x, y, z = (a - b for a, b in zip(item.middle(), camera.position, strict=True))
    distance = math.sqrt(x * x + y * y + z * z)
    level, steep = math.hypot(x, y) / distance, abs(z) / distance
    side = item.half_width + item.half_depth
    area = level * side * item.height + steep * 4 * item.half_width * item.half_depth
    return math.sqrt(0.8 * area) / (2 * distance * camera.half)


def _subset(items: list[WorldObject], kept: list[int]) -> tuple[WorldObject, ...]:
    """The kept items, each told where its support has gone in the shorter list."""
    new = {old: position for position, old in enumerate(kept)}
    for old in kept:
        support = items[old].support
        items[old].support = None if support is None else new[support]
    return tuple(items[old] for old in kept)


def _decor(draw: RandomStream, config: WorldConfig, items: tuple[WorldObject, ...]) -> Decor:
    """Perhaps a rug under the middle of things, perhaps a picture on the wall behind them."""
    middle_x = sum(item.x for item in items) / len(items)
    middle_y = sum(item.y for item in items) / len(items)
    rug = picture = (0.0, 0.0, 0.0, 0.0)
    if draw.chance(config.decor):
        x, y = draw.uniform(0.8, 1.3), draw.uniform(0.6, 0.9)
        rug = (middle_x - x, middle_x + x, middle_y - y, middle_y + y)
    if draw.chance(config.decor):
        width = draw.uniform(0.3, 0.55)
        height = width * draw.uniform(0.6, 0.8)
        picture = (middle_x + draw.uniform(-0.6, 0.6), draw.uniform(1.5, 1.7), width, height)
    return Decor(rug, picture, (*draw.choice(_RUGS), *draw.choice(_PICTURES)))


def finish_layout(
    draw: RandomStream,
    config: WorldConfig,
    family: str,
    stage: Stage,
    items: tuple[WorldObject, ...],
) -> Layout:
    """Walls around what is there and the camera; light; colours of the room."""
    corners = [corner for item in stage.items for corner in item.corners()]
    corners.append((stage.camera.position[0], stage.camera.position[1]))
    xs, ys = [corner[0] for corner in corners], [corner[1] for corner in corners]
    back = stage.wall if stage.wall is not None else max(ys) + draw.uniform(0.1, 2.0)
    room = (
        min(xs) - draw.uniform(0.15, 2.0),
        max(xs) + draw.uniform(0.15, 2.0),
        min(ys) - draw.uniform(0.5, 2.0),
        back,
        draw.uniform(2.4, 2.8),
    )
    azimuth, elevation = draw.uniform(0, math.tau), draw.uniform(0.8, 1.25)
    light = (
        math.cos(azimuth) * math.cos(elevation),
        math.sin(azimuth) * math.cos(elevation),
        math.sin(elevation),
    )
    style = draw.integer(0, len(FLOOR_STYLES) - 1)
    floor_colors = draw.choice(_FLOOR_COLORS[FLOOR_STYLES[style]])
    wall = draw.choice(_WALL_COLORS)
    ambient = draw.uniform(0.38, 0.52)
    decor = _decor(draw, config, items) if items else Decor()
    return Layout(
        family, items, stage.camera, room, light, ambient, style, floor_colors, wall, decor
    )
