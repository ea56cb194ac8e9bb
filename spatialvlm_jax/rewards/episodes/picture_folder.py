"""A folder of pictures as an episode: one picture a frame, in the order of the numbers in names."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.generation.sources.photo_files import SUFFIXES
from spatialvlm_jax.rewards.episodes.episode import Episode, EpisodeFrame
from spatialvlm_jax.rewards.episodes.frame_range import WHOLE, FrameRange
from spatialvlm_jax.rewards.episodes.stored_picture import fingerprint_pictures, stored_picture

_DIGITS = re.compile(r"([0-9]+)")


def picture_files(folder: Path) -> list[Path]:
    """The pictures right in a folder, frame_2 before frame_10; hidden files are none."""
    files = (path for path in folder.iterdir() if not path.name.startswith("."))
    return sorted((path for path in files if path.suffix.lower() in SUFFIXES), key=_order)


def open_picture_folder(folder: Path, number: int, chosen: FrameRange = WHOLE) -> Episode:
    """The episode in a folder of pictures.

    Raises:
      UserError: there are none, or none of those that are chosen.
    """
    files = picture_files(folder)
    if not files:
        raise UserError(f"no pictures in {folder}: an episode is a folder with a picture a frame")
    length = chosen.part_of(len(files), str(folder))
    fingerprint = fingerprint_pictures(folder, (path.name for path in files))

    def frames() -> Iterator[EpisodeFrame]:
        return _frames(files[chosen.first : chosen.stop], chosen.first)

    return Episode(number, folder.name, length, fingerprint, frames, lambda: len(files))


def _frames(files: Sequence[Path], first: int) -> Iterator[EpisodeFrame]:
    for place, path in enumerate(files, first):
        yield EpisodeFrame(place, None, *stored_picture(path.parent, path.name))


def _order(path: Path) -> tuple[list[tuple[int, str]], str]:
    """Numbers by their size, words by their letters; the name decides between 1 and 01."""
    parts = enumerate(_DIGITS.split(path.name))
    # What splits stands between what is split.
    return [(int(each[:300]), "") if at % 2 else (-1, each) for at, each in parts], path.name
