"""Batches of packed scenes drawn: colour, depth, which object each pixel shows.

Axes: B scenes, S image size, P = S * S rays in rows.
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from spatialvlm_jax.worlds import pack, shade, trace
from spatialvlm_jax.worlds.config import WorldConfig
from spatialvlm_jax.worlds.trace import Vector

_LIFT = 1e-3


class Rendered(NamedTuple):
    """image: uint8[B, S, S, 3]. depth: float32[B, S, S], metres along the camera's z.
    instance: int8[B, S, S], object index, -1 for the room. covered: int32[B, S, S], bit i is set
    where object i would be seen if nothing stood before it."""

    image: jax.Array
    depth: jax.Array
    instance: jax.Array
    covered: jax.Array


def camera_rays(arrays: dict[str, jax.Array], u: jax.Array, v: jax.Array) -> tuple[Vector, Vector]:
    """(origin, direction) of rays through image points u, v in half widths (1 is the edge).

    The direction has length 1 along the camera's z: t is depth.
    """
    scene = arrays["scene"]
    half = scene[:, pack.TANGENT, None]
    right, down, forward = scene[:, pack.RIGHT], scene[:, pack.DOWN], scene[:, pack.FORWARD]
    direction = tuple(
        forward[:, i, None] + u * half * right[:, i, None] + v * half * down[:, i, None] for i in range(3)
    )
    origin = tuple(scene[:, i, None] for i in range(3))
    return origin, direction


def _grid(size: int, dx: float, dy: float) -> tuple[jax.Array, jax.Array]:
    """u, v float32[1, P] of every pixel, sampled at (dx, dy) within it (0.5 is its centre)."""
    columns = (np.arange(size) + dx) / size * 2.0 - 1.0
    lines = (np.arange(size) + dy) / size * 2.0 - 1.0
    u, v = np.meshgrid(columns, lines)
    return jnp.asarray(u.reshape(1, -1), jnp.float32), jnp.asarray(v.reshape(1, -1), jnp.float32)


def _disc(count: int, turn: float) -> np.ndarray:
    """float64[count, 2]: points spread evenly over the unit disc (sunflower), turned by `turn`."""
    index = np.arange(count) + 0.5
    radius, angle = np.sqrt(index / count), index * 2.399963 + turn
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], -1)


def _light_directions(light: jax.Array, config: WorldConfig, turn: float) -> list[Vector]:
    """Directions towards points of the light, each float32[B, 1]; light: float32[B, 3]."""
    side = jnp.stack([-light[:, 1], light[:, 0], jnp.zeros_like(light[:, 0])], -1)
    side = side / jnp.linalg.norm(side, axis=-1, keepdims=True)
    over = jnp.cross(light, side)
    result = []
    for a, b in _disc(config.shadow_samples, turn) if config.shadow_samples > 1 else [(0.0, 0.0)]:
        ray = light + config.light_radius * (a * side + b * over)
        result.append(tuple(ray[:, i, None] for i in range(3)))
    return result


def _dome(
    arrays: dict[str, jax.Array], start: Vector, normal: Vector, config: WorldConfig, turn: float
) -> jax.Array:
    """Share of the upper half space's light that arrives, cosine weighted, [B, P]."""
    reach = 0.78 + 0.22 * normal[2]
    if config.dome_samples == 0:
        return reach
    arrived, total = jnp.zeros_like(reach), jnp.zeros_like(reach)
    for a, b in _disc(config.dome_samples, turn):
        up = float(np.sqrt(max(1.0 - 0.95 * (a * a + b * b), 0.05)))
        ray = tuple(jnp.full((reach.shape[0], 1), c, jnp.float32) for c in (a, b, up))
        facing = jnp.maximum(normal[0] * a + normal[1] * b + normal[2] * up, 0.0) + 0.08
        arrived += jnp.where(trace.shadowed(arrays, start, ray), 0.0, facing)
        total += facing
    return reach * arrived / total


