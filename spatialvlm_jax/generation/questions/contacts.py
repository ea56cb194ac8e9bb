"""What touches what, and what rests on what; as `relations`, for all pairs of a scene at once."""

import numpy as np

from spatialvlm_jax.generation.questions.relations import for_pairs, surface_noise, worded
from spatialvlm_jax.scene.geometry import SceneGeometry

# Contact: surfaces this close touch; apart are those farther than `APART`, metres, and than a
# tenth of the smaller object. A resting object's bottom lies within `RESTING` of what carries it.
CONTACT, APART, APART_SHARE = 0.005, 0.05, 0.1
RESTING = 0.02


def _carried(geometry: SceneGeometry) -> np.ndarray:
    """bool[N, N], whether i rests on j, on what rests on j, and so on, as far as it is told."""
    number = len(geometry.objects)
    carried = np.zeros((number, number), bool)
    for index, thing in enumerate(geometry.objects):
        below = thing.support
        while below is not None and not carried[index, below]:
            carried[index, below] = True
            below = geometry.objects[below].support
    return carried


def _supports(geometry: SceneGeometry) -> tuple[np.ndarray, np.ndarray]:
    """bool[N, N], whether i rests right on j; bool[N], whether what i rests on is told."""
    things = geometry.objects
    below = np.array([-1 if thing.support is None else thing.support for thing in things], int)
    told = np.array([thing.provenance == "exact" for thing in things], bool) | (below >= 0)
    return below[:, None] == np.arange(len(things)), told


def _over(geometry: SceneGeometry) -> np.ndarray:
    """bool[N, N], whether the centre of i lies over the oriented box of j."""
    step = (geometry.centers[:, None] - geometry.centers)[..., :2]
    along = np.einsum("ijx,jkx->ijk", step, geometry.plan_axes)
    return (np.abs(along) <= geometry.sides / 2).all(-1)


@for_pairs
def on_top_of(geometry: SceneGeometry) -> np.ndarray:
    """ "on" or "off": what i rests on where that is told, else judged by the boxes.

    By the boxes, i is on j if its centre lies over j and its bottom at j's top; off j if their
    footprints are apart, if it ends below j's lower quarter, or hangs above j. Between, and where
    i rests on something that rests on j, it is None.
    """
    resting, told = _supports(geometry)
    bottom, top = geometry.low[:, 2], geometry.high[:, 2]
    noise = surface_noise(geometry)
    tolerance = np.maximum(RESTING, noise)
    gap = bottom[:, None] - top
    close = (np.abs(gap) <= tolerance) & (tolerance <= geometry.height[:, None] / 2)
    apart = geometry.plan_gap > tolerance
    under = bottom[:, None] + noise < bottom + geometry.height / 4
    seen_on = close & _over(geometry)
    seen_off = apart | under | (gap > tolerance + APART)
    return worded(
        ("on", np.where(told[:, None], resting, seen_on)),
        ("off", np.where(told[:, None], ~_carried(geometry), seen_off)),
    )


@for_pairs
def touching(geometry: SceneGeometry) -> np.ndarray:
    """ "touching" or "apart": nearest surface distance, or that one is known to rest on the other.

    Of an object known by the points seen of it only, the unseen side may be the nearest: it counts
    as apart where a gap separates the boxes.
    """
    resting = _supports(geometry)[0]
    resting = resting | resting.T
    noise, nearest = surface_noise(geometry), geometry.surface_distance
    above = geometry.low[:, None, 2] - geometry.high[:, 2]
    separate = np.maximum(geometry.plan_gap, np.maximum(above, above.T))
    clouds = geometry.is_cloud[:, None] | geometry.is_cloud
    least = np.where(clouds, np.minimum(separate, nearest), nearest)
    margin = np.maximum(APART, APART_SHARE * np.minimum(geometry.size[:, None], geometry.size))
    return worded(
        ("touching", resting | (nearest + noise <= CONTACT)), ("apart", least - noise > margin)
    )
