"""A curve through readings that are noisy, sometimes absent and sometimes far off.

Axes: N frames of one episode, in order.
"""

import dataclasses

import numpy as np

# A reading is never trusted further than to a hundredth.
LEAST_RELATIVE_SPREAD = 0.01
_ROUNDS = 4
# From where on a reading counts nothing: so many medians of all residuals (Cleveland, 1979), of
# those in its own window, and standard deviations, whichever is most. While a robot waits,
# residuals are next to nothing, and all that moves behind would be far off by the first alone.
_OUTLIER, _OUTLIER_NEAR, _AGREES = 6.0, 3.0, 1.0
_BOTTOM = 1e-6


@dataclasses.dataclass(frozen=True, eq=False)
class Curve:
    """Distances over the frames of an episode.

    distances, spreads: float64[N], metres; NaN where not valid. A spread is one standard deviation.
    valid: bool[N], where the model could tell.
    """

    distances: np.ndarray
    spreads: np.ndarray
    valid: np.ndarray


def smooth(distances: np.ndarray, spreads: np.ndarray, half_window: int) -> Curve:
    """Robust locally weighted regression (Cleveland, 1979) in the logarithm of distance.

    A reading weighs by how near its frame is, by the inverse square of its relative spread, and by
    how well it agrees with the curve so far: one that is far off counts nothing. In the logarithm
    errors of near and far readings are alike. Frames without a reading stay without one.

    Args:
      distances, spreads: float[N], metres, one standard deviation; NaN where the model could not
        tell.
      half_window: frames before and behind that a line is fitted to; 0 leaves readings as they are.

    Returns:
      The curve. Its spreads take errors of neighbouring frames for one and the same error, since a
      model that is wrong about a frame is wrong about the next one too: smoothing does not narrow
      them.

    Raises:
      ValueError: lengths differ, the window is negative, or a reading is not above zero.
    """
    values, widths = np.asarray(distances, np.float64), np.asarray(spreads, np.float64)
    if values.shape != widths.shape or values.ndim != 1 or half_window < 0:
        raise ValueError(f"{values.shape} distances, {widths.shape} spreads, window {half_window}")
    valid = np.isfinite(values) & np.isfinite(widths)
    if (values[valid] <= 0).any() or (widths[valid] < 0).any():
        raise ValueError("a distance is above zero, and a spread is not below")
    if not valid.any() or half_window == 0:
        none = np.where(valid, 0.0, np.nan)
        return Curve(values + none, widths + none, valid)
    logs = np.log(np.where(valid, values, 1.0))
    relative = np.where(valid, widths, 0.0) / np.where(valid, values, 1.0)
    sigmas = np.maximum(np.sqrt(np.log1p(relative**2)), LEAST_RELATIVE_SPREAD)
    fitted, fitted_sigmas = _fit(logs, sigmas, valid, half_window)
    curve = np.where(valid, np.exp(fitted), np.nan)
    return Curve(curve, curve * np.sqrt(np.expm1(fitted_sigmas**2)), valid)


def _fit(
    logs: np.ndarray, sigmas: np.ndarray, valid: np.ndarray, half_window: int
) -> tuple[np.ndarray, np.ndarray]:
    """The curve and its standard deviation at every frame, in logarithms: float64[N] each.

    The first curve is the running median, which half of the readings cannot mislead.
    """
    offsets = np.arange(-half_window, half_window + 1)
    near = (1.0 - (np.abs(offsets) / (half_window + 1.0)) ** 3) ** 3
    windows = _windows(logs, half_window), _windows(sigmas, half_window, 1.0)
    there = _windows(valid.astype(np.float64), half_window)
    fitted = _running_median(windows[0], there > 0, logs)
    trend = spread = logs
    for _ in range(_ROUNDS):
        trust = _windows(_trust((logs - fitted) / sigmas, valid, half_window), half_window)
        weights = near * there * trust / windows[1] ** 2
        trend, spread = _lines(windows[0], windows[1], weights, offsets)
        fitted = np.where(np.isfinite(trend), trend, fitted)
    return fitted, np.where(np.isfinite(spread), spread, sigmas)


def _windows(values: np.ndarray, half_window: int, beyond: float = 0.0) -> np.ndarray:
    """float64[N, 2 * half_window + 1]: each frame with its neighbours."""
    padded = np.pad(values, half_window, constant_values=beyond)
    return np.lib.stride_tricks.sliding_window_view(padded, 2 * half_window + 1)


def _running_median(windows: np.ndarray, there: np.ndarray, otherwise: np.ndarray) -> np.ndarray:
    known = there.any(1)
    ordered = np.sort(np.where(there, windows, np.inf), axis=1)
    count = np.maximum(there.sum(1), 1)
    rows = np.arange(len(windows))
    median = (ordered[rows, (count - 1) // 2] + ordered[rows, count // 2]) / 2
    return np.where(known, median, otherwise)


def _trust(residuals: np.ndarray, valid: np.ndarray, half_window: int) -> np.ndarray:
    """Tukey's bisquare of residuals in standard deviations: 1 agrees, 0 is far off."""
    sizes = np.where(valid, np.abs(residuals), 0.0)
    there = _windows(valid.astype(np.float64), half_window) > 0
    near = _running_median(_windows(sizes, half_window), there, sizes)
    usual = max(_OUTLIER * float(np.median(sizes[valid])), _AGREES)
    scale = np.maximum(usual, _OUTLIER_NEAR * near)
    return np.clip(1.0 - (sizes / scale) ** 2, 0.0, None) ** 2


def _lines(
    values: np.ndarray, sigmas: np.ndarray, weights: np.ndarray, offsets: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Height and spread at offset 0 of the weighted line through each window; NaN without weight.

    Where all weight lies on one frame, the line is level.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        weights = weights / weights.sum(1, keepdims=True)
        middle = weights @ offsets
        away = offsets - middle[:, None]
        variance = (weights * away**2).sum(1)
        tilt = np.where(variance > _BOTTOM, -middle / np.maximum(variance, _BOTTOM), 0.0)
        shares = weights * (1.0 + away * tilt[:, None])
    return (shares * values).sum(1), (np.abs(shares) * sigmas).sum(1)
