"""Episodes and a model whose distances are known: they are in the gray of a picture."""

from collections.abc import Iterator, Sequence

import numpy as np

from spatialvlm_jax.inference.picture import Picture, open_picture
from spatialvlm_jax.inference.spatial_answer import UNSURE, SpatialAnswer
from spatialvlm_jax.rewards.episodes.episode import Episode, EpisodeFrame
from spatialvlm_jax.rewards.frame_reading import SaidOfFrame


def distance_of(image: np.ndarray) -> float:
    """1 m at gray 250, 0.04 m at gray 10."""
    return float(image.mean()) / 250


def answer_of(image: np.ndarray, question: str = "?") -> SpatialAnswer:
    """A black picture cannot be told."""
    distance = distance_of(image)
    if distance < 0.01:
        return SpatialAnswer(question, UNSURE, None, "m", 0.1, (0.01, 9.0))
    return SpatialAnswer(
        question, f"{distance} m", distance, "m", 0.1 * distance, (0.8 * distance, 1.2 * distance)
    )


class KnownModel:
    """Counts the pictures that it is asked about."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def ask(self, pictures: Sequence[Picture]) -> list[SaidOfFrame]:
        self.batches.append(len(pictures))
        return [SaidOfFrame(answer_of(picture.image)) for picture in pictures]


def episode_of(number: int, grays: Sequence[int | None], passes: list[int]) -> Episode:
    """Frames of these grays, None where a frame is damaged; `passes` counts frames handed out."""

    def frames() -> Iterator[EpisodeFrame]:
        for place, gray in enumerate(grays):
            passes.append(number)
            if gray is None:
                yield EpisodeFrame(place, None, None, f"frame {place} is damaged")
            else:
                picture = open_picture(np.full((8, 8, 3), gray, np.uint8))
                yield EpisodeFrame(place, None, picture)

    length = len(grays)
    return Episode(number, f"episode {number}", length, f"of {number}", frames, lambda: length)
