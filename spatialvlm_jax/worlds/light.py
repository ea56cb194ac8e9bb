"""Light on surfaces: one distant source with shadows, and ambient light from above.

Axes: B scenes, P rays, L points of the source, D directions of ambient light.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from spatialvlm_jax.worlds import pack, shade, trace
from spatialvlm_jax.worlds.config import WorldConfig
from spatialvlm_jax.worlds.trace import Vector

# Shadow rays start this far from a surface, in metres at one metre's distance.
_LIFT = 1e-3
_EXPOSURE = 1.15
_GOLDEN_ANGLE = 2.399963


class Light(NamedTuple):
    """What arrives, each float32[B, P]. direct: from the source; ambient: from everywhere else;
    shine: the source's highlight on a surface of full gloss."""

    direct: jax.Array
    ambient: jax.Array
    shine: jax.Array


@jax.jit
def illuminate(
    arrays: dict[str, jax.Array],
    point: Vector,
    normal: Vector,
    depth: jax.Array,
    source: jax.Array,
    dome: jax.Array,
) -> Light:
    """The light on visible points.

    Args:
      point, normal: world frame. depth: float32[B, P], metres from the camera.
      source: float32[L, 2], points of the source, offsets from its direction, radians.
      dome: float32[D, 3], directions ambient light is tested from; D = 0 takes it as unoccluded.
    """
    lift = _LIFT * (1.0 + depth)
    x, y, z = (p + n * lift for p, n in zip(point, normal, strict=True))
    eye = [arrays["scene"][:, i, None] - p for i, p in enumerate(point)]
    scale = jax.lax.rsqrt(shade.dot(eye, eye))

    def from_source(total: tuple, ray: jax.Array) -> tuple:
        toward = (ray[:, 0, None], ray[:, 1, None], ray[:, 2, None])
        lit = ~trace.shadowed(arrays, (x, y, z), toward)
        half = [c + e * scale for c, e in zip(toward, eye, strict=True)]
        glint = jnp.maximum(shade.dot(normal, half) * jax.lax.rsqrt(shade.dot(half, half)), 0.0)
        lambert = jnp.maximum(shade.dot(normal, toward), 0.0)
        highlight = jnp.square(jnp.square(jnp.square(jnp.square(glint * glint))))
        return (total[0] + lit * lambert, total[1] + lit * highlight), None

    def from_dome(total: tuple, ray: jax.Array) -> tuple:
        toward = (ray[:, 0, None], ray[:, 1, None], ray[:, 2, None])
        weight = jnp.maximum(shade.dot(normal, toward), 0.0) + 0.08
        lit = ~trace.shadowed(arrays, (x, y, z), toward)
        return (total[0] + lit * weight, total[1] + weight), None

    none = (jnp.zeros_like(depth), jnp.zeros_like(depth))
    (direct, shine), _ = jax.lax.scan(from_source, none, _toward(arrays, source))
    share = arrays["scene"][:, pack.AMBIENT, None]
    sky = 0.78 + 0.22 * normal[2]
    if dome.shape[0]:
        everywhere = jnp.broadcast_to(dome[:, None], (dome.shape[0], depth.shape[0], 3))
        (arrived, possible), _ = jax.lax.scan(from_dome, none, everywhere)
        sky = sky * arrived / jnp.maximum(possible, 1e-6) * shade.corner(arrays, point, normal)
    count = source.shape[0]
    return Light(_EXPOSURE * (1.0 - share) * direct / count, _EXPOSURE * share * sky, shine / count)


def _toward(arrays: dict[str, jax.Array], source: jax.Array) -> jax.Array:
    """float32[L, B, 3]: directions towards points of each scene's light."""
    light = arrays["scene"][:, pack.LIGHT]
    side = jnp.stack([-light[:, 1], light[:, 0], jnp.zeros_like(light[:, 0])], -1)
    side = side / jnp.maximum(jnp.linalg.norm(side, axis=-1, keepdims=True), 1e-6)
    over = jnp.cross(light, side)
    return light + source[:, :1, None] * side + source[:, 1:, None] * over


def light_samples(config: WorldConfig, turn: float) -> tuple[np.ndarray, np.ndarray]:
    """`source` and `dome` of `illuminate`; another `turn` (radians) samples other points."""
    source = np.zeros((1, 2)) if config.shadow_samples == 1 else _disc(config.shadow_samples, turn)
    disc = _disc(config.dome_samples, turn)
    up = np.sqrt(1.0 - 0.95 * (disc * disc).sum(-1, keepdims=True))
    dome = np.concatenate([disc, up], -1)
    return (config.light_radius * source).astype(np.float32), dome.astype(np.float32)


def _disc(count: int, turn: float) -> np.ndarray:
    """float64[count, 2]: points spread evenly over the unit disc (Vogel 1979)."""
    index = np.arange(count) + 0.5
    radius, angle = np.sqrt(index / max(count, 1)), index * _GOLDEN_ANGLE + turn
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], -1)
