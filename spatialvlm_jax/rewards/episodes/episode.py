"""What all kinds of episodes are read as."""

import dataclasses
from collections.abc import Callable, Iterator

from spatialvlm_jax.inference.picture import Picture


@dataclasses.dataclass(frozen=True, eq=False)
class EpisodeFrame:
    """One frame of an episode.

    frame_index: its place in the episode, from 0. index: its place in the whole data set; None
      where the set numbers no frames.
    picture: None where it cannot be read; problem: why, in a line.
    """

    frame_index: int
    index: int | None
    picture: Picture | None
    problem: str = ""


@dataclasses.dataclass(frozen=True)
class Episode:
    """One recording, or the part of it that was chosen, which is read from beginning to end.

    number: its own in the data set. name: for people.
    length: how many frames are read of it, as far as that is known before.
    fingerprint: differs when what it is read from has changed.
    frames: begins a pass over its frames, in order; raises UserError where it cannot be read on,
      or has none of those that were chosen.
    count: counts the frames of the whole recording, for which it may have to be looked through;
      raises UserError likewise.
    """

    number: int
    name: str
    length: int | None
    fingerprint: str
    frames: Callable[[], Iterator[EpisodeFrame]] = dataclasses.field(compare=False)
    count: Callable[[], int] = dataclasses.field(compare=False)
