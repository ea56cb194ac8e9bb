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
from spatialvlm_jax.worlds.shade import Texture
from spatialvlm_jax.worlds.trace import Hits, Vector

Arrays = dict[str, jax.Array]
# Shadow rays start this far from a surface, in metres at one metre's distance.
_LIFT = 1e-3
_GOLDEN_ANGLE = 2.399963


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


class Surface(NamedTuple):
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
def _surface(arrays: Arrays, hits: Hits, offset: jax.Array, size: int) -> Surface:
    origin, direction = _pixel_rays(arrays, offset, size)
    depth_room, normal_room = shade.room_exit(arrays, origin, direction)
    on_solid = hits.depth < depth_room
    depth = jnp.minimum(hits.depth, depth_room)
    x, y, z = (o + depth * d for o, d in zip(origin, direction, strict=True))
    normal_solid, place = shade.solid_surface(hits.row, (x, y, z))
    nx, ny, nz = (jnp.where(on_solid, a, b) for a, b in zip(normal_solid, normal_room, strict=True))
    return Surface(depth, on_solid, (x, y, z), (nx, ny, nz), place)


@functools.partial(jax.jit, static_argnames="size")
def _texture(arrays: Arrays, row: jax.Array, surface: Surface, size: int) -> Texture:
    blur = surface.depth * (2.0 / size) * arrays["scene"][:, pack.TANGENT, None]
    solid = shade.solid_texture(row, surface.place, surface.normal, blur)
    room = shade.room_texture(arrays, surface.point, surface.normal, blur)
    return jax.tree.map(lambda a, b: jnp.where(surface.on_solid, a, b), solid, room)


@jax.jit
def _light(
    arrays: Arrays, surface: Surface, gloss: jax.Array, lights: jax.Array, dome: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """(light received, highlight), float32[B, P] each.

    Args:
      lights: float32[L, 2], points of the unit disc that the light source is sampled at, in units
        of its half angle. dome: float32[D, 3], directions ambient light is tested from; may be 0.
    """
    normal, depth = surface.normal, surface.depth
    lift = _LIFT * (1.0 + depth)
    x, y, z = (p + n * lift for p, n in zip(surface.point, normal, strict=True))
    origin = tuple(arrays["scene"][:, i, None] for i in range(3))
    eye = [o - p for o, p in zip(origin, surface.point, strict=True)]
    scale = jax.lax.rsqrt(eye[0] * eye[0] + eye[1] * eye[1] + eye[2] * eye[2])

    def from_source(total: tuple, ray: jax.Array) -> tuple:
        toward = (ray[:, 0, None], ray[:, 1, None], ray[:, 2, None])
        lit = ~trace.shadowed(arrays, (x, y, z), toward)
        half = [c + e * scale for c, e in zip(toward, eye, strict=True)]
        length = jax.lax.rsqrt(shade.dot(half, half))
        glint = jnp.maximum(shade.dot(normal, half) * length, 0.0)
        lambert = jnp.maximum(shade.dot(normal, toward), 0.0)
        highlight = jnp.square(jnp.square(jnp.square(jnp.square(glint * glint))))
        return (total[0] + lit * lambert, total[1] + lit * highlight), None

    def from_dome(total: tuple, ray: jax.Array) -> tuple:
        toward = (ray[:, 0, None], ray[:, 1, None], ray[:, 2, None])
        weight = jnp.maximum(shade.dot(normal, toward), 0.0) + 0.08
        lit = ~trace.shadowed(arrays, (x, y, z), toward)
        return (total[0] + lit * weight, total[1] + weight), None

    none = (jnp.zeros_like(depth), jnp.zeros_like(depth))
    (direct, shine), _ = jax.lax.scan(from_source, none, _toward_light(arrays, lights))
    (arrived, possible), _ = jax.lax.scan(from_dome, none, _repeat(dome, depth.shape[0]))
    ambient = arrays["scene"][:, pack.AMBIENT, None]
    sky = 0.78 + 0.22 * normal[2]
    sky = sky * arrived / jnp.maximum(possible, 1e-6) if dome.shape[0] else sky
    received = 1.15 * ((1.0 - ambient) * direct / lights.shape[0] + ambient * sky)
    return received, gloss * shine / lights.shape[0]


def _toward_light(arrays: Arrays, lights: jax.Array) -> jax.Array:
    """float32[L, B, 3]: directions towards points of each scene's light."""
    light = arrays["scene"][:, pack.LIGHT]
    side = jnp.stack([-light[:, 1], light[:, 0], jnp.zeros_like(light[:, 0])], -1)
    side = side / jnp.maximum(jnp.linalg.norm(side, axis=-1, keepdims=True), 1e-6)
    over = jnp.cross(light, side)
    return light + lights[:, :1, None] * side + lights[:, 1:, None] * over


def _repeat(dome: jax.Array, batch: int) -> jax.Array:
    """float32[D, B, 3]: the same directions for every scene."""
    return jnp.broadcast_to(dome[:, None], (dome.shape[0], batch, 3))


@jax.jit
def _develop(
    arrays: Arrays, row: jax.Array, texture: Texture, received: jax.Array, shine: jax.Array
) -> Vector:
    red, green, blue = (c * received + shine for c in shade.paint(arrays, row, texture))
    return red, green, blue


@jax.jit
def _encode(colours: list[Vector]) -> Vector:
    """The mean of several samples of linear colour as sRGB."""
    red, green, blue = (
        shade.encode(sum(channel) / len(channel)) for channel in zip(*colours, strict=True)
    )
    return red, green, blue


def _disc(count: int, turn: float) -> np.ndarray:
    """float64[count, 2]: points spread evenly over the unit disc (Vogel 1979), turned by `turn`."""
    index = np.arange(count) + 0.5
    radius, angle = np.sqrt(index / count), index * _GOLDEN_ANGLE + turn
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], -1)


def _dome(count: int, turn: float) -> np.ndarray:
    """float64[count, 3]: directions into the upper half space, denser towards the zenith."""
    disc = _disc(count, turn)
    up = np.sqrt(1.0 - 0.95 * (disc * disc).sum(-1, keepdims=True))
    return np.concatenate([disc, up], -1)


def _sample(arrays: Arrays, offset: np.ndarray, turn: float, config: WorldConfig) -> tuple:
    """(linear colour, hits, surface) with one ray a pixel; `turn` rotates the light's samples."""
    size = config.image_size
    hits = _trace(arrays, offset, size)
    surface = _surface(arrays, hits, offset, size)
    texture = _texture(arrays, hits.row, surface, size)
    source = np.zeros((1, 2)) if config.shadow_samples == 1 else _disc(config.shadow_samples, turn)
    source = (config.light_radius * source).astype(np.float32)
    dome = _dome(config.dome_samples, turn).astype(np.float32)
    received, shine = _light(arrays, surface, texture.gloss, source, dome)
    return _develop(arrays, hits.row, texture, received, shine), hits, surface


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
