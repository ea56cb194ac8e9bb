"""Colour of the nearest surface: paint, texture, light and shadow.

Axes: B scenes, P rays; vectors are three arrays as in `trace`.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp

from spatialvlm_jax.worlds import pack
from spatialvlm_jax.worlds.catalog import MATERIALS
from spatialvlm_jax.worlds.parts import BOX, CYLINDER
from spatialvlm_jax.worlds.trace import Vector

SOLID, FLOOR, WALL, SKIRTING, GROOVE, CEILING, RUG, PICTURE, FRAME = range(9)
_SKIRTING_HEIGHT = 0.1
_GLOSS = {"metal": 0.5, "glass": 0.7, "ceramic": 0.45, "plastic": 0.2}
_CODE = {name: index for index, name in enumerate(MATERIALS)}


def dot(a: Sequence[jax.Array], b: Sequence[jax.Array]) -> jax.Array:
    """The scalar product of vectors given by their three coordinates."""
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


def room_exit(
    arrays: dict[str, jax.Array], origin: Vector, direction: Vector
) -> tuple[jax.Array, Vector]:
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
    nx, ny, nz = (
        jnp.where(on, -jnp.sign(d), 0.0)
        for on, d in zip((on_x, on_y, on_z), direction, strict=True)
    )
    return t, (nx, ny, nz)


def corner(arrays: dict[str, jax.Array], point: Vector, normal: Vector) -> jax.Array:
    """Share of ambient light that reaches a point past the room's own edges, float32[B, P]."""
    x0, x1, y0, y1, height = _scene(arrays, pack.ROOM)
    share = jnp.ones_like(point[0])
    gaps = (point[0] - x0, x1 - point[0], point[1] - y0, y1 - point[1], height - point[2], point[2])
    facing = (normal[0], -normal[0], normal[1], -normal[1], -normal[2], normal[2])
    for gap, toward in zip(gaps, facing, strict=True):
        close = 0.3 * jnp.exp(-3.5 * jnp.maximum(gap, 0.0))
        share = share * (1.0 - jnp.where(toward > 0.5, 0.0, close))
    return share


class Texture(NamedTuple):
    """What is drawn on a surface, before it meets light; each float32[B, P].

    tone: factor on the paint. gloss: strength of the highlight. mix: share of the floor's second
    colour (of the floor, the rug or the picture). region: what it is, SOLID, FLOOR, ..., FRAME.
    """

    tone: jax.Array
    gloss: jax.Array
    mix: jax.Array
    region: jax.Array


def room_texture(
    arrays: dict[str, jax.Array], point: Vector, normal: Vector, blur: jax.Array
) -> Texture:
    """The room's own pattern, of fixed real size: tiles of 0.5 m or 0.3 m, boards of 0.15 m, a
    skirting 0.1 m high. blur: metres a pixel covers there; what is finer fades out.
    """
    style = arrays["scene"][:, pack.FLOOR_STYLE, None]
    checkered, planked = style == 0, style == 1
    pitch = jnp.where(checkered, 0.5, jnp.where(planked, 0.15, 0.3))
    length = jnp.where(planked, 1.2, pitch)
    column = jnp.floor(point[0] / pitch)
    along = point[1] / length + jnp.where(planked, 0.37 * column, 0.0)
    line = jnp.floor(along)
    sharp = jnp.clip(1.5 - 1.5 * blur / pitch, 0.0, 1.0)
    checker = 2.0 * _fraction(0.5 * (column + line))
    edge = jnp.minimum(
        (0.5 - jnp.abs(point[0] / pitch - column - 0.5)) * pitch,
        (0.5 - jnp.abs(along - line - 0.5)) * length,
    )
    joint = jnp.clip(1.0 - edge / jnp.maximum(0.006, 0.6 * blur), 0.0, 1.0)
    joint = joint * jnp.clip(0.012 / jnp.maximum(blur, 1e-6), 0.0, 1.0)
    mix = jnp.where(checkered, (checker - 0.5) * sharp + 0.5, jnp.where(planked, 0.35, 0.0))
    mix = jnp.maximum(mix, joint * jnp.where(checkered, 0.5, 0.9))
    tone = 1.0 + 0.22 * sharp * _jitter(column * 3.0 + line * 5.0)
    groove = point[2] > _SKIRTING_HEIGHT - jnp.minimum(blur, 0.02) - 0.008
    side = jnp.where(point[2] >= _SKIRTING_HEIGHT, WALL, jnp.where(groove, GROOVE, SKIRTING))
    on_floor = normal[2] > 0.5
    region = jnp.where(on_floor, FLOOR, jnp.where(normal[2] < -0.5, CEILING, side))
    texture = Texture(jnp.where(on_floor, tone, 1.0), jnp.zeros_like(tone), mix, region)
    return _decorated(arrays, texture, point, normal, blur)


