"""What was read of frames so far, kept on disk: a run that is cut off goes on where it was.

One JSON list a line behind a head that says what was asked of which episodes: [episode, frame,
index, distance, spread] of a frame, with two more numbers where its holder was asked for, too, a
list of what was doubted, where something was, and {"places": [[x, y, z], ...]} at the end, where
the model told any, with "hidden": [0], the numbers of those that are of something doubted;
[episode, frames] of one that is read to its end, with how many it has. A line that a kill cut off
is left out.
"""

import json
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from spatialvlm_jax.atomic_write import write_text
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.foreign_files.json_files import read_placed_lines
from spatialvlm_jax.rewards.episodes.stated_numbers import MOST
from spatialvlm_jax.rewards.frame_reading import FrameReading, Place
from spatialvlm_jax.scene.object_values import FARTHEST_METRES

_FILE = "readings.jsonl"
_LAYOUT = 2  # of its lines; earlier ones lack what is hidden, and how many frames were read
_NOWHERE: Place = (math.nan, math.nan, math.nan)
# What cannot be told by its name alone: a head has fingerprints of it.
_DIFFERS = {
    "episodes": "episodes: files of theirs have changed, or others are named",
    "model": "model: its files have changed, or another is named",
    "layout": "layout: another version of this program kept them",
}


class Journal:
    """The readings of all episodes; only one process may hold it.

    readings: episode -> its readings, in the order of frames. finished: episodes read to the end.
    folder: where they are kept.
    """

    def __init__(self, folder: Path, head: Mapping[str, Any]) -> None:
        """Opens the journal in `folder`, or begins it.

        Raises:
          UserError: what it holds is of another question, model or recording.
        """
        self.readings: dict[int, list[FrameReading]] = {}
        self.finished: set[int] = set()
        self.folder, self._path = folder, folder / _FILE
        self._things = 3 if "question_of_holder" in head else 2
        wanted = json.loads(json.dumps({**head, "layout": _LAYOUT}))
        if self._path.exists() and self._path.stat().st_size:
            self._read(wanted)
        lines = [json.dumps(wanted)]
        for episode, readings in self.readings.items():
            lines += [_line(episode, each) for each in readings]
        lines += [self._end(episode) for episode in sorted(self.finished)]
        write_text(self._path, "".join(f"{line}\n" for line in lines))
        self._file: IO[str] = self._path.open("a", encoding="utf-8")

    def add(self, rows: Sequence[tuple[int, FrameReading]]) -> None:
        """Keeps readings, each of the next frame of its episode."""
        for episode, reading in rows:
            self.readings.setdefault(episode, []).append(reading)
            self._file.write(_line(episode, reading) + "\n")
        self._file.flush()

    def finish(self, episode: int) -> None:
        """Keeps that an episode has no more frames."""
        self.finished.add(episode)
        self.readings.setdefault(episode, [])
        self._file.write(f"{self._end(episode)}\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        self._file.close()

    def _end(self, episode: int) -> str:
        return json.dumps([episode, len(self.readings[episode])])

    def _read(self, wanted: Mapping[str, Any]) -> None:
        rows = read_placed_lines(self._path)
        _, head = next(rows, ("", None))
        if head != wanted:
            if isinstance(head, dict) and "episodes" in head and next(rows, None) is None:
                return  # nothing was read for it
            differs = "it" if not isinstance(head, dict) else "; ".join(_differing(head, wanted))
            raise UserError(
                f"{self._path} was begun for something else ({differs}): name another --out, or "
                f"remove {self._path.parent}"
            )
        for where, row in rows:
            if isinstance(row, ValueError):
                break  # what follows a line that was cut off is read again
            try:
                self._take(row)
            except (LookupError, TypeError, ValueError, OverflowError):
                raise UserError(
                    f"{self._path}: {where} is damaged: remove {self._path.parent} to begin anew"
                ) from None

    def _take(self, row: Any) -> None:
        if not isinstance(row, list):
            raise ValueError("no list")
        readings = self.readings.setdefault(_whole(row[0]), [])
        if row[0] in self.finished:
            raise ValueError("it had ended")
        if len(row) == 2:
            if _whole(row[1]) != len(readings):
                raise ValueError(f"{len(readings)} of {row[1]} frames")
            self.finished.add(row[0])
            return
        reading = self._reading(row)
        if readings and reading.frame_index <= readings[-1].frame_index:
            raise ValueError("frames are not in order")
        readings.append(reading)

    def _reading(self, row: list[Any]) -> FrameReading:
        placed = row.pop() if isinstance(row[-1], dict) else None
        places, hidden = ((), ()) if placed is None else self._placed(**placed)
        doubted = tuple(map(_name, row.pop())) if isinstance(row[-1], list) else ()
        _, frame, index, *told = row
        if len(told) not in (2, 4):
            raise ValueError("no reading")
        numbers = [math.nan if each is None else _number(each) for each in told]
        if any(distance <= 0 for distance in numbers[::2]) or any(
            spread < 0 for spread in numbers[1::2]
        ):
            raise ValueError("no reading")
        place = _whole(frame), None if index is None else _whole(index)
        distance, spread, of_holder, holder_spread = (*numbers, math.nan, math.nan)[:4]
        return FrameReading(
            *(*place, distance, spread, of_holder, holder_spread), doubted, places, hidden
        )

    def _placed(
        self, places: Any, hidden: Sequence[Any] = ()
    ) -> tuple[tuple[Place, ...], tuple[int, ...]]:
        """`FrameReading.places` and `hidden`."""
        found = tuple(_NOWHERE if each is None else _place(*each) for each in places)
        if len(found) != self._things:
            raise ValueError(f"no places of {self._things} things")
        if any(type(each) is not int or each not in range(len(found)) for each in hidden):
            raise ValueError(f"no such places: {hidden}")
        return found, tuple(hidden)


def _whole(value: Any) -> int:
    if type(value) is not int or not 0 <= value < MOST:
        raise ValueError(f"{value!r} is no number of a frame")
    return value


def _number(value: Any) -> float:
    if type(value) not in (int, float) or not math.isfinite(value):
        raise ValueError(f"{value!r} is no length")
    return float(value)


def _name(value: Any) -> str:
    if type(value) is not str:
        raise ValueError(f"{value!r} is no name")
    return value


def _place(x: Any, y: Any, z: Any) -> Place:
    place = _number(x), _number(y), _number(z)
    if max(map(abs, place)) > FARTHEST_METRES:
        raise ValueError(f"{place} is no place")
    return place


def _differing(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    names = sorted({*found, *wanted})
    return [_DIFFERS.get(name, name) for name in names if found.get(name) != wanted.get(name)]


def _line(episode: int, reading: FrameReading) -> str:
    numbers = [reading.distance, reading.spread]
    of_holder = [reading.holder_distance, reading.holder_spread]
    if not all(map(math.isnan, of_holder)):
        numbers += of_holder
    told = [None if math.isnan(number) else number for number in numbers]
    doubted = [list(reading.doubted)] if reading.doubted else []
    places = [None if math.isnan(each[0]) else list(each) for each in reading.places]
    hidden = {"hidden": list(reading.hidden)} if reading.hidden else {}
    placed = [{"places": places, **hidden}] if places else []
    row = [episode, reading.frame_index, reading.index, *told, *doubted, *placed]
    return json.dumps(row, allow_nan=False)
