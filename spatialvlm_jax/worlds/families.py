"""The kinds of scene: what stands in a room, on a table top, on a piece of floor, and who looks.

Every family fills a list of items around a point worth looking at and proposes a camera.
World frame: z up, floor at z = 0, the back wall towards +y; metres.
"""

import math
from typing import NamedTuple

from spatialvlm_jax.random_stream import RandomStream
from spatialvlm_jax.worlds.camera import Camera, look_at
from spatialvlm_jax.worlds.config import WorldConfig
from spatialvlm_jax.worlds.items import WorldObject, clear, draw_item, put_on

Taken = set[tuple[str, str]]

_AGAINST_WALL = ("sofa", "bed", "cabinet", "shelf", "desk")
_FREE = ("table", "chair", "stool", "lamp", "plant", "chair", "stool")
_ROOM_FLOOR = ("box", "ball", "bucket", "trash can", "plant")
_ROOM_TOP = ("vase", "monitor", "laptop", "box", "ball", "bowl", "book")
_TABLE_TOP = (
    "mug",
    "bottle",
    "bowl",
    "box",
    "ball",
    "book",
    "vase",
    "laptop",
    "mug",
    "box",
    "ball",
)
_CLOSE_FLOOR = ("box", "ball", "bucket", "trash can", "bottle", "book", "vase", "stool", "plant")
_BEHIND = ("chair", "shelf", "cabinet", "sofa", "lamp", "plant", "stool")
_TABLES = ("table", "table", "desk")

# All that may stand in a scene of a family, and on the tables of one.
CATEGORIES_ON_TABLES = frozenset((*_TABLES, *_TABLE_TOP))
CATEGORIES_BY_FAMILY = {
    "room": frozenset((*_AGAINST_WALL, *_FREE, *_ROOM_FLOOR, *_ROOM_TOP)),
    "tabletop": CATEGORIES_ON_TABLES | frozenset(_BEHIND),
    "floor": frozenset(_CLOSE_FLOOR),
    "manipulation": CATEGORIES_ON_TABLES | {"gripper"},
    "holding": CATEGORIES_ON_TABLES | {"gripper"},
}


class Stage(NamedTuple):
    """A filled scene and its camera. focus: world frame; essential: items never dropped;
    wall: y of the back wall or None where it may stand anywhere behind."""

    items: list[WorldObject]
    camera: Camera
    essential: frozenset[int]
    wall: float | None


# Kinds of any size are drawn again until their largest side suits the view, metres.
_SIDES = {"room": (0.22, 0.6), "tabletop": (0.05, 0.26), "floor": (0.12, 0.45)}


def _new(
    draw: RandomStream, category: str, taken: Taken, config: WorldConfig, family: str = ""
) -> WorldObject | None:
    """An object of `category`, or None where its colours are used up or it does not suit."""
    item = draw_item(draw, category, taken, config.natural)
    if item is None or family not in _SIDES:
        return item
    low, high = _SIDES[family]
    for _ in range(3):
        side = max(2 * item.half_width, 2 * item.half_depth, item.height)
        if low <= side <= high or category not in ("box", "ball"):
            break
        item = draw_item(draw, category, taken, config.natural) or item
    return item


def _add(items: list[WorldObject], taken: Taken, item: WorldObject) -> None:
    items.append(item)
    taken.add((item.category, item.color))


def _on_floor(
    draw: RandomStream,
    item: WorldObject,
    items: list[WorldObject],
    middle: tuple[float, float],
    reach: float,
    yaw: float,
) -> bool:
    """Try to stand `item` on the floor within `reach` of `middle`, in front of the wall y = 0."""
    for _ in range(8):
        angle, radius = draw.uniform(0, math.tau), reach * math.sqrt(draw.random())
        x, y = middle[0] + radius * math.cos(angle), middle[1] + radius * math.sin(angle)
        item.place(x, y, 0.0, yaw)
        if max(corner[1] for corner in item.corners()) < -0.01 and clear(item, items, 0.04):
            return True
    return False


def _yaw(draw: RandomStream) -> float:
    """Mostly facing the camera's side, sometimes any way."""
    return draw.uniform(-0.6, 0.6) if draw.chance(0.65) else draw.uniform(0, math.tau)


