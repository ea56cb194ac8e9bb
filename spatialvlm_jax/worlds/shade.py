"""Colour of the nearest surface: paint, texture, light and shadow.

Axes: B scenes, P rays; vectors are three arrays as in `trace`.
"""

import math

import jax
import jax.numpy as jnp

from spatialvlm_jax.worlds import pack
from spatialvlm_jax.worlds.catalog import MATERIALS
from spatialvlm_jax.worlds.parts import BOX, CYLINDER
from spatialvlm_jax.worlds.trace import Vector

_SKIRTING = 0.1
_CODE = {name: index for index, name in enumerate(MATERIALS)}


def _dot(a: Vector, b: Vector) -> jax.Array:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def _scene(arrays: dict[str, jax.Array], columns: slice) -> tuple[jax.Array, ...]:
    block = arrays["scene"][:, columns]
    return tuple(block[:, i, None] for i in range(block.shape[1]))


def _fraction(x: jax.Array) -> jax.Array:
    """x modulo 1, by a floor: `mod` calls a scalar library routine on CPUs."""
    return x - jnp.floor(x)


def _wave(x: jax.Array) -> jax.Array:
    """About sin(x): a parabola a half wave, which costs far less."""
    turn = _fraction(x * (0.5 / math.pi)) - 0.5
    return turn * (16.0 * jnp.abs(turn) - 8.0)


def _jitter(index: jax.Array) -> jax.Array:
    """A number in [-0.5, 0.5) that looks random from one whole number to the next."""
    return _fraction(index * 0.61803399 + 0.411 * _fraction(index * index * 0.3819)) - 0.5


def room_exit(arrays: dict[str, jax.Array], origin: Vector, direction: Vector) -> tuple[jax.Array, Vector]:
    """(t, normal) where a ray from inside the room meets its floor, wall or ceiling."""
    x0, x1, y0, y1, height = _scene(arrays, pack.ROOM)
    bounds = ((x0, x1), (y0, y1), (jnp.zeros_like(height), height))
    times = []
    for o, d, (low, high) in zip(origin, direction, bounds, strict=True):
        d = jnp.where(jnp.abs(d) < 1e-9, 1e-9, d)
        times.append((jnp.where(d > 0, high, low) - o) / d)
    t = jnp.minimum(jnp.minimum(times[0], times[1]), times[2])
    on_z = times[2] <= t
    on_x = ~on_z & (times[0] <= t)
    on_y = ~on_z & ~on_x
    normal = tuple(
        jnp.where(on, -jnp.sign(d), 0.0) for on, d in zip((on_x, on_y, on_z), direction, strict=True)
    )
    return t, normal


def room_paint(arrays: dict[str, jax.Array], point: Vector, normal: Vector, blur: jax.Array) -> Vector:
    """Linear RGB of the room itself. blur: metres a pixel covers there; fine lines fade with it."""
    style = arrays["scene"][:, pack.FLOOR_STYLE, None]
    pitch = jnp.where(style == 0, 0.5, jnp.where(style == 1, 0.15, 0.3))
    length = jnp.where(style == 1, 1.2, pitch)
    column = jnp.floor(point[0] / pitch)
    along = point[1] / length + jnp.where(style == 1, 0.37 * column, 0.0)
    line = jnp.floor(along)
    sharp = jnp.clip(1.5 - 1.5 * blur / pitch, 0.0, 1.0)
    checker = 2.0 * _fraction(0.5 * (column + line))
    edge = jnp.minimum(
        (0.5 - jnp.abs(point[0] / pitch - column - 0.5)) * pitch,
        (0.5 - jnp.abs(along - line - 0.5)) * length,
    )
    joint = jnp.clip(1.0 - edge / jnp.maximum(0.006, 0.6 * blur), 0.0, 1.0)
    joint = joint * jnp.clip(0.012 / jnp.maximum(blur, 1e-6), 0.0, 1.0)
    mix = jnp.where(style == 0, (checker - 0.5) * sharp + 0.5, jnp.where(style == 1, 0.35, 0.0))
    mix = jnp.maximum(mix, joint * jnp.where(style == 0, 0.5, 0.9))
    tone = 1.0 + 0.22 * sharp * _jitter(column * 3.0 + line * 5.0)
    on_floor, on_ceiling = normal[2] > 0.5, normal[2] < -0.5
    skirting = (point[2] < _SKIRTING) & ~on_floor
    groove = skirting & (point[2] > _SKIRTING - jnp.minimum(blur, 0.02) - 0.008)
    paint = []
    for a, b, wall in zip(
        _scene(arrays, pack.FLOOR_A), _scene(arrays, pack.FLOOR_B), _scene(arrays, pack.WALL), strict=True
    ):
        ground = (a + (b - a) * mix) * tone
        side = jnp.where(groove, 0.45, jnp.where(skirting, 0.85, wall))
        paint.append(jnp.where(on_floor, ground, jnp.where(on_ceiling, 0.88, side)))
    return tuple(paint)


