"""Distances from where things are: what is known of an episode corrects what is seen in a frame.

A model holds where each thing is before it says how far apart two are, and holds it better: it
looks for one thing at a time. What stands still throughout is where most frames have it; what is
held moves as its holder does.

Axes: N frames of one episode, in order.
"""

import warnings

import numpy as np

from spatialvlm_jax.scene.object_values import SMALLEST_METRES

# How far a thing may be from where it is carried, relative to how far off the holder is, before it
# counts a quarter where it is seen; chosen on other rendered episodes than those of the tables.
_AGREE_WITHIN = 0.04


def placed_distances(places: np.ndarray, still: bool = False) -> np.ndarray:
    """Distances between the centers of a thing and of another one in every frame.

    Args:
      places: float[N, 2, 3] of the two things, or float[N, 3, 3] with what holds the first one;
        metres, canonical frame, seen from the camera; NaN where it is not known.
      still: the second thing does not move: it is taken to be where the median of all frames has
        it, and may be hidden in some.

    Returns:
      float64[N], metres; NaN where one of the two is not known. A holder carries the first thing at
      the median of how they lie to each other. It is half-way between there and where it is seen,
      and the nearer to there the more the two are apart: fingers hide what they hold, and what is
      hidden is seen in something else.
    """
    first, second, *holder = np.moveaxis(np.asarray(places, np.float64), 1, 0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of frames in which nothing is known
        if holder:
            first = _carried(first, holder[0])
        if still:
            second = np.broadcast_to(np.nanmedian(second, axis=0), second.shape)
    return np.linalg.norm(first - second, axis=1)


def _carried(seen: np.ndarray, holder: np.ndarray) -> np.ndarray:
    """Where a thing is that something holds: float64[N, 3].

    Args:
      seen: float64[N, 3], of the thing. holder: likewise.
    """
    carried = holder + np.nanmedian(seen - holder, axis=0)
    far = np.maximum(np.linalg.norm(holder, axis=1), SMALLEST_METRES)
    apart = np.linalg.norm(seen - carried, axis=1) / far
    weight = 0.5 / (1.0 + (apart / _AGREE_WITHIN) ** 2)
    both = carried + weight[:, None] * (seen - carried)
    return np.where(np.isnan(both), np.where(np.isnan(seen), carried, seen), both)
