"""Rewards, progress and checks of a curve of distances.

Axes: N frames of one episode, in order. Distances are float[N] in metres, NaN where the model could
not tell; what is made of them is NaN there too.
"""

import math

import numpy as np


def distance_reward(distances: np.ndarray, target: float = 0.0) -> np.ndarray:
    """float64[N], metres: how far the distance is from the wished one, negative."""
    return -np.abs(np.asarray(distances, np.float64) - target)


def potential_shaping(potentials: np.ndarray, gamma: float) -> np.ndarray:
    """The shaping reward of each transition: gamma * next potential - potential.

    Added to the reward of any task, it changes no policy's rank (Ng, Harada and Russell, 1999):
    discounted by `gamma` and summed, all potentials but the first and the last cancel.

    Args:
      potentials: float[N] of the states, such as `distance_reward`.
      gamma: the discount of the task that it is added to, above 0, at most 1.

    Returns:
      float64[N]: of frame t that of the step to frame t + 1, NaN where either is unknown. The last
      frame leads nowhere: 0, if it is known.

    Raises:
      ValueError: there is no such discount.
    """
    if not 0.0 < gamma <= 1.0:
        raise ValueError(f"gamma={gamma} is not above 0 and at most 1")
    values = np.asarray(potentials, np.float64)
    return np.append(gamma * values[1:] - values[:-1], values[-1:] - values[-1:])


def progress(distances: np.ndarray, target: float = 0.0) -> np.ndarray:
    """float64[N] in [0, 1]: how much of the way from the first known distance is done.

    1 is at `target`, whichever side the way comes from; 0 is as far from it as at first or farther,
    on either side. So it rises and falls with `distance_reward`.
    """
    left = -distance_reward(distances, target)
    known = np.flatnonzero(np.isfinite(left))
    if not known.size:
        return np.full(left.shape, np.nan)
    whole = float(left[known[0]])
    if whole == 0.0:
        return np.where(np.isnan(left), np.nan, (left == 0.0).astype(np.float64))
    return np.clip(1.0 - left / whole, 0.0, 1.0)


def has_succeeded(distances: np.ndarray, target: float, tolerance: float, hold: int) -> bool:
    """Whether the last `hold` frames are all known and at most `tolerance` away from `target`.

    An episode that passes its goal and moves on has not succeeded.
    """
    last = np.asarray(distances, np.float64)[-max(hold, 1) :]
    near = (last >= target - tolerance) & (last <= target + tolerance)
    return len(last) >= hold and bool(near.all())


def rank_correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Spearman's coefficient over frames that both know; 0 where either says the same throughout.

    Args:
      first, second: float[N].
    """
    from scipy.stats import rankdata

    one, other = np.asarray(first, np.float64), np.asarray(second, np.float64)
    known = np.isfinite(one) & np.isfinite(other)
    if known.sum() < 2:
        return 0.0
    ranks = [rankdata(values[known]) for values in (one, other)]
    if min(np.ptp(each) for each in ranks) == 0:
        return 0.0
    return float(np.clip(np.corrcoef(*ranks)[0, 1], -1.0, 1.0))


def monotonicity(rewards: np.ndarray) -> float:
    """How steadily an episode comes nearer: the rank correlation of its reward with time.

    1 where each frame is nearer to the target than the one before. Below 0 it moves away from its
    goal, or the model sees it the wrong way round. NaN where fewer than two frames are known.

    Args:
      rewards: float[N], as of `distance_reward`. Progress would not do: it is 0 wherever the
        distance is farther from the target than at first, however far.
    """
    if np.isfinite(np.asarray(rewards, np.float64)).sum() < 2:
        return math.nan
    return rank_correlation(rewards, np.arange(len(rewards)))
