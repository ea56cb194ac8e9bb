"""Numbers as data sets state them of themselves, which may be anything."""

from typing import Any

from spatialvlm_jax.flags import is_whole_number, shorten

# Numbers of frames are added to others, in 64 bits.
MOST = 2**62


def stated_number(value: Any, name: str) -> int:
    """The whole number from 0 on that a file states: 3, 3.0 or "3".

    Args:
      name: what it is of, for the message.

    Raises:
      ValueError: it is none, or is 2^62 or larger.
    """
    is_digits = isinstance(value, str) and is_whole_number(value)
    is_whole = type(value) is int or (isinstance(value, float) and value.is_integer())
    number = int(value) if is_digits or is_whole else -1
    if not 0 <= number < MOST:
        raise ValueError(f"{name} is {shorten(repr(value))}, no whole number from 0 to 2^62")
    return number


def stated_seconds(value: Any, name: str) -> float:
    """The time that a file states; raises ValueError where it is none."""
    if type(value) not in (int, float) or not abs(value) < MOST:
        raise ValueError(f"{name} is {shorten(repr(value))}, no number of seconds")
    return float(value)
