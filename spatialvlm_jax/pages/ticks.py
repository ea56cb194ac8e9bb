"""Round values along an axis, and how they are written."""

import itertools
import math
from collections.abc import Sequence

MOST_TICKS = 7
_STEPS = (1, 2, 5, 10)


def linear_ticks(low: float, high: float, about: int = 5, *, whole: bool = False) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten within [low, high], two at least.

    Args:
      whole: only whole numbers, of which the range must hold two.
    """
    raw = max((high - low) / about, 1.0 if whole else 0.0)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * m for m in _STEPS if power * m >= raw * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [i * step for i in range(first, last + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """1, 2, 5 times powers of ten within [low, high], or the powers alone, or every few of them.

    Of a range too short for three of these, `linear_ticks`.
    """
    first, last = math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1
    every, mantissas = 1, [1, 2, 5]
    while True:
        values = [m * 10.0**d for d in range(first, last) if d % every == 0 for m in mantissas]
        ticks = [value for value in values if low * (1 - 1e-9) <= value <= high * (1 + 1e-9)]
        if len(ticks) <= MOST_TICKS:
            return ticks if len(ticks) >= 3 else linear_ticks(low, high)
        every, mantissas = every + (len(mantissas) == 1), [1]


def tick_labels(values: Sequence[float], *, percent: bool = False) -> list[str]:
    """Each value with as many decimals as it needs to be told from all others."""
    scaled = [value * 100 for value in values] if percent else list(values)
    gaps = [abs(b - a) for a, b in itertools.pairwise(scaled)]
    return [_written(value, min(gaps, default=1.0)) + " %" * percent for value in scaled]


def _written(value: float, gap: float) -> str:
    most = max(0, 3 - math.floor(math.log10(gap)))
    decimals = next((d for d in range(most) if abs(round(value, d) - value) <= gap / 1000), most)
    return f"{round(value, decimals) + 0.0:,.{decimals}f}".replace("-", "−")
