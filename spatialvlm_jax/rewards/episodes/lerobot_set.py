"""Episodes of a LeRobot data set: rows of parquet, with pictures in them or in videos beside."""

import dataclasses
import functools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.foreign_files.fingerprints import fingerprint_file
from spatialvlm_jax.foreign_files.parquet_files import RowReader, Table, picture_bytes
from spatialvlm_jax.inference.picture import Picture
from spatialvlm_jax.rewards.episodes.episode import Episode, EpisodeFrame
from spatialvlm_jax.rewards.episodes.frame_range import WHOLE, FrameRange
from spatialvlm_jax.rewards.episodes.lerobot_layout import LeRobotEpisode, LeRobotLayout
from spatialvlm_jax.rewards.episodes.stored_picture import encoded_picture, stored_picture
from spatialvlm_jax.rewards.episodes.video_file import pictures_at

_NUMBERS = ("episode_index", "frame_index", "index")
_TIME = "timestamp"


@dataclasses.dataclass(frozen=True, eq=False)
class FrameRows:
    """The rows of one episode in a table, in the order of its frames.

    frame_index, index: int64[N]. timestamp: float64[N], seconds from the episode's beginning.
    group, row: int64[N], where each row is.
    """

    frame_index: np.ndarray
    index: np.ndarray
    timestamp: np.ndarray
    group: np.ndarray
    row: np.ndarray

    def between(self, chosen: FrameRange) -> "FrameRows":
        """Those of the frames that are chosen, by `frame_index`."""
        last = np.inf if chosen.last is None else chosen.last
        kept = (self.frame_index >= chosen.first) & (self.frame_index <= last)
        fields = (getattr(self, each.name) for each in dataclasses.fields(self))
        return FrameRows(*(column[kept] for column in fields))


def lerobot_episodes(
    root: Path, camera: str, numbers: Sequence[int] | None, chosen: FrameRange = WHOLE
) -> list[Episode]:
    """The episodes of a data set, seen by one of its cameras.

    Args:
      camera: the feature that holds its pictures; "" for the only one.
      numbers: those that are wanted, or None for all.
      chosen: frames of each that are wanted.

    Raises:
      UserError: the set cannot be read, or has no such camera, episode or frames.
    """
    layout = LeRobotLayout.read(root)
    seen = layout.camera(camera)
    known = {each.number: each for each in layout.episodes()}
    wanted = sorted(known) if numbers is None else numbers
    for number in wanted:
        if number not in known:
            raise UserError(f"{root} has no episode {number}; it has {_span(sorted(known))}")
    return [_episode(layout, known[number], seen, chosen) for number in wanted]


def _span(numbers: Sequence[int]) -> str:
    return f"{len(numbers)}, from {numbers[0]} to {numbers[-1]}" if numbers else "none"


def _episode(
    layout: LeRobotLayout, entry: LeRobotEpisode, camera: str, chosen: FrameRange
) -> Episode:
    files = [layout.data_file(entry)]
    is_film = layout.cameras[camera] == "video"
    if is_film:
        files.append(layout.video_file(entry, camera))
    name = f"episode {entry.number}" + (f": {entry.task}" if entry.task else "")
    fingerprint = ", ".join(fingerprint_file(path, contents=False) for path in files)

    where = f"{layout.root}: episode {entry.number}"
    length = None if entry.length is None else chosen.part_of(entry.length, where)

    def frames() -> Iterator[EpisodeFrame]:
        whole = episode_rows(files[0], entry.number)
        rows = whole.between(chosen)
        if not len(rows.row):
            raise chosen.without(len(whole.row), where)
        if is_film:
            wanted = rows.timestamp + entry.starts[camera]
            found = pictures_at(files[1], wanted, layout.period / 2)
        else:
            found = _stored_pictures(layout, files[0], camera, rows)
        for frame, index, picture in zip(rows.frame_index, rows.index, found, strict=True):
            yield EpisodeFrame(int(frame), int(index), *picture)

    def count() -> int:
        return len(episode_rows(files[0], entry.number).row)

    return Episode(entry.number, name, length, fingerprint, frames, count)


def episode_rows(path: Path, number: int) -> FrameRows:
    """Where the frames of an episode are in a table, and how they are numbered.

    Raises:
      UserError: it is damaged, or has no such episode.
    """
    columns = _columns(path, path.stat().st_mtime_ns)
    chosen = np.flatnonzero(columns["episode_index"] == number)
    if not chosen.size:
        raise UserError(f"{path} has no row of episode {number}")
    order = chosen[np.argsort(columns["frame_index"][chosen], kind="stable")]
    frames = columns["frame_index"][order]
    if frames[0] < 0 or (np.diff(frames) == 0).any():
        raise UserError(f"{path}: episode {number} has a frame twice, or one below 0")
    names = ("frame_index", "index", _TIME, "group", "row")
    return FrameRows(*(columns[name][order] for name in names))


@functools.lru_cache(maxsize=8)
def _columns(path: Path, changed: int) -> dict[str, np.ndarray]:
    """The numbers of all rows of a table, which many episodes share."""
    del changed
    table = Table(path)
    missing = [name for name in (*_NUMBERS, _TIME) if name not in table.names]
    if missing:
        raise UserError(f"{path} has no column {missing[0]!r}; it has {', '.join(table.names)}")
    parts: dict[str, list[Any]] = {name: [] for name in (*_NUMBERS, _TIME, "group", "row")}
    for group, count in enumerate(table.group_rows):
        for batch in table.batches(group, [*_NUMBERS, _TIME]):
            for name in (*_NUMBERS, _TIME):
                parts[name] += batch.column(batch.schema.get_field_index(name)).to_pylist()
        parts["group"] += [group] * count
        parts["row"] += range(count)
    try:
        times = np.array([np.nan if each is None else each for each in parts.pop(_TIME)], float)
        found = {name: np.array(each, np.int64) for name, each in parts.items()}
    except (TypeError, ValueError, OverflowError) as error:
        raise UserError(f"{path}: rows are not numbered: {error}") from None
    return found | {_TIME: times}


def _stored_pictures(
    layout: LeRobotLayout, path: Path, camera: str, rows: FrameRows
) -> Iterator[tuple[Picture | None, str]]:
    """Pictures in the cells of a table, or in files that they name."""
    reader = RowReader(path, camera)
    for group, row, frame in zip(rows.group, rows.row, rows.frame_index, strict=True):
        cell = reader.cell(int(group), int(row))
        stated = cell.get("path") if isinstance(cell, dict) and not cell.get("bytes") else None
        if isinstance(stated, str):
            yield stored_picture(layout.root, layout.picture_file(stated))
            continue
        try:
            yield encoded_picture(picture_bytes(cell), f"frame {frame} of {path.name}")
        except UserError as error:
            yield None, f"frame {frame} of {path.name}: {error}"
