"""Mean relative accuracy (MRA; Yang et al., 2024, "Thinking in Space", section 4).

The share of the ten thresholds .5, .55, ..., .95 under which a number is near enough: its relative
error is at most one minus the threshold, as floats are: 4 for 5 is not near enough under .8.
"""

import math

import numpy as np

THRESHOLDS = np.linspace(0.5, 0.95, 10)


def mean_relative_accuracy(said: float, true: float) -> float:
    """From 0 to 1, of a number and the true one in the same unit; 0 where the truth is 0."""
    if not math.isfinite(said) or true == 0:
        return 0.0
    return float((abs(said - true) / true <= 1 - THRESHOLDS).mean())


def first_word(reply: str) -> str:
    """What VSI-Bench takes of a reply: up to the first space, without full stops at its end."""
    return reply.split(" ")[0].rstrip(".").strip()


def read_first_number(reply: str) -> float | None:
    """The first word as a number, or None: "3.0m" is none, and neither are NaN and infinities."""
    try:
        number = float(first_word(reply))
    except ValueError:
        return None
    return number if math.isfinite(number) else None
