"""What rests on what, and how far down an object goes whose underside the camera cannot see."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from spatialvlm_jax.scene.records import Object3D

# An object rests on a surface if its lowest point seen is at most this share of its height away;
# a bowl's or a ball's own body hides how it goes on below.
_HIDDEN_SHARE = 0.25
# Metres, for flat things.
_LEAST = 0.02


def rest(
    objects: Sequence[Object3D], turn: np.ndarray, camera_height: float | None
) -> list[Object3D]:
    """The objects with `support` set, and their boxes carried down to what they rest on.

    An object rests on the highest surface at its bottom, the top of another object that is below
    its centre or the ground. Where its lowest seen point lies above that by less than a quarter
    of its height, its box ends there.

    Args:
      objects: upright boxes. turn: float64[3, 3], from the camera frame to axes whose third is up.
      camera_height: metres over the ground, or None.
    """
    number = len(objects)
    centers = np.array([thing.center for thing in objects]) @ turn.T
    extents = np.array([thing.extents for thing in objects])
    slack = np.array([3 * thing.std for thing in objects])
    low, high = centers[:, 2] - extents[:, 2] / 2, centers[:, 2] + extents[:, 2] / 2
    tops = np.append(high, -np.inf if camera_height is None else -camera_height)
    near = np.maximum(_HIDDEN_SHARE * extents[:, 2], _LEAST) + slack
    gap = low[:, None] - tops
    rests = np.abs(gap) <= near[:, None]
    rests[:, :number] &= _below(objects, turn, centers) & (high[:, None] > high)
    best = np.where(rests, tops, -np.inf).argmax(1)
    result = []
    for index, thing in enumerate(objects):
        support = int(best[index])
        if rests[index, support]:
            drop = max(float(gap[index, support]), 0.0)
            thing = dataclasses.replace(
                thing,
                support=support if support < number else None,
                center=thing.center - turn[2] * (drop / 2),
                extents=thing.extents + np.array([0.0, 0.0, drop]),
            )
        result.append(thing)
    return result


def _below(objects: Sequence[Object3D], turn: np.ndarray, centers: np.ndarray) -> np.ndarray:
    """bool[N, N]: the centre of i is above or below the footprint of j."""
    within = np.zeros((len(objects), len(objects)), np.bool_)
    for index, thing in enumerate(objects):
        local = (centers - centers[index])[:, :2] @ (turn @ thing.rotation)[:2, :2]
        within[:, index] = (np.abs(local) <= thing.extents[:2] / 2).all(1)
        within[index, index] = False
    return within
