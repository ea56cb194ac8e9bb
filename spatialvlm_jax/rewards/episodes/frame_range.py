"""Which frames of an episode are meant, as people write it: "0-32"."""

import dataclasses

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.flags import parse_whole_number, shorten

_MOST = 2**62


@dataclasses.dataclass(frozen=True)
class FrameRange:
    """The frames from `first` to `last`, both among them, counted from 0.

    last: one behind the end means the end; None for the last frame there is.
    """

    first: int = 0
    last: int | None = None

    @classmethod
    def parse(cls, text: str) -> "FrameRange":
        """The frames of "0-32" or of "7"; raises UserError where it is no range."""
        return cls(*parse_range(text, "--frames"))

    @property
    def stop(self) -> int | None:
        """As a slice has it."""
        return None if self.last is None else self.last + 1

    @property
    def is_part(self) -> bool:
        """Whether frames may be left out."""
        return self != WHOLE

    def part_of(self, length: int, name: str) -> int:
        """How many frames of an episode are meant.

        Args:
          length: frames that it has. name: what to call it.

        Raises:
          UserError: none of them is, though some were chosen.
        """
        found = len(range(length)[self.first : self.stop])
        if not found and self.is_part:
            raise self.without(f"{length} frames, counted from 0,", name)
        return found

    def without(self, has: str, name: str) -> UserError:
        """What is to be raised where an episode has none of these frames.

        Args:
          has: what it has, such as "2 frames, counted from 0,". name: what to call it.
        """
        return UserError(
            f"{name} has {has} and none of --frames={self}: choose others, or leave this episode "
            "out"
        )

    def __str__(self) -> str:
        return f"{self.first}-{'' if self.last is None else self.last}"


WHOLE = FrameRange()


def parse_range(text: str, flag: str) -> tuple[int, int]:
    """The first and the last whole number of "3-7", or of "3" alone.

    Raises:
      UserError: it is no range, or ends before it begins.
    """
    first, dash, last = text.partition("-")
    low = parse_whole_number(first, flag, 0, _MOST)
    high = parse_whole_number(last, flag, 0, _MOST) if dash else low
    if high < low:
        raise UserError(f"{flag} {shorten(text)!r} is no range: it ends before it begins")
    return low, high
