"""Rays against upright solids: closed forms, batched over scenes, in float32.

Axes: B scenes, P rays. A vector is three arrays (x, y, z), each [B, P] or [B, 1], so that the
compiler fuses everything into one pass over the rays. A ray is origin + t * direction.
Solids stand upright, turned by a yaw, so that a ray needs one plane rotation per solid.
"""

from collections.abc import Callable
from typing import NamedTuple, TypeVar

import jax
import jax.numpy as jnp

from spatialvlm_jax.worlds import pack
from spatialvlm_jax.worlds.parts import SHAPES

Vector = tuple[jax.Array, jax.Array, jax.Array]
Carry = TypeVar("Carry")
FAR = 1e9
_TINY = 1e-9
# The nearest solid is kept as one integer: the float bits of t (which order as integers do, t
# being positive) with the solid's number in the last bits. One accumulator instead of two lets
# the compiler keep the whole loop body in registers; the exact t is worked out once, at the end.
_NUMBER = 127
_MISSED = 2**31 - 1


class Hits(NamedTuple):
    """depth: float32[B, P], t of the nearest surface, FAR where there is none.
    solid: int32[B, P], its row in the concatenated tables, -1 where there is none.
    row: float32[COLUMNS, B, P], that row. covered: int32[B, P], bit i is set where the ray meets
    object i, hidden or not."""

    depth: jax.Array
    solid: jax.Array
    row: jax.Array
    covered: jax.Array


def _inverse(x: jax.Array) -> jax.Array:
    return 1.0 / jnp.where(jnp.abs(x) < _TINY, _TINY, x)


