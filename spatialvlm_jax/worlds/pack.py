"""Layouts as the padded arrays the renderer takes.

Axes: B scenes, K primitives of one shape (fixed by the config), COLUMNS numbers a primitive.
"""

import math

import numpy as np

from spatialvlm_jax.worlds.catalog import COLOR_VALUES, MATERIALS, ROLE_PAINT
from spatialvlm_jax.worlds.config import WorldConfig
from spatialvlm_jax.worlds.items import WorldObject
from spatialvlm_jax.worlds.layout import Layout
from spatialvlm_jax.worlds.parts import SHAPES

# Columns of a primitive: centre (world), half sizes, cosine and sine of yaw, slope (change of a
# cylinder's radius along z), radius at its middle, object index, linear RGB, material, hollow.
CENTER, HALF, COS, SIN, SLOPE, RADIUS = slice(0, 3), slice(3, 6), 6, 7, 8, 9
OBJECT, RGB, MATERIAL, HOLLOW, SHAPE = 10, slice(11, 14), 14, 15, 16
COLUMNS = 17
# Columns of a scene: camera position, axes (right, down, forward), tangent of half the field of
# view, room (x0, x1, y0, y1, height), direction to the light, ambient share, floor style, rug
# (x0, x1, y0, y1), picture (x, z, half width, half height), and linear RGB of: the floor's two
# colours, the wall, the rug and its stripe, the picture's sky and ground.
POSITION, RIGHT, DOWN, FORWARD, TANGENT = slice(0, 3), slice(3, 6), slice(6, 9), slice(9, 12), 12
ROOM, LIGHT, AMBIENT, FLOOR_STYLE = slice(13, 18), slice(18, 21), 21, 22
RUG, PICTURE, COLORS = slice(23, 27), slice(27, 31), slice(31, 52)
SCENE_COLUMNS = 52


def linear(color: tuple[int, int, int]) -> tuple[float, ...]:
    """sRGB bytes as linear light in [0, 1] (IEC 61966-2-1)."""
    values = (channel / 255.0 for channel in color)
    return tuple(v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values)


_MATERIAL_INDEX = {name: float(index) for index, name in enumerate(MATERIALS)}
_COLOR_PAINT = {name: linear(value) for name, value in COLOR_VALUES.items()}
_ROLE_PAINT = {
    role: (linear(color), _MATERIAL_INDEX[material])
    for role, (color, material) in ROLE_PAINT.items()
}


def _rows(item: WorldObject, index: int, rows: tuple[list, list, list]) -> None:
    """Append the item's primitives to the lists of their shapes."""
    c, s = math.cos(item.yaw), math.sin(item.yaw)
    main = _COLOR_PAINT[item.color], _MATERIAL_INDEX[item.material]
    for part in item.parts:
        paint, material = _ROLE_PAINT.get(part.role, main)
        low, high = 0.5 * part.width, 0.5 * part.width
        if part.taper < 1.0:
            high = low * part.taper
        elif part.taper > 1.0:
            low = high / part.taper
        rows[part.shape].append(
            (
                item.x + c * part.x - s * part.y,
                item.y + s * part.x + c * part.y,
                item.z + part.z,
                0.5 * part.width,
                0.5 * part.depth,
                0.5 * part.height,
                c,
                s,
                (high - low) / part.height,
                0.5 * (low + high),
                float(index),
                *paint,
                material,
                float(part.hollow),
                float(part.shape),
            )
        )


def pack(layouts: list[Layout], config: WorldConfig) -> dict[str, np.ndarray]:
    """float32 arrays: "scene" [B, SCENE_COLUMNS], "counts" int32[3] (most primitives of each
    shape in any scene), and "box", "cylinder", "ellipsoid" [B, K, COLUMNS].

    Unused primitives have zero size, far below the floor: no ray meets them.
    """
    caps = (config.boxes, config.cylinders, config.ellipsoids)
    tables = [np.zeros((len(layouts), cap, COLUMNS), np.float32) for cap in caps]
    for table, shape in zip(tables, range(3), strict=True):
        table[..., CENTER] = (0.0, 0.0, -1e3)
        table[..., HALF] = 1e-3
        table[..., COS] = 1.0
        table[..., RADIUS] = 1e-3
        table[..., SHAPE] = shape
    scene = np.zeros((len(layouts), SCENE_COLUMNS), np.float32)
    counts = [1, 1, 1]
    for number, layout in enumerate(layouts):
        rows: tuple[list, list, list] = ([], [], [])
        for index, item in enumerate(layout.items):
            _rows(item, index, rows)
        for shape in range(3):
            if rows[shape]:
                tables[shape][number, : len(rows[shape])] = rows[shape]
                counts[shape] = max(counts[shape], len(rows[shape]))
        camera = layout.camera
        scene[number] = (
            *camera.position,
            *camera.right,
            *camera.down,
            *camera.forward,
            camera.half,
            *layout.room,
            *layout.light,
            layout.ambient,
            layout.floor_style,
            *layout.decor.rug,
            *layout.decor.picture,
            *(
                channel
                for color in (*layout.floor_colors, layout.wall_color, *layout.decor.colors)
                for channel in linear(color)
            ),
        )
    arrays = dict(zip(SHAPES, tables, strict=True))
    return arrays | {"scene": scene, "counts": np.array(counts, np.int32)}
