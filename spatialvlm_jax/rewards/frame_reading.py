"""What a model said of the distance in one frame."""

import dataclasses
import math
from typing import NamedTuple

from spatialvlm_jax.inference.spatial_answer import SpatialAnswer
from spatialvlm_jax.rewards.episodes.episode import EpisodeFrame

Place = tuple[float, float, float]


class SaidOfFrame(NamedTuple):
    """What a model says of one picture.

    answer: to the question for the distance. of_holder: to that for the distance of what holds the
    thing, if it was asked. places, hidden: of `FrameReading`.
    """

    answer: SpatialAnswer
    of_holder: SpatialAnswer | None = None
    places: tuple[Place, ...] = ()
    hidden: tuple[int, ...] = ()


@dataclasses.dataclass(frozen=True)
class FrameReading:
    """A distance, if the model could tell.

    frame_index, index: as `EpisodeFrame` has them.
    distance, spread: metres, the median and the standard deviation; NaN where it could not tell.
    holder_distance, holder_spread: likewise, of what holds the thing, if that was asked.
    doubted: what the model holds improbable to be in the picture, as `SpatialAnswer.doubted` says
      it of the thing and of its holder.
    places: where it holds the thing to be, what the distance is from, and the holder if that was
      asked for: metres, canonical frame (`scene.records`), NaN where it says none. Empty of models
      that tell no places, and of distances that are not between centers.
    hidden: which of these places are of something doubted, by their numbers.
    """

    frame_index: int
    index: int | None
    distance: float = math.nan
    spread: float = math.nan
    holder_distance: float = math.nan
    holder_spread: float = math.nan
    doubted: tuple[str, ...] = ()
    places: tuple[Place, ...] = ()
    hidden: tuple[int, ...] = ()

    @classmethod
    def of(cls, frame: EpisodeFrame, said: SaidOfFrame | None) -> "FrameReading":
        """A reading where the answer is a length with a distribution, and none otherwise."""
        if said is None:
            return cls(frame.frame_index, frame.index)
        doubted = [each.doubted for each in (said.answer, said.of_holder) if each is not None]
        return cls(
            frame.frame_index,
            frame.index,
            *_told(said.answer),
            *_told(said.of_holder),
            tuple(sorted({each for each in doubted if each})),
            said.places,
            said.hidden,
        )


def _told(answer: SpatialAnswer | None) -> tuple[float, float]:
    """The length and its standard deviation, metres; NaN where it is none."""
    told = (
        answer is not None
        and answer.is_sure
        and answer.unit == "m"
        and answer.value is not None
        and answer.std is not None
        and math.isfinite(answer.std)
        and 0 < answer.value < math.inf
    )
    if not told or answer is None:
        return math.nan, math.nan
    return float(answer.value or 0), float(answer.std or 0)
