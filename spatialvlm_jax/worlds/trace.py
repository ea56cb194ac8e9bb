"""Rays against upright solids: closed forms, batched over scenes, in float32.

Axes: B scenes, P rays. A vector is three arrays (x, y, z), each [B, P] or [B, 1], so that the
compiler fuses everything into one pass over the rays. A ray is origin + t * direction.
Solids stand upright, turned by a yaw, so that a ray needs one plane rotation per solid.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from spatialvlm_jax.worlds.pack import CENTER, COS, HALF, OBJECT, RADIUS, SIN, SLOPE
from spatialvlm_jax.worlds.parts import BOX, CYLINDER, SHAPES

Vector = tuple[jax.Array, jax.Array, jax.Array]
FAR = 1e9
_UNROLL = 4
_TINY = 1e-9


class Hits(NamedTuple):
    """depth: float32[B, P], t of the nearest surface, FAR where there is none.
    solid: int32[B, P], its row in the concatenated tables, -1 where there is none.
    covered: int32[B, P], bit i is set where the ray meets object i, hidden or not."""

    depth: jax.Array
    solid: jax.Array
    covered: jax.Array


def _inverse(x: jax.Array) -> jax.Array:
    return 1.0 / jnp.where(jnp.abs(x) < _TINY, _TINY, x)


def _slab(origin: jax.Array, inverse: jax.Array, half: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The interval of t inside |coordinate| <= half."""
    middle, reach = -origin * inverse, jnp.abs(inverse) * half
    return middle - reach, middle + reach


def _box(o: Vector, d: Vector, row: jax.Array) -> tuple[jax.Array, jax.Array]:
    spans = [_slab(o[i], _inverse(d[i]), row[:, 3 + i, None]) for i in range(3)]
    near = jnp.maximum(jnp.maximum(spans[0][0], spans[1][0]), spans[2][0])
    far = jnp.minimum(jnp.minimum(spans[0][1], spans[1][1]), spans[2][1])
    return near, far


def _cylinder(o: Vector, d: Vector, row: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Frustum: radius(z) = radius + slope z between two planes (Ericson 2005, 5.3.7, for slope 0).

    The quadratic is solved from the ray's point nearest the axis, where its terms are small.
    """
    slope, radius = row[:, SLOPE, None], row[:, RADIUS, None]
    level = jnp.maximum(d[0] * d[0] + d[1] * d[1], _TINY)
    shift = -(o[0] * d[0] + o[1] * d[1]) / level
    x, y, z = (o[i] + shift * d[i] for i in range(3))
    q, g = radius + slope * z, slope * d[2]
    a = level - g * g
    b = -q * g
    c = x * x + y * y - q * q
    discriminant = b * b - a * c
    root = jnp.sqrt(jnp.maximum(discriminant, 0.0))
    inverse = _inverse(a)
    first, second = (-b - root) * inverse, (-b + root) * inverse
    low, high = jnp.minimum(first, second), jnp.maximum(first, second)
    # A ray steeper than the cone's side is inside it before one root or after the other.
    steep = a < 0.0
    enter = jnp.where(steep, jnp.where(g > 0.0, high, -FAR), low)
    leave = jnp.where(steep, jnp.where(g > 0.0, FAR, low), high)
    bottom, top = _slab(z, _inverse(d[2]), row[:, 5, None])
    near = jnp.maximum(enter, bottom) + shift
    far = jnp.minimum(leave, top) + shift
    return near, jnp.where(discriminant < 0.0, -FAR, far)


def _ellipsoid(o: Vector, d: Vector, row: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Unit sphere after scaling; from the ray's point nearest the centre, as above."""
    scale = 1.0 / row[:, HALF]
    ox, oy, oz = (o[i] * scale[:, i, None] for i in range(3))
    dx, dy, dz = (d[i] * scale[:, i, None] for i in range(3))
    square = dx * dx + dy * dy + dz * dz
    middle = -(ox * dx + oy * dy + oz * dz) / square
    x, y, z = ox + middle * dx, oy + middle * dy, oz + middle * dz
    inside = 1.0 - (x * x + y * y + z * z)
    reach = jnp.sqrt(jnp.maximum(inside, 0.0) / square)
    return middle - reach, jnp.where(inside < 0.0, -FAR, middle + reach)


_SOLVERS = (_box, _cylinder, _ellipsoid)


def local(vector: Vector, row: jax.Array) -> Vector:
    """The vector turned into the solid's own axes; row: float32[B, COLUMNS]."""
    c, s = row[:, COS, None], row[:, SIN, None]
    return c * vector[0] + s * vector[1], c * vector[1] - s * vector[0], vector[2]


def _span(shape: int, o: Vector, d: Vector, row: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Where the ray enters and leaves the solid; empty (near > far) where it misses."""
    center = row[:, CENTER]
    relative = tuple(o[i] - center[:, i, None] for i in range(3))
    return _SOLVERS[shape](local(relative, row), local(d, row), row)


def _each(shape: int, table: jax.Array, count: jax.Array, body, carry):
    """Fold `body(row, index, carry)` over the first `count` solids of one shape, a few a turn."""

    def turn(number, carry):
        for step in range(_UNROLL):
            index = jnp.minimum(number * _UNROLL + step, table.shape[1] - 1)
            row = jax.lax.dynamic_index_in_dim(table, index, axis=1, keepdims=False)
            carry = body(row, index, carry)
        return carry

    return jax.lax.fori_loop(0, (count + _UNROLL - 1) // _UNROLL, turn, carry)


def nearest(arrays: dict[str, jax.Array], origin: Vector, direction: Vector) -> Hits:
    """The nearest solid along each ray, and all objects the ray meets.

    Args:
      arrays: as `pack.pack` makes them.
      origin: world frame, metres, outside all solids. direction: world frame, any length.
    """
    extent = jnp.broadcast_shapes(origin[0].shape, direction[0].shape)
    carry = (
        jnp.full(extent, FAR, jnp.float32),
        jnp.full(extent, -1, jnp.int32),
        jnp.zeros(extent, jnp.int32),
    )
    offset = 0
    for shape, name in enumerate(SHAPES):
        table = arrays[name]

        def body(row, index, carry, shape=shape, offset=offset):
            depth, solid, covered = carry
            near, far = _span(shape, origin, direction, row)
            hit = (near <= far) & (near > 0.0)
            bit = jnp.left_shift(1, row[:, OBJECT].astype(jnp.int32))[:, None]
            closer = hit & (near < depth)
            return (
                jnp.where(closer, near, depth),
                jnp.where(closer, offset + index, solid),
                jnp.where(hit, covered | bit, covered),
            )

        carry = _each(shape, table, arrays["counts"][shape], body, carry)
        offset += table.shape[1]
    return Hits(*carry)


def shadowed(arrays: dict[str, jax.Array], origin: Vector, direction: Vector) -> jax.Array:
    """bool[B, P]: whether a solid lies along the ray. direction: float32[B, 1] each is cheapest."""
    dark = jnp.zeros(jnp.broadcast_shapes(origin[0].shape, direction[0].shape), bool)
    for shape, name in enumerate(SHAPES):

        def body(row, index, dark, shape=shape):
            near, far = _span(shape, origin, direction, row)
            return dark | ((near <= far) & (far > 0.0))

        dark = _each(shape, arrays[name], arrays["counts"][shape], body, dark)
    return dark


__all__ = ["BOX", "CYLINDER", "FAR", "Hits", "Vector", "local", "nearest", "shadowed"]
