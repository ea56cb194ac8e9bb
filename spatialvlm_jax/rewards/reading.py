"""Distances read from frames by a model, several frames and several episodes at a time."""

import dataclasses
from collections.abc import Callable, Iterator, Sequence

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.inference.picture import Picture
from spatialvlm_jax.rewards.episodes.episode import Episode, EpisodeFrame
from spatialvlm_jax.rewards.frame_reading import FrameReading, SaidOfFrame
from spatialvlm_jax.rewards.journal import Journal

# Pictures -> what is said of each.
AskFrames = Callable[[Sequence[Picture]], Sequence[SaidOfFrame]]
Tell = Callable[[str], None]


def read_episodes(
    episodes: Sequence[Episode],
    ask: AskFrames,
    journal: Journal,
    *,
    at_once: int,
    batch: int,
    advance: Callable[[int], None],
    tell: Tell,
) -> None:
    """Reads what is not in the journal yet; each recording is decoded once, from its beginning.

    Args:
      at_once: episodes that are open side by side. batch: pictures that are asked about at once.
      advance: is told of frames that are done. tell: of the first frame of an episode that cannot
        be read.

    Raises:
      UserError: a recording cannot be read on; what was read before is kept.
    """
    for each in episodes:
        advance(len(journal.readings.get(each.number, ())))
    waiting = iter([each for each in episodes if each.number not in journal.finished])
    opened: list[_OpenEpisode] = []
    while True:
        while len(opened) < at_once and (episode := next(waiting, None)) is not None:
            opened.append(_OpenEpisode.of(episode, journal, tell))
        if not opened:
            return
        # One by one from each, so that all go on alike; as often as fills a batch.
        taken: list[tuple[_OpenEpisode, EpisodeFrame]] = []
        while len(taken) < batch and any(not one.ended for one in opened):
            for one in opened:
                if len(taken) < batch and (frame := one.next_frame()) is not None:
                    taken.append((one, frame))
        _ask_frames(taken, ask, journal)
        advance(len(taken))
        for one in opened:
            if one.ended:
                journal.finish(one.episode.number)
        opened = [one for one in opened if not one.ended]


def _ask_frames(
    taken: Sequence[tuple["_OpenEpisode", EpisodeFrame]], ask: AskFrames, journal: Journal
) -> None:
    pictures = {
        place: frame.picture for place, (_, frame) in enumerate(taken) if frame.picture is not None
    }
    said = dict(zip(pictures, ask(list(pictures.values())) if pictures else (), strict=True))
    journal.add(
        [
            (each.episode.number, FrameReading.of(frame, said.get(place)))
            for place, (each, frame) in enumerate(taken)
        ]
    )


@dataclasses.dataclass
class _OpenEpisode:
    """An episode in the middle of its pass."""

    episode: Episode
    frames: Iterator[EpisodeFrame]
    tell: Tell
    ended: bool = False
    told: bool = False

    @classmethod
    def of(cls, episode: Episode, journal: Journal, tell: Tell) -> "_OpenEpisode":
        """Behind the frames that the journal has.

        Raises:
          UserError: these are not the first ones of the episode.
        """
        frames = episode.frames()
        for read in journal.readings.get(episode.number, ()):
            frame = next(frames, None)
            if frame is None or frame.frame_index != read.frame_index:
                raise UserError(
                    f"{journal.folder}: readings of {episode.name} are missing or changed: remove "
                    "it to begin anew"
                )
        return cls(episode, frames, tell)

    def next_frame(self) -> EpisodeFrame | None:
        """None once it has ended."""
        if self.ended:
            return None
        frame = next(self.frames, None)
        self.ended = frame is None
        if frame is not None and frame.problem and not self.told:
            self.told = True
            self.tell(f"{self.episode.name}: {frame.problem}; such frames are not valid")
        return frame
