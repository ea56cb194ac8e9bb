"""Episodes of a LeRobot data set: rows of parquet, with pictures in them or in videos beside."""

import dataclasses
import functools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.foreign_files.fingerprints import fingerprint_recording
from spatialvlm_jax.foreign_files.parquet_files import RowReader, Table, picture_bytes
from spatialvlm_jax.inference.picture import Picture
from spatialvlm_jax.rewards.episodes.episode import Episode, EpisodeFrame
from spatialvlm_jax.rewards.episodes.frame_range import WHOLE, FrameRange
from spatialvlm_jax.rewards.episodes.lerobot_layout import LeRobotEpisode, LeRobotLayout
from spatialvlm_jax.rewards.episodes.lerobot_rows import (
    FrameRows,
    episode_rows,
    refuse_shared_index,
)
from spatialvlm_jax.rewards.episodes.stored_picture import (
    encoded_picture,
    fingerprint_pictures,
    stored_picture,
)
from spatialvlm_jax.rewards.episodes.video_file import pictures_at, require_decoder


def lerobot_episodes(
    root: Path, camera: str, numbers: Sequence[int] | None, chosen: FrameRange = WHOLE
) -> list[Episode]:
    """The episodes of a data set, seen by one of its cameras.

    Args:
      camera: the feature that holds its pictures; "" for the only one.
      numbers: those that are wanted, or None for all.
      chosen: frames of each that are wanted, by their `frame_index`.

    Raises:
      UserError: the set cannot be read, or has no such camera, episode or frames; two frames have
        one index; its frames are in videos, and nothing can decode these here.
    """
    layout = LeRobotLayout.read(root)
    seen = layout.camera(camera)
    known = {each.number: each for each in layout.episodes()}
    wanted = sorted(known) if numbers is None else numbers
    for number in wanted:
        if number not in known:
            raise UserError(f"{root} has no episode {number}; it has {_span(sorted(known))}")
    told = functools.cache(fingerprint_recording)  # many episodes may be in one file
    found, index = [], {}
    for number in wanted:
        source = _Source(layout, known[number], seen, chosen)
        whole, rows = source.rows()
        index[number] = rows.index
        found.append(source.episode(whole, len(rows.row), told))
    refuse_shared_index(root, index)
    return found


def _span(numbers: Sequence[int]) -> str:
    return f"{len(numbers)}, from {numbers[0]} to {numbers[-1]}" if numbers else "none"


@dataclasses.dataclass(frozen=True)
class _Source:
    """One episode, and what is to be read of it.

    camera: the feature that holds its pictures. chosen: its frames.
    """

    layout: LeRobotLayout
    entry: LeRobotEpisode
    camera: str
    chosen: FrameRange

    @property
    def is_film(self) -> bool:
        return self.layout.cameras[self.camera] == "video"

    @property
    def table(self) -> Path:
        return self.layout.data_file(self.entry)

    @property
    def film(self) -> Path:
        return self.layout.video_file(self.entry, self.camera)

    def rows(self) -> tuple[FrameRows, FrameRows]:
        """Where all frames of the episode are, and those that are chosen.

        Raises:
          UserError: it has none of those.
        """
        number, stated = self.entry.number, self.entry.length
        whole = episode_rows(self.table, number, "" if self.is_film else self.camera)
        rows, count = whole.between(self.chosen), len(whole.row)
        if not len(rows.row):
            has = whole.has()
            if stated not in (None, count):
                has += f" though {stated} in its description,"
            raise self.chosen.without(has, f"{self.layout.root}: episode {number}")
        return whole, rows

    def episode(self, whole: FrameRows, length: int, told: Callable[[Path], str]) -> Episode:
        """As it is read.

        Args:
          whole: all of its frames. length: how many are chosen. told: what tells a file.

        Raises:
          UserError: it is in a video, and nothing can decode it here.
        """
        entry = self.entry
        if self.is_film:
            require_decoder(self.film)
        name = f"episode {entry.number}" + (f": {entry.task}" if entry.task else "")
        fingerprint = ", ".join(self._sources(whole, told))
        count = len(whole.row)
        return Episode(entry.number, name, length, fingerprint, self._frames, lambda: count)

    def _sources(self, rows: FrameRows, told: Callable[[Path], str]) -> Iterator[str]:
        """All that decides which pictures are seen."""
        yield told(self.table)
        if self.is_film:
            yield told(self.film)
            yield f"from {self.entry.starts[self.camera]!r} s on, {self.layout.period!r} s apart"
            return
        named = list(_named_files(self.table, self.camera, rows))
        if named:
            files = map(self.layout.picture_file, named)
            yield fingerprint_pictures(self.layout.root, files)

    def _frames(self) -> Iterator[EpisodeFrame]:
        _, rows = self.rows()
        if self.is_film:
            near = self.layout.period / 2
            # What lies before its beginning in a video of many is another episode's.
            times = np.where(rows.timestamp < -near, np.nan, rows.timestamp)
            found = pictures_at(self.film, times + self.entry.starts[self.camera], near)
        else:
            found = _stored_pictures(self.layout, self.table, self.camera, rows)
        for frame, index, picture in zip(rows.frame_index, rows.index, found, strict=True):
            yield EpisodeFrame(int(frame), int(index), *picture)


def _named_files(path: Path, camera: str, rows: FrameRows) -> Iterator[str]:
    """The paths in the cells of a table, where pictures are not all in the cells themselves."""
    if not _names_files(path, path.stat().st_mtime_ns, camera):
        return
    reader = RowReader(path, f"{camera}.path")
    for group, row in zip(rows.group, rows.row, strict=True):
        cell = reader.cell(int(group), int(row))
        if isinstance(cell, dict) and isinstance(cell.get("path"), str):
            yield cell["path"]


@functools.lru_cache(maxsize=8)
def _names_files(path: Path, changed: int, camera: str) -> bool:
    del changed
    table = Table(path)
    return table.has_leaf(f"{camera}.path") and not table.is_filled(f"{camera}.bytes")


def _stored_pictures(
    layout: LeRobotLayout, path: Path, camera: str, rows: FrameRows
) -> Iterator[tuple[Picture | None, str]]:
    """Pictures in the cells of a table, or in files that they name."""
    reader = RowReader(path, camera)
    for group, row, frame in zip(rows.group, rows.row, rows.frame_index, strict=True):
        cell = reader.cell(int(group), int(row))
        stated = cell.get("path") if isinstance(cell, dict) and cell.get("bytes") is None else None
        if isinstance(stated, str):
            yield stored_picture(layout.root, layout.picture_file(stated))
            continue
        try:
            yield encoded_picture(picture_bytes(cell), f"frame {frame} of {path.name}")
        except UserError as error:
            yield None, f"frame {frame} of {path.name}: {error}"
