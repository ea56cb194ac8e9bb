"""What a model said of the distance in one frame."""

import dataclasses
import math

from spatialvlm_jax.inference.spatial_answer import SpatialAnswer
from spatialvlm_jax.rewards.episodes.episode import EpisodeFrame


@dataclasses.dataclass(frozen=True)
class FrameReading:
    """A distance, if the model could tell.

    frame_index, index: as `EpisodeFrame` has them.
    distance, spread: metres, the median and the standard deviation; NaN where it could not tell.
    holder_distance, holder_spread: likewise, of what holds the thing, if that was asked.
    doubted: what the model holds improbable to be in the picture, as `SpatialAnswer.doubted` says
      it of the thing and of its holder.
    """

    frame_index: int
    index: int | None
    distance: float = math.nan
    spread: float = math.nan
    holder_distance: float = math.nan
    holder_spread: float = math.nan
    doubted: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        frame: EpisodeFrame,
        answer: SpatialAnswer | None,
        of_holder: SpatialAnswer | None = None,
    ) -> "FrameReading":
        """A reading where the answer is a length with a distribution, and none otherwise."""
        doubted = [each.doubted for each in (answer, of_holder) if each is not None]
        return cls(
            frame.frame_index,
            frame.index,
            *_told(answer),
            *_told(of_holder),
            tuple(sorted({each for each in doubted if each})),
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
