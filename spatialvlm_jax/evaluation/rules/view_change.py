"""SPAR-Bench's rule for a camera's motion (Zhang et al., 2025): five axes of "move_right:0.3,...".

Each axis is what goes one way less what goes the other. The benchmark passes the truth as the
prediction, so that the model's number is what errors are a share of; `swapped` does so, too.
"""

import contextlib
import math
import re

import numpy as np

from spatialvlm_jax.evaluation.rules.relative_accuracy import THRESHOLDS

AXES = (
    ("move_right", "move_left"),
    ("move_up", "move_down"),
    ("move_forward", "move_backward"),
    ("rotate_right", "rotate_left"),
    ("rotate_up", "rotate_down"),
)
_PART = re.compile(
    r"\b((?:move|rotate)_[a-z]{2,10})[\"']?\s{0,9}[:=]\s{0,9}([-+]?\d{1,20}(?:\.\d{0,20})?)"
)


def read_motion_strictly(text: str) -> np.ndarray | None:
    """float64[5] of a text that is "name:number" parted by commas and nothing else; or None."""
    parts = [part.split(":") for part in text.split(",")]
    try:
        axes = _axes({name: float(number) for name, number in parts})
    except ValueError:
        return None
    return axes if np.isfinite(axes).all() else None


def read_motion(text: str) -> np.ndarray | None:
    """float64[5] of all parts that stand in a text; None where there are none."""
    found = _PART.findall(text.lower())
    return _axes({name: float(number) for name, number in found}) if found else None


def read_motion_parts(text: str) -> np.ndarray:
    """float64[5], VLMEvalKit's: parts between commas that are "name:number", others passed over.

    A text without any is no motion along any axis, which is right wherever the truth has none.
    """
    parts: dict[str, float] = {}
    for part in text.split(","):
        name, _, number = part.partition(":")
        with contextlib.suppress(ValueError):
            parts[name.strip()] = float(number.strip())
    return _axes(parts)


def _axes(parts: dict[str, float]) -> np.ndarray:
    return np.array([parts.get(one, 0.0) - parts.get(other, 0.0) for one, other in AXES])


def motion_accuracy(said: np.ndarray, true: np.ndarray, *, swapped: bool) -> float:
    """The mean over the axes of the mean relative accuracy; errors from 0 are absolute.

    Args:
      said, true: float64[5]. swapped: take the error as a share of what was said.
    """
    first, second = (true, said) if swapped else (said, true)
    return math.fsum(map(relative_or_absolute, first, second)) / len(AXES)


def relative_or_absolute(said: float, true: float) -> float:
    """Mean relative accuracy of SPAR-Bench: an error from 0 counts as it is."""
    error = abs(said - true) if true == 0 else abs((said - true) / true)
    return float((error <= 1 - THRESHOLDS).mean())