def _colour(
    arrays: dict[str, jax.Array],
    origin: Vector,
    direction: Vector,
    hits: trace.Hits,
    config: WorldConfig,
    turn: float,
) -> tuple[jax.Array, jax.Array]:
    """(linear RGB float32[B, P, 3], depth float32[B, P]) of camera rays."""
    depth_room, normal_room = shade.room_exit(arrays, origin, direction)
    on_solid = hits.depth < depth_room
    depth = jnp.minimum(hits.depth, depth_room)
    point = tuple(o + depth * d for o, d in zip(origin, direction, strict=True))
    blur = depth * (2.0 / config.image_size) * arrays["scene"][:, pack.TANGENT, None]
    normal_solid, place = shade.solid_surface(hits.row, point)
    paint_solid, gloss = shade.solid_paint(hits.row, place, normal_solid, blur)
    paint_room = shade.room_paint(arrays, point, normal_room, blur)
    normal = tuple(
        jnp.where(on_solid, a, b) for a, b in zip(normal_solid, normal_room, strict=True)
    )
    paint = [jnp.where(on_solid, a, b) for a, b in zip(paint_solid, paint_room, strict=True)]
    gloss = jnp.where(on_solid, gloss, 0.0)
    lift = _LIFT * (1.0 + depth)
    start = tuple(p + n * lift for p, n in zip(point, normal, strict=True))
    light = arrays["scene"][:, pack.LIGHT]
    direct, shine = jnp.zeros_like(depth), jnp.zeros_like(depth)
    view = jax.lax.rsqrt(sum(d * d for d in direction))
    rays = _light_directions(light, config, turn)
    for ray in rays:
        lambert = jnp.maximum(sum(n * c for n, c in zip(normal, ray, strict=True)), 0.0)
        lit = jnp.where(trace.shadowed(arrays, start, ray), 0.0, 1.0)
        half = [c - d * view for c, d in zip(ray, direction, strict=True)]
        length = jax.lax.rsqrt(sum(h * h for h in half))
        glint = jnp.maximum(sum(n * h for n, h in zip(normal, half, strict=True)) * length, 0.0)
        direct += lambert * lit
        shine += jnp.square(jnp.square(jnp.square(jnp.square(glint * glint)))) * lit
    ambient = arrays["scene"][:, pack.AMBIENT, None]
    received = (1.0 - ambient) * 1.15 * direct / len(rays)
    received += ambient * 1.15 * _dome(arrays, start, normal, config, turn)
    shine = gloss * shine / len(rays)
    rgb = jnp.stack([channel * received + shine for channel in paint], axis=-1)
    return rgb, depth


def _render(arrays: dict[str, jax.Array], config: WorldConfig) -> Rendered:
    size, side = config.image_size, config.supersample
    batch = arrays["scene"].shape[0]
    origin, direction = camera_rays(arrays, *_grid(size, 0.5, 0.5))
    hits = trace.nearest(arrays, origin, direction)
    if side == 1:
        rgb, depth = _colour(arrays, origin, direction, hits, config, 0.0)
    else:
        depth = jnp.minimum(hits.depth, shade.room_exit(arrays, origin, direction)[0])
        rgb = jnp.zeros((batch, size * size, 3), jnp.float32)
        for sample in range(side * side):
            offset = ((sample % side + 0.5) / side, (sample // side + 0.5) / side)
            start, ray = camera_rays(arrays, *_grid(size, *offset))
            found = trace.nearest(arrays, start, ray)
            rgb += _colour(arrays, start, ray, found, config, 1.7 * sample)[0]
        rgb = rgb / (side * side)
    owner = hits.row[pack.OBJECT].astype(jnp.int8)
    instance = jnp.where(hits.solid >= 0, owner, jnp.int8(-1))
    frame = (batch, size, size)
    return Rendered(
        shade.encode(rgb).reshape(*frame, 3),
        depth.reshape(frame),
        instance.reshape(frame),
        hits.covered.reshape(frame),
    )


@functools.lru_cache(maxsize=8)
def renderer(config: WorldConfig):
    """The compiled renderer of a config: arrays of `pack.pack` -> `Rendered`."""
    return jax.jit(functools.partial(_render, config=config))
