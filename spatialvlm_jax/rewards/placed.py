"""Distances from where things are: what is known of an episode corrects what is seen in a frame.

A model holds where each thing is before it says how far apart two are, and holds it better: it
looks for one thing at a time. What stands still throughout is where most frames have it; what is
held moves as its holder does.

Axes: N frames of one episode, in order.
"""

import warnings

import numpy as np


def placed_distances(places: np.ndarray, still: bool = False) -> np.ndarray:
    """Distances between the centers of a thing and of another one in every frame.

    Args:
      places: float[N, 2, 3] of the two things, or float[N, 3, 3] with what holds the first one;
        metres, in one frame of reference; NaN where it is not known.
      still: the second thing does not move: it is taken to be where the median of all frames has
        it, and may be hidden in some.

    Returns:
      float64[N], metres; NaN where one of the two is not known. With a holder the first thing is
      half-way between where it is seen and where its holder carries it: at the median of how they
      lie to each other.
    """
    first, second, *holder = np.moveaxis(np.asarray(places, np.float64), 1, 0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of frames in which nothing is known
        if holder:
            carried = holder[0] + np.nanmedian(first - holder[0], axis=0)
            first = np.nanmean([first, carried], axis=0)
        if still:
            second = np.broadcast_to(np.nanmedian(second, axis=0), second.shape)
    return np.linalg.norm(first - second, axis=1)
