"""A thing that is held: how far its holder is from the goal tells how far it is itself.

Fingers hide a part of what they hold, so a model reads its distance badly just while it is carried;
that of the gripper it reads as well as ever, and the two move as one.

Axes: N frames of one episode, in order.
"""

import numpy as np

from spatialvlm_jax.rewards.smoothing import LEAST_RELATIVE_SPREAD


def with_holder(
    readings: tuple[np.ndarray, np.ndarray], holder: tuple[np.ndarray, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Puts the readings of a thing and of what holds it together, in the logarithm of distance.

    The two are apart by the length of a gripper, more or less, so the holder's are first brought to
    the level of the thing's by the median of their ratio. Then each frame's two weigh by the
    inverse square of their relative spreads. Where one of them could not be told, the other counts;
    without a frame that has both, the level is not known and the thing's stay alone.

    Args:
      readings: of the thing, distances and standard deviations: float64[N] each, metres; NaN where
        the model could not tell.
      holder: likewise, of what holds it.

    Returns:
      Distances and standard deviations of the thing. The latter are weighted alike and not
      narrowed, since both are read from one picture.
    """
    thing, other = _logarithms(*readings), _logarithms(*holder)
    level = thing[0] - other[0]
    if not np.isfinite(level).any():
        return readings
    logs = np.stack([thing[0], other[0] + np.nanmedian(level)])
    relative = np.stack([thing[1], other[1]])
    told = np.isfinite(logs) & np.isfinite(relative)
    trusted = np.maximum(np.where(told, relative, 1.0), LEAST_RELATIVE_SPREAD)
    weights = np.where(told, trusted**-2.0, 0.0)
    with np.errstate(invalid="ignore"):
        weights /= weights.sum(0)
    distances = np.exp((weights * np.where(told, logs, 0.0)).sum(0))
    return distances, distances * (weights * np.where(told, relative, 0.0)).sum(0)


def _logarithms(distances: np.ndarray, spreads: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of distances; and their relative spreads."""
    return np.log(distances), spreads / distances