def solid_surface(row: jax.Array, point: Vector) -> tuple[Vector, Vector]:
    """(normal, local point) on solids. row: float32[COLUMNS, B, P] of the solid each ray hit."""
    c, s = row[pack.COS], row[pack.SIN]
    x, y, z = (point[i] - row[i] for i in range(3))
    x, y = c * x + s * y, c * y - s * x
    hx, hy, hz = (row[3 + i] for i in range(3))
    shape = row[pack.SHAPE]
    bx, by, bz = jnp.abs(x) / hx, jnp.abs(y) / hy, jnp.abs(z) / hz
    # The face whose plane the point is nearest to, in metres.
    ex, ey, ez = hx * (1 - bx), hy * (1 - by), hz * (1 - bz)
    face_z = ez <= jnp.minimum(ex, ey)
    face_x = ~face_z & (ex <= ey)
    slope = row[pack.SLOPE]
    rho = jnp.sqrt(x * x + y * y)
    side = row[pack.RADIUS] + slope * z - rho
    cap = ez < side
    lean = 1.0 / jnp.sqrt(1.0 + slope * slope)
    ring = lean / jnp.maximum(rho, 1e-9)
    gx, gy, gz = x / (hx * hx), y / (hy * hy), z / (hz * hz)
    unit = jax.lax.rsqrt(jnp.maximum(gx * gx + gy * gy + gz * gz, 1e-20))
    is_box, is_cylinder = shape == BOX, shape == CYLINDER
    nx = jnp.where(is_cylinder, jnp.where(cap, 0.0, x * ring), gx * unit)
    ny = jnp.where(is_cylinder, jnp.where(cap, 0.0, y * ring), gy * unit)
    nz = jnp.where(is_cylinder, jnp.where(cap, jnp.sign(z), -slope * lean), gz * unit)
    nx = jnp.where(is_box, jnp.where(face_x, jnp.sign(x), 0.0), nx)
    ny = jnp.where(is_box, jnp.where(~face_x & ~face_z, jnp.sign(y), 0.0), ny)
    nz = jnp.where(is_box, jnp.where(face_z, jnp.sign(z), 0.0), nz)
    return (c * nx - s * ny, s * nx + c * ny, nz), (x, y, z)


def solid_paint(row: jax.Array, place: Vector, normal: Vector, blur: jax.Array) -> tuple[Vector, jax.Array]:
    """(linear RGB, gloss) of solids at a local point, with the texture of their material."""
    x, y, z = place
    material = row[pack.MATERIAL]
    wood, fabric = material == _CODE["wood"], material == _CODE["fabric"]
    metal, glass = material == _CODE["metal"], material == _CODE["glass"]
    ceramic, plastic = material == _CODE["ceramic"], material == _CODE["plastic"]
    # Boards 10 cm wide, across x on level faces and upright ones alike, with a finer grain.
    board = jnp.floor((y + jnp.where(jnp.abs(normal[2]) > 0.5, 0.0, z) + 7.0) / 0.1)
    seam = jnp.abs((y + jnp.where(jnp.abs(normal[2]) > 0.5, 0.0, z) + 7.0) / 0.1 - board - 0.5)
    fade = jnp.clip(1.5 - 15.0 * blur, 0.0, 1.0)
    grain = _wave((y + z) * 260.0 + 3.0 * _wave(x * 9.0 + board)) * jnp.clip(1 - blur * 90, 0, 1)
    wooden = 1.0 + fade * (0.3 * _jitter(board) - 0.25 * (seam > 0.46)) + 0.07 * grain
    weave = _wave(x * 420.0) * _wave((y + z) * 420.0) * jnp.clip(1 - blur * 140, 0, 1)
    tone = jnp.where(wood, wooden, jnp.where(fabric, 1.0 + 0.1 * weave, 1.0))
    inner = row[3] * 0.86
    square = row[pack.SHAPE] == BOX
    rim = jnp.where(square, jnp.maximum(jnp.abs(x), jnp.abs(y)), jnp.sqrt(x * x + y * y))
    opening = (row[pack.HOLLOW] > 0.5) & (normal[2] > 0.5) & (rim < inner)
    tone = jnp.where(opening, 0.3, tone)
    gloss = jnp.where(metal, 0.5, jnp.where(glass, 0.7, jnp.where(ceramic, 0.45, 0.0)))
    gloss = jnp.where(opening, 0.0, jnp.where(plastic, 0.2, gloss))
    red, green, blue = (row[11 + i] * tone for i in range(3))
    return (red, green, blue), gloss


def encode(linear_rgb: jax.Array) -> jax.Array:
    """uint8 sRGB of linear light (IEC 61966-2-1), clipped."""
    value = jnp.clip(linear_rgb, 0.0, 1.0)
    curve = 1.055 * jnp.power(jnp.maximum(value, 0.0031308), 1 / 2.4) - 0.055
    return jnp.round(255.0 * jnp.where(value <= 0.0031308, 12.92 * value, curve)).astype(jnp.uint8)
