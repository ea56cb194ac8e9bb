"""How much a server takes from those who ask, before it says no."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Limits:
    """Bounds of what is read, kept and waited for.

    body: bytes of a request. pixels: of its picture. characters: of its question.
    waiting: requests that are read or answered at a time; more are told to come again.
    seconds: until a request must be there, and from then on until it is answered.
    together: the most questions of a batch, at most 32; 1 answers each alone.
    linger: seconds that the first request of a batch waits for others.
    """

    body: int = 16 * 2**20
    pixels: int = 40_000_000
    characters: int = 8_000
    waiting: int = 256
    seconds: float = 60.0
    together: int = 32
    linger: float = 0.003