def _camera(
    draw: RandomStream,
    config: WorldConfig,
    target: tuple[float, float, float],
    azimuth: float,
    distance: float,
    height: float,
    fov: float,
) -> Camera:
    """A camera `distance` from the target (horizontally where they differ in height)."""
    rise = height - target[2]
    level = math.sqrt(max(distance * distance - rise * rise, 0.09 * distance * distance))
    position = (
        target[0] + level * math.sin(azimuth),
        target[1] - level * math.cos(azimuth),
        height,
    )
    reach = config.aim_jitter * math.tan(fov / 2) * distance
    aim = (
        target[0] + draw.uniform(-reach, reach) * math.cos(azimuth),
        target[1] + draw.uniform(-reach, reach) * math.sin(azimuth),
        target[2] + draw.uniform(-reach, reach) * 0.6,
    )
    roll = draw.uniform(-config.max_roll, config.max_roll)
    return look_at(position, aim, roll, fov)


def room(draw: RandomStream, config: WorldConfig, count: int) -> Stage:
    """Furniture on the floor, things on it and beside it; the eye of someone standing."""
    items: list[WorldObject] = []
    taken: Taken = set()
    reach = draw.uniform(0.4, 0.7) + 0.13 * count
    middle = (0.0, -reach - 0.1)
    pieces = draw.integer(1, max(1, min(4, count - 1)))
    for number in range(pieces):
        back = number == 0 and draw.chance(0.6)
        item = _new(draw, draw.choice(_AGAINST_WALL if back else _FREE), taken, config)
        if item is None:
            continue
        if back:
            item.place(draw.uniform(-0.5, 0.5) * reach, -item.half_depth - 0.012, 0.0, 0.0)
            _add(items, taken, item)
        elif _on_floor(draw, item, items, middle, reach, _yaw(draw)):
            _add(items, taken, item)
    for _ in range(3 * count):
        if len(items) >= count + 2:
            break
        carriers = [i for i, item in enumerate(items) if item.surfaces]
        if carriers and draw.chance(0.35 + 0.4 * config.stacking):
            item = _new(draw, draw.choice(_ROOM_TOP), taken, config, "room")
            if item and item.height < 0.7 and put_on(draw, item, items, draw.choice(carriers)):
                _add(items, taken, item)
        else:
            item = _new(draw, draw.choice(_ROOM_FLOOR), taken, config, "room")
            if item and _on_floor(draw, item, items, middle, reach, _yaw(draw)):
                _add(items, taken, item)
    low, high = _box(items)
    target = ((low[0] + high[0]) / 2, (low[1] + high[1]) / 2, draw.uniform(0.3, 0.45) * high[2])
    fov = draw.uniform(config.min_fov, config.max_fov)
    radius = 0.5 * math.dist(low, high)
    distance = radius / math.tan(fov / 2) * draw.uniform(0.75, 1.15)
    azimuth = draw.uniform(-0.9, 0.9)
    height = draw.uniform(1.2, 1.7)
    camera = _camera(draw, config, target, azimuth, min(max(distance, 1.5), 7.0), height, fov)
    return Stage(items, camera, frozenset(), 0.0)


def tabletop(draw: RandomStream, config: WorldConfig, count: int) -> Stage:
    """A table or desk that fills the view, with a few small things; the eye of someone sitting."""
    items: list[WorldObject] = []
    taken: Taken = set()
    base = _new(draw, draw.choice(_TABLES), taken, config)
    assert base is not None
    base.place(0.0, -1.2, 0.0, draw.uniform(-0.3, 0.3))
    _add(items, taken, base)
    spread = draw.log_uniform(0.13, 0.34)
    free = min(base.half_width, base.half_depth) * 0.5
    near = (draw.uniform(-free, free), -1.2 + draw.uniform(-free, free) * 0.7, spread)
    _small_things(draw, config, count, items, taken, _TABLE_TOP, near)
    top = base.height
    target = (near[0], near[1], top + 0.04)
    fov = draw.uniform(config.min_fov, config.max_fov)
    distance = min(max((spread + 0.1) / math.tan(fov / 2) * draw.uniform(1.1, 1.7), 0.42), 1.6)
    height = top + min(max(distance * draw.uniform(0.4, 0.8), 0.25), 0.8)
    azimuth = draw.uniform(-0.7, 0.7)
    camera = _camera(draw, config, target, azimuth, distance, height, fov)
    if draw.chance(config.background):
        _behind(draw, config, items, taken, azimuth)
    return Stage(items, camera, frozenset((0,)), None)


