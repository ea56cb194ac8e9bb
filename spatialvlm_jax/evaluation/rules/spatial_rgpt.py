"""SpatialRGPT-Bench's rule for what was read (Cheng et al., 2024; its GPT-4 evaluation script).

Officially a language model reads the reply; these are the bounds for what it has read.
"""


def is_within_quarter(said: float, true: float) -> bool:
    """Whether a length is within [75, 125] % of the true one, bounds included."""
    return 0.75 * true <= said <= 1.25 * true


def relative_error(said: float, true: float) -> float:
    """The error as a share of the true length, metres, which is taken 0.1 mm longer."""
    return abs(said - true) / (true + 1e-4)


def clock_error(said: int, true: int) -> int:
    """Hours between two hours of the clock, the shorter way round; at most 1 is right."""
    apart = abs(said - true)
    return min(apart, 12 - apart)