def _decorated(
    arrays: dict[str, jax.Array], texture: Texture, point: Vector, normal: Vector, blur: jax.Array
) -> Texture:
    """The texture with the scene's rug and the picture on its back wall; sizes of 0 are none."""
    x0, x1, y0, y1 = _scene(arrays, pack.RUG)
    inset = jnp.minimum(
        jnp.minimum(point[0] - x0, x1 - point[0]), jnp.minimum(point[1] - y0, y1 - point[1])
    )
    on_rug = (texture.region == FLOOR) & (inset > 0.0)
    band = (inset > 0.08) & (inset < 0.14) | (inset > 0.17) & (inset < 0.19)
    weave = _wave(point[0] * 300.0) * _wave(point[1] * 300.0) * jnp.clip(1 - blur * 100, 0, 1)
    middle, level, half_width, half_height = _scene(arrays, pack.PICTURE)
    across, up = point[0] - middle, point[2] - level
    edge = jnp.minimum(half_width - jnp.abs(across), half_height - jnp.abs(up))
    on_picture = (normal[1] < -0.5) & (edge > 0.0)
    hills = 0.12 * _wave(across * 7.0 + middle) + 0.05 * _wave(across * 17.0)
    low = up < (hills - 0.15) * half_height
    mat = edge < 0.07
    region = jnp.where(on_rug, RUG, texture.region)
    region = jnp.where(on_picture, jnp.where(edge < 0.025, FRAME, PICTURE), region)
    return Texture(
        jnp.where(on_rug, 1.0 + 0.08 * weave, jnp.where(on_picture, 1.0, texture.tone)),
        texture.gloss,
        jnp.where(
            on_rug, 1.0 * band, jnp.where(on_picture, jnp.where(mat, 2.0, 1.0 * low), texture.mix)
        ),
        region,
    )


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


def solid_texture(row: jax.Array, place: Vector, normal: Vector, blur: jax.Array) -> Texture:
    """The pattern of a solid's material at a local point; arguments as above."""
    x, y, z = place
    material = row[pack.MATERIAL]
    # Boards 10 cm wide along x, with a finer grain; on upright faces they lie one on the other.
    across = (y + jnp.where(jnp.abs(normal[2]) > 0.5, 0.0, z) + 7.0) / 0.1
    board = jnp.floor(across)
    seam = jnp.abs(across - board - 0.5) > 0.46
    fade = jnp.clip(1.5 - 15.0 * blur, 0.0, 1.0)
    grain = _wave((y + z) * 260.0 + 3.0 * _wave(x * 9.0 + board)) * jnp.clip(1 - blur * 90, 0, 1)
    wooden = 1.0 + fade * (0.3 * _jitter(board) - 0.25 * seam) + 0.07 * grain
    weave = _wave(x * 420.0) * _wave((y + z) * 420.0) * jnp.clip(1 - blur * 140, 0, 1)
    tone = jnp.where(material == _CODE["wood"], wooden, 1.0)
    tone = jnp.where(material == _CODE["fabric"], 1.0 + 0.1 * weave, tone)
    gloss = jnp.zeros_like(tone)
    for name, strength in _GLOSS.items():
        gloss = jnp.where(material == _CODE[name], strength, gloss)
    square = row[pack.SHAPE] == BOX
    rim = jnp.where(square, jnp.maximum(jnp.abs(x), jnp.abs(y)), jnp.sqrt(x * x + y * y))
    opening = (row[pack.HOLLOW] > 0.5) & (normal[2] > 0.5) & (rim < row[3] * 0.86)
    tone, gloss = jnp.where(opening, 0.3, tone), jnp.where(opening, 0.0, gloss)
    return Texture(tone, gloss, jnp.zeros_like(tone), jnp.full_like(tone, SOLID))


def paint(arrays: dict[str, jax.Array], row: jax.Array, texture: Texture) -> Vector:
    """Linear red, green and blue, float32[B, P] each, of textured surfaces in white light."""
    channels = []
    for channel in range(3):
        first, second, wall, rug, stripe, sky, ground = (
            arrays["scene"][:, start + channel, None]
            for start in range(pack.COLORS.start, pack.COLORS.stop, 3)
        )
        value = first + (second - first) * texture.mix
        value = jnp.where(texture.region == WALL, wall, value)
        value = jnp.where(texture.region == SKIRTING, 0.85, value)
        value = jnp.where(texture.region == GROOVE, 0.45, value)
        value = jnp.where(texture.region == CEILING, 0.88, value)
        value = jnp.where(texture.region == RUG, rug + (stripe - rug) * texture.mix, value)
        picture = jnp.where(texture.mix > 1.5, 0.86, sky + (ground - sky) * texture.mix)
        value = jnp.where(texture.region == PICTURE, picture, value)
        value = jnp.where(texture.region == FRAME, 0.06, value)
        value = jnp.where(texture.region == SOLID, row[pack.RGB.start + channel], value)
        channels.append(value * texture.tone)
    return channels[0], channels[1], channels[2]


def encode(value: jax.Array) -> jax.Array:
    """uint8 sRGB of linear light, clipped: a fit of IEC 61966-2-1 by square roots, within one
    level of its power law and a tenth of its cost."""
    value = jnp.clip(value, 0.0, 1.0)
    root = jnp.sqrt(value)
    fourth = jnp.sqrt(root)
    eighth = jnp.sqrt(fourth)
    curve = 0.6620027 * root + 0.6841221 * fourth - 0.3235836 * eighth - 0.02254115 * value
    curve = jnp.where(value <= 0.0031308, 12.92 * value, curve)
    return jnp.round(255.0 * curve).astype(jnp.uint8)
