"""What probes show in the stead of a picture: grey, or the picture of another question."""

from collections.abc import Iterable

import numpy as np

GREY = 128  # of a picture that shows nothing
_SEED = 0x0DD


def grey_like(image: np.ndarray) -> np.ndarray:
    """uint8[H, W, 3] of the same size that shows nothing."""
    return np.full_like(image, GREY)


def next_in_ring(names: Iterable[str]) -> dict[str, str]:
    """To each name the next one in a random ring of all, never itself; the same every time.

    Raises:
      ValueError: there is one name, or none, and so no other.
    """
    known = sorted(set(names))
    if len(known) < 2:
        raise ValueError("there is one picture, and so no other one")
    ring = np.random.default_rng(_SEED).permutation(len(known)).tolist()
    return {known[at]: known[ring[turn - 1]] for turn, at in enumerate(ring)}
