"""Where the frames of an episode are in a table of a LeRobot set, and how they are numbered."""

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.foreign_files.parquet_files import Table
from spatialvlm_jax.rewards.episodes.frame_range import FrameRange
from spatialvlm_jax.rewards.episodes.stated_numbers import MOST

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

    def has(self) -> str:
        """How many frames, and how they are counted, in words."""
        count, first, last = len(self.row), self.frame_index[0], self.frame_index[-1]
        if first == 0 and last == count - 1:
            return f"{count} frames, counted from 0,"
        return f"{count} frames, of frame_index {first} to {last},"


def episode_rows(path: Path, number: int, camera: str = "") -> FrameRows:
    """Where the frames of an episode are in a table, and how they are numbered.

    Args:
      camera: a column that the table must have besides, or "".

    Raises:
      UserError: it is damaged, or has no such episode, or numbers that no episode has.
    """
    columns = _columns(path, path.stat().st_mtime_ns, camera)
    first, stop = np.searchsorted(columns["episode_index"], [number, number + 1])
    if first == stop:
        raise UserError(f"{path} has no row of episode {number}: leave it out by --episodes")
    names = (each.name for each in dataclasses.fields(FrameRows))
    found = FrameRows(*(columns[name][first:stop] for name in names))
    for name in ("frame_index", "index"):
        twice = _doubled(getattr(found, name))
        if twice is not None:
            said = "a frame twice" if name == "frame_index" else "two frames of one index"
            raise UserError(f"{path}: episode {number} has {said}: {name} is {twice} in two rows")
    return found


def refuse_shared_index(root: Path, rows: Mapping[int, np.ndarray]) -> None:
    """Trainings look frames up by `index`, which two of them must not have.

    Args:
      rows: number of an episode -> int64[N], the index of each of its frames.

    Raises:
      UserError: two episodes share one.
    """
    if not rows:
        return
    index = np.concatenate(list(rows.values()))
    twice = _doubled(index)
    if twice is None:
        return
    one, other = [number for number, each in rows.items() if twice in each][:2]
    raise UserError(
        f"{root}: episodes {one} and {other} both have a frame of index {twice}, by which rewards "
        "are joined to frames: number them anew, or choose one by --episodes"
    )


def _doubled(numbers: np.ndarray) -> int | None:
    """The least number that stands there twice."""
    ordered = np.sort(numbers)
    found = ordered[1:][np.diff(ordered) == 0]
    return int(found[0]) if found.size else None


@functools.lru_cache(maxsize=8)
def _columns(path: Path, changed: int, camera: str) -> dict[str, np.ndarray]:
    """The numbers of all rows of a table, which many episodes share, by episode and frame."""
    del changed
    table = Table(path)
    for name in (*_NUMBERS, _TIME, *([camera] if camera else [])):
        if name not in table.names:
            raise UserError(f"{path} has no column {name!r}; it has {', '.join(table.names)}")
        if table.names.count(name) > 1:
            raise UserError(f"{path} has two columns {name!r}: which is meant is not known")
    parts: dict[str, list[np.ndarray]] = {name: [] for name in (*_NUMBERS, _TIME)}
    for group in range(len(table.group_rows)):
        for batch in table.batches(group, list(parts)):
            for name, found in parts.items():
                found.append(batch.column(name).to_numpy(zero_copy_only=False))
    try:
        numbers = {name: _whole_numbers(parts[name], name) for name in _NUMBERS}
        times = _numbers(parts[_TIME], _TIME).astype(np.float64)
    except ValueError as error:
        raise UserError(f"{path}: rows are not numbered: {error}") from None
    row = _joined([np.arange(count) for count in table.group_rows])
    groups = np.repeat(np.arange(len(table.group_rows)), table.group_rows)
    order = np.lexsort((numbers["frame_index"], numbers["episode_index"]))
    columns = {**numbers, _TIME: times, "group": groups, "row": row}
    return {name: column[order] for name, column in columns.items()}


def _joined(parts: Sequence[np.ndarray]) -> np.ndarray:
    return np.concatenate(parts) if parts else np.zeros(0, np.int64)


def _numbers(parts: Sequence[np.ndarray], name: str) -> np.ndarray:
    """All of a column, NaN where nothing is stated; raises ValueError where it holds others."""
    numbers = _joined(parts)
    if numbers.dtype.kind not in "iuf" or numbers.ndim != 1:
        raise ValueError(f"{name} does not hold a number in every row")
    return numbers


def _whole_numbers(parts: Sequence[np.ndarray], name: str) -> np.ndarray:
    """int64[N]; raises ValueError where one is not from 0 to 2^62, or is no whole number."""
    numbers = _numbers(parts, name)
    fits = (numbers >= 0) & (numbers < MOST) & (numbers == np.floor(numbers))
    if not fits.all():
        wrong = numbers[~fits][0]
        raise ValueError(f"{name} is {wrong} in a row, no whole number from 0 to 2^62")
    return numbers.astype(np.int64)