def _slab(origin: jax.Array, direction: jax.Array, half: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The interval of t inside |coordinate| <= half."""
    inverse = _inverse(direction)
    middle, reach = -origin * inverse, jnp.abs(inverse) * half
    return middle - reach, middle + reach


def _box(o: Vector, d: Vector, row: jax.Array) -> tuple[jax.Array, jax.Array]:
    x, y, z = (_slab(o[i], d[i], row[3 + i]) for i in range(3))
    near = jnp.maximum(jnp.maximum(x[0], y[0]), z[0])
    return near, jnp.minimum(jnp.minimum(x[1], y[1]), z[1])


def _cylinder(o: Vector, d: Vector, row: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Frustum: radius(z) = radius + slope z between two planes.

    The quadratic is solved from the ray's point nearest the axis, where its terms are small.
    """
    slope, radius = row[pack.SLOPE], row[pack.RADIUS]
    level = jnp.maximum(d[0] * d[0] + d[1] * d[1], _TINY)
    shift = -(o[0] * d[0] + o[1] * d[1]) / level
    x, y, z = (o[i] + shift * d[i] for i in range(3))
    q, g = radius + slope * z, slope * d[2]
    a, b, c = level - g * g, -q * g, x * x + y * y - q * q
    discriminant = b * b - a * c
    root = jnp.sqrt(jnp.maximum(discriminant, 0.0))
    inverse = _inverse(a)
    middle, reach = -b * inverse, root * jnp.abs(inverse)
    low, high = middle - reach, middle + reach
    # A ray steeper than the cone's side is inside it before one root or after the other.
    steep = a < 0.0
    enter = jnp.where(steep, jnp.where(g > 0.0, high, -FAR), low)
    leave = jnp.where(steep, jnp.where(g > 0.0, FAR, low), high)
    bottom, top = _slab(z, d[2], row[5])
    near = jnp.maximum(enter, bottom) + shift
    far = jnp.minimum(leave, top) + shift
    return near, jnp.where(discriminant < 0.0, -FAR, far)


def _ellipsoid(o: Vector, d: Vector, row: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Unit sphere after scaling; solved from the ray's point nearest the centre, as above."""
    scale = tuple(1.0 / row[3 + i] for i in range(3))
    ox, oy, oz = (o[i] * scale[i] for i in range(3))
    dx, dy, dz = (d[i] * scale[i] for i in range(3))
    inverse = 1.0 / (dx * dx + dy * dy + dz * dz)
    middle = -(ox * dx + oy * dy + oz * dz) * inverse
    x, y, z = ox + middle * dx, oy + middle * dy, oz + middle * dz
    inside = 1.0 - (x * x + y * y + z * z)
    reach = jnp.sqrt(jnp.maximum(inside, 0.0) * inverse)
    return middle - reach, jnp.where(inside < 0.0, -FAR, middle + reach)


_SOLVERS = (_box, _cylinder, _ellipsoid)


def local(vector: Vector, row: jax.Array) -> Vector:
    """The vector turned from the world's axes into the solid's own."""
    c, s = row[pack.COS], row[pack.SIN]
    return c * vector[0] + s * vector[1], c * vector[1] - s * vector[0], vector[2]


def span(shape: int, o: Vector, d: Vector, row: jax.Array) -> tuple[jax.Array, jax.Array]:
    """t where rays enter and leave a solid; empty (near > far) where they miss.

    Args:
      shape: BOX, CYLINDER or ELLIPSOID. row: float32[COLUMNS, B, 1] or [COLUMNS, B, P].
    """
    relative = (o[0] - row[0], o[1] - row[1], o[2] - row[2])
    return _SOLVERS[shape](local(relative, row), local(d, row), row)


def _each(
    table: jax.Array,
    count: jax.Array,
    body: Callable[[jax.Array, jax.Array, Carry], Carry],
    carry: Carry,
) -> Carry:
    """Fold `body(row, index, carry)` over the first `count` solids of one shape."""
    rows = jnp.moveaxis(table, -1, 0)

    def turn(index: jax.Array, carry: Carry) -> Carry:
        return body(jax.lax.dynamic_slice_in_dim(rows, index, 1, axis=2), index, carry)

    return jax.lax.fori_loop(0, count, turn, carry)


def nearest(arrays: dict[str, jax.Array], origin: Vector, direction: Vector) -> Hits:
    """The nearest solid along each ray, and all objects the ray meets.

    Args:
      arrays: as `pack.pack` makes them.
      origin: world frame, metres, outside all solids. direction: world frame, any length.
    """
    extent = jnp.broadcast_shapes(origin[0].shape, direction[0].shape)
    carry = jnp.full(extent, _MISSED, jnp.int32), jnp.zeros(extent, jnp.int32)
    offset = 0
    for shape, name in enumerate(SHAPES):

        def body(
            row: jax.Array,
            index: jax.Array,
            carry: tuple[jax.Array, jax.Array],
            shape: int = shape,
            offset: int = offset,
        ) -> tuple[jax.Array, jax.Array]:
            key, covered = carry
            near, far = span(shape, origin, direction, row)
            hit = (near <= far) & (near > 0.0)
            candidate = (jax.lax.bitcast_convert_type(near, jnp.int32) & ~_NUMBER) | (
                offset + index
            )
            bit = jnp.left_shift(1, row[pack.OBJECT].astype(jnp.int32))
            return (
                jnp.where(hit, jnp.minimum(key, candidate), key),
                jnp.where(hit, covered | bit, covered),
            )

        carry = _each(arrays[name], arrays["counts"][shape], body, carry)
        offset += arrays[name].shape[1]
    key, covered = carry
    found = key < _MISSED
    solid = jnp.where(found, key & _NUMBER, 0)
    table = jnp.concatenate([arrays[name] for name in SHAPES], axis=1)
    row = jnp.moveaxis(jnp.take_along_axis(table, solid[..., None], axis=1), -1, 0)
    near = [span(shape, origin, direction, row)[0] for shape in range(len(SHAPES))]
    depth = jnp.where(
        row[pack.SHAPE] == 0, near[0], jnp.where(row[pack.SHAPE] == 1, near[1], near[2])
    )
    return Hits(jnp.where(found, depth, FAR), jnp.where(found, solid, -1), row, covered)


def shadowed(arrays: dict[str, jax.Array], origin: Vector, direction: Vector) -> jax.Array:
    """bool[B, P]: whether a solid lies along the ray. direction: float32[B, 1] each is cheapest."""
    dark = jnp.zeros(jnp.broadcast_shapes(origin[0].shape, direction[0].shape), bool)
    for shape, name in enumerate(SHAPES):

        def body(
            row: jax.Array, index: jax.Array, dark: jax.Array, shape: int = shape
        ) -> jax.Array:
            near, far = span(shape, origin, direction, row)
            return dark | ((near <= far) & (far > 0.0))

        dark = _each(arrays[name], arrays["counts"][shape], body, dark)
    return dark