def floor(draw: RandomStream, config: WorldConfig, count: int) -> Stage:
    """Things on a piece of floor near a wall, seen from close by."""
    items: list[WorldObject] = []
    taken: Taken = set()
    reach = draw.uniform(0.3, 0.7)
    middle = (0.0, -reach - draw.uniform(0.05, 0.5))
    for _ in range(3 * count):
        if len(items) >= count + 2:
            break
        item = _new(draw, draw.choice(_CLOSE_FLOOR), taken, config, "floor")
        if item is None:
            continue
        carriers = [i for i, other in enumerate(items) if other.surfaces and other.support is None]
        if carriers and draw.chance(config.stacking):
            if item.category != "plant" and put_on(draw, item, items, draw.choice(carriers)):
                _add(items, taken, item)
        elif _on_floor(draw, item, items, middle, reach, _yaw(draw)):
            _add(items, taken, item)
    low, high = _box(items)
    target = ((low[0] + high[0]) / 2, (low[1] + high[1]) / 2, 0.35 * high[2])
    fov = draw.uniform(config.min_fov, config.max_fov)
    distance = 0.5 * math.dist(low, high) / math.tan(fov / 2) * draw.uniform(0.8, 1.2)
    distance = min(max(distance, 0.7), 2.6)
    height = min(max(distance * draw.uniform(0.4, 0.85), 0.4), 1.5)
    azimuth = draw.uniform(-0.9, 0.9)
    camera = _camera(draw, config, target, azimuth, distance, height, fov)
    return Stage(items, camera, frozenset(), 0.0)


def _small_things(
    draw: RandomStream,
    config: WorldConfig,
    count: int,
    items: list[WorldObject],
    taken: Taken,
    categories: tuple[str, ...],
    near: tuple[float, float, float],
) -> None:
    """Fill the table `items[0]` around `near` with small things, some stacked on others."""
    for _ in range(4 * count):
        if len(items) >= count + 2:
            break
        item = _new(draw, draw.choice(categories), taken, config, "tabletop")
        if item is None or max(item.half_width, item.half_depth, item.height / 2) > 0.2:
            continue
        carriers = [i for i, other in enumerate(items) if i and other.surfaces]
        stack = bool(carriers) and draw.chance(config.stacking)
        owner = draw.choice(carriers) if stack else 0
        if put_on(draw, item, items, owner, None if stack else near):
            _add(items, taken, item)


def _behind(
    draw: RandomStream, config: WorldConfig, items: list[WorldObject], taken: Taken, azimuth: float
) -> None:
    """One piece of furniture on the floor beyond the table, as the camera sees it."""
    item = _new(draw, draw.choice(_BEHIND), taken, config)
    if item is None:
        return
    reach = items[0].half_width + 0.5 + draw.uniform(0.2, 1.6)
    bearing = azimuth + draw.uniform(-0.35, 0.35)
    x = items[0].x - reach * math.sin(bearing)
    y = items[0].y + reach * math.cos(bearing)
    item.place(x, y, 0.0, -azimuth + draw.uniform(-0.6, 0.6))
    if clear(item, items, 0.1):
        _add(items, taken, item)


def _box(items: list[WorldObject]) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Corners of the axis-aligned box around all items, world frame, metres."""
    corners = [corner for item in items for corner in item.corners()]
    xs, ys = [corner[0] for corner in corners], [corner[1] for corner in corners]
    top = max(item.z + item.height for item in items)
    return (min(xs), min(ys), 0.0), (max(xs), max(ys), top)


FAMILIES = {"room": room, "tabletop": tabletop, "floor": floor}
