"""Batches of packed scenes drawn: colour, depth, which object each pixel shows.

Axes: B scenes, S image size, P = S * S rays in rows. The picture is made in stages (trace,
surface, texture, light, develop), each compiled by itself: in one program the compiler would
fuse them and work out the shared values again for every channel, at several times the cost.
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from spatialvlm_jax.worlds import pack, shade, trace
from spatialvlm_jax.worlds.config import WorldConfig
from spatialvlm_jax.worlds.light import Light, illuminate, light_samples
from spatialvlm_jax.worlds.shade import Texture
from spatialvlm_jax.worlds.trace import Hits, Vector

Arrays = dict[str, jax.Array]


class Rendered(NamedTuple):
    """image: red, green and blue, uint8[B, S, S] each.
    depth: float32[B, S, S], metres along the camera's z.
    instance: int8[B, S, S], object index, -1 for the room.
    covered: int32[B, S, S], bit i is set where object i would be seen if nothing stood before it.
    """

    image: Vector
    depth: jax.Array
    instance: jax.Array
    covered: jax.Array


class RayHits(NamedTuple):
    """What the camera's rays meet. depth: float32[B, P]; on_solid: bool[B, P], else the room;
    point, normal: world frame; place: the point in the solid's own axes."""

    depth: jax.Array
    on_solid: jax.Array
    point: Vector
    normal: Vector
    place: Vector


def camera_rays(arrays: Arrays, u: jax.Array, v: jax.Array) -> tuple[Vector, Vector]:
    """(origin, direction) of rays through image points u, v in half widths (1 is the edge).

    The direction has length 1 along the camera's z: t is depth.
    """
    scene = arrays["scene"]
    half = scene[:, pack.TANGENT, None]
    right, down, forward = scene[:, pack.RIGHT], scene[:, pack.DOWN], scene[:, pack.FORWARD]
    x, y, z = (
        forward[:, i, None] + u * half * right[:, i, None] + v * half * down[:, i, None]
        for i in range(3)
    )
    return (scene[:, 0, None], scene[:, 1, None], scene[:, 2, None]), (x, y, z)


def _pixel_rays(arrays: Arrays, offset: jax.Array, size: int) -> tuple[Vector, Vector]:
    """Rays through every pixel at `offset`, float32[2] within it; its centre is (0.5, 0.5)."""
    step = jnp.arange(size * size, dtype=jnp.int32)
    u = ((step % size) + offset[0]) * (2.0 / size) - 1.0
    v = ((step // size) + offset[1]) * (2.0 / size) - 1.0
    return camera_rays(arrays, u[None], v[None])


@functools.partial(jax.jit, static_argnames="size")
def _trace(arrays: Arrays, offset: jax.Array, size: int) -> Hits:
    return trace.nearest(arrays, *_pixel_rays(arrays, offset, size))


@functools.partial(jax.jit, static_argnames="size")
def _surface(arrays: Arrays, hits: Hits, offset: jax.Array, size: int) -> RayHits:
    origin, direction = _pixel_rays(arrays, offset, size)
    depth_room, normal_room = shade.room_exit(arrays, origin, direction)
    on_solid = hits.depth < depth_room
    depth = jnp.minimum(hits.depth, depth_room)
    x, y, z = (o + depth * d for o, d in zip(origin, direction, strict=True))
    normal_solid, place = shade.solid_surface(hits.row, (x, y, z))
    nx, ny, nz = (jnp.where(on_solid, a, b) for a, b in zip(normal_solid, normal_room, strict=True))
    return RayHits(depth, on_solid, (x, y, z), (nx, ny, nz), place)


@functools.partial(jax.jit, static_argnames="size")
def _texture(arrays: Arrays, row: jax.Array, surface: RayHits, size: int) -> Texture:
    blur = surface.depth * (2.0 / size) * arrays["scene"][:, pack.TANGENT, None]
    solid = shade.solid_texture(row, surface.place, surface.normal, blur)
    room = shade.room_texture(arrays, surface.point, surface.normal, blur)
    return jax.tree.map(lambda a, b: jnp.where(surface.on_solid, a, b), solid, room)


@jax.jit
def _develop(
    arrays: Arrays, row: jax.Array, texture: Texture, light: Light, warmth: float
) -> Vector:
    """Linear colour; `warmth` makes the source yellower and what comes from everywhere bluer."""
    red, green, blue = shade.paint(arrays, row, texture)
    tints = (1.0 + warmth, 1.0 - warmth), (1.0, 1.0), (1.0 - 1.4 * warmth, 1.0 + warmth)
    red, green, blue = (
        paint * (source * light.direct + sky * light.ambient) + source * texture.gloss * light.shine
        for paint, (source, sky) in zip((red, green, blue), tints, strict=True)
    )
    return red, green, blue


@jax.jit
def _encode(colours: list[Vector]) -> Vector:
    """The mean of several samples of linear colour as sRGB."""
    red, green, blue = (
        shade.encode(sum(channel) / len(channel)) for channel in zip(*colours, strict=True)
    )
    return red, green, blue


def _sample(arrays: Arrays, offset: np.ndarray, turn: float, config: WorldConfig) -> tuple:
    """(linear colour, hits, surface) with one ray a pixel; `turn` rotates the light's samples."""
    size = config.image_size
    hits = _trace(arrays, offset, size)
    surface = _surface(arrays, hits, offset, size)
    texture = _texture(arrays, hits.row, surface, size)
    samples = light_samples(config, turn)
    light = illuminate(arrays, surface.point, surface.normal, surface.depth, *samples)
    colour = _develop(arrays, hits.row, texture, light, config.warmth)
    return colour, hits, surface


def render(arrays: dict[str, np.ndarray], config: WorldConfig) -> Rendered:
    """Draw packed scenes (`pack.pack`); geometry is taken at pixel centres.

    Compiles once for each batch size and config.
    """
    placed: Arrays = jax.device_put(arrays)
    side, centre = config.supersample, np.full(2, 0.5, np.float32)
    if side == 1:
        colour, hits, surface = _sample(placed, centre, 0.0, config)
        colours = [colour]
    else:
        hits = _trace(placed, centre, config.image_size)
        surface = _surface(placed, hits, centre, config.image_size)
        steps = (np.arange(side, dtype=np.float32) + 0.5) / side
        offsets = np.stack(np.meshgrid(steps, steps), -1).reshape(-1, 2)
        colours = [_sample(placed, at, 1.7 * n, config)[0] for n, at in enumerate(offsets)]
    frame = (len(arrays["scene"]), config.image_size, config.image_size)
    owner = jnp.where(surface.on_solid, hits.row[pack.OBJECT], -1.0).astype(jnp.int8)
    return Rendered(
        tuple(channel.reshape(frame) for channel in _encode(colours)),
        surface.depth.reshape(frame),
        owner.reshape(frame),
        hits.covered.reshape(frame),
    )
