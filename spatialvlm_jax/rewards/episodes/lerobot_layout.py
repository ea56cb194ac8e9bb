"""Where things lie in a LeRobot data set, version 2 or 3, by its own description.

v2: data/chunk-000/episode_000007.parquet, videos/chunk-000/KEY/episode_000007.mp4, one of each an
episode; meta/episodes.jsonl, meta/tasks.jsonl. v3: files hold many episodes, and
meta/episodes/chunk-000/file-000.parquet says which, and from when on; meta/tasks.parquet.
"""

import dataclasses
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.flags import shorten
from spatialvlm_jax.foreign_files.json_files import (
    read_json_lines,
    read_object,
    read_placed_lines,
)
from spatialvlm_jax.foreign_files.parquet_files import Table, read_parquet_records
from spatialvlm_jax.foreign_files.places import Placed, placed
from spatialvlm_jax.generation.outcomes import Rejected
from spatialvlm_jax.generation.sources.photo_files import inside
from spatialvlm_jax.rewards.episodes.stated_numbers import stated_number, stated_seconds

_FIELD = re.compile(r"\{([a-z_]+)(?::0?([1-9])d)?\}")
_MAX_EPISODES = 10_000_000
_TASK_INDEX = "task_index"


@dataclasses.dataclass(frozen=True)
class LeRobotEpisode:
    """What a data set says of one episode.

    length: frames, or None. task: in words, "" where it is not told.
    places: numbers for the templates of paths: of its data, and of the video of each camera.
    starts: camera -> seconds of its video at which the episode begins.
    """

    number: int
    length: int | None
    task: str
    data: Mapping[str, int]
    videos: Mapping[str, Mapping[str, int]]
    starts: Mapping[str, float]


@dataclasses.dataclass(frozen=True)
class LeRobotLayout:
    """A data set's `meta/info.json`.

    version: 2 or 3. period: seconds between frames. cameras: feature -> "image" or "video".
    """

    root: Path
    version: int
    period: float
    cameras: Mapping[str, str]
    data_path: str
    video_path: str
    chunk_size: int

    @classmethod
    def read(cls, root: Path) -> "LeRobotLayout":
        """Reads the description of a data set.

        Raises:
          UserError: there is none, or it is of another version.
        """
        path = root / "meta" / "info.json"
        info = read_object(path, "the description of a LeRobot data set")
        version = re.match(r"v([23])\.", str(info.get("codebase_version")))
        if version is None:
            stated = str(info.get("codebase_version"))[:40]
            raise UserError(f"{path}: LeRobot data sets of v2 and v3 are read, not {stated!r}")
        try:
            fps = float(info["fps"])
            if not 0.0 < fps < 1e6:
                raise ValueError(f"{fps} frames a second")
            kinds = {str(name): str(each["dtype"]) for name, each in info["features"].items()}
            cameras = {name: kind for name, kind in kinds.items() if kind in ("image", "video")}
            paths = str(info["data_path"]), str(info.get("video_path") or "")
            chunk = max(int(info.get("chunks_size") or 1000), 1)
        except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
            raise UserError(f"{path} cannot be read: {error!r}") from None
        return cls(root.resolve(), int(version[1]), 1.0 / fps, cameras, *paths, chunk)

    def camera(self, named: str) -> str:
        """The camera that is meant; the only one needs no name.

        Raises:
          UserError: there is no such camera, or several.
        """
        listed = ", ".join(sorted(self.cameras)) or "none"
        if named and named not in self.cameras:
            raise UserError(f"{self.root} has no camera {named!r}; it has {listed}")
        if not named and len(self.cameras) != 1:
            raise UserError(f"say which camera sees the goal: --camera=KEY, of {listed}")
        return named or next(iter(self.cameras))

    def data_file(self, episode: LeRobotEpisode) -> Path:
        """Where the rows of an episode are; raises UserError."""
        return self._file(self.data_path, episode.data, "")

    def video_file(self, episode: LeRobotEpisode, camera: str) -> Path:
        """Where its video is; raises UserError."""
        return self._file(self.video_path, episode.videos[camera], camera)

    def picture_file(self, stated: str) -> str:
        """A path below the root, as a table states it."""
        return stated if os.path.exists(self.root / stated) else f"images/{stated}"

    def _file(self, template: str, numbers: Mapping[str, int], camera: str) -> Path:
        """The file, also where the folder is `video` and is said to be `videos`, or likewise."""
        name = fill_path(template, numbers, camera)
        first, _, rest = name.partition("/")
        other = {"videos": "video", "video": "videos"}.get(first)
        names = [name] if other is None else [name, f"{other}/{rest}"]
        for each in names:
            try:
                return inside(self.root, each)
            except Rejected as error:
                reason = str(error)
                if (self.root / each).exists():
                    break
        also = f" (nor {names[1]})" if len(names) > 1 else ""
        raise UserError(
            f"{self.root}: {name}{also} cannot be read: {reason}; was all of it copied?"
        )

    def episodes(self) -> Iterator[LeRobotEpisode]:
        """All episodes in order, no number twice; raises UserError."""
        found = self._episodes_v3() if self.version == 3 else self._episodes_v2()
        numbers: set[int] = set()
        for episode in found:
            if len(numbers) == _MAX_EPISODES:
                raise UserError(f"{self.root} lists more than {_MAX_EPISODES} episodes")
            if episode.number in numbers:
                raise UserError(
                    f"{self.root} lists episode {episode.number} twice, and which is meant is not "
                    "known: mend the files in meta/"
                )
            numbers.add(episode.number)
            yield episode

    def _episodes_v2(self) -> Iterator[LeRobotEpisode]:
        path = self.root / "meta" / "episodes.jsonl"
        tasks = self.tasks()
        yield from _described(path, read_placed_lines(path), lambda row: self._of_v2(row, tasks))

    def _of_v2(self, row: Mapping[str, Any], tasks: Mapping[int, str]) -> LeRobotEpisode:
        number = stated_number(row["episode_index"], "episode_index")
        place = {"episode_index": number, "episode_chunk": number // self.chunk_size}
        return LeRobotEpisode(
            number,
            _length(row),
            _task(row.get("tasks"), tasks),
            place,
            dict.fromkeys(self.cameras, place),
            dict.fromkeys(self.cameras, 0.0),
        )

    def _episodes_v3(self) -> Iterator[LeRobotEpisode]:
        folder = self.root / "meta" / "episodes"
        files = sorted(folder.glob("chunk-*/file-*.parquet"))
        if not files:
            raise UserError(f"{folder} has no chunk-000/file-000.parquet: was all of it copied?")
        tasks = self.tasks()
        for path in files:
            without = [name for name in Table(path).names if name.startswith("stats/")]
            rows = placed(read_parquet_records(path, without))
            yield from _described(path, rows, lambda row: self._of_v3(row, tasks))

    def _of_v3(self, row: Mapping[str, Any], tasks: Mapping[int, str]) -> LeRobotEpisode:
        films = [name for name, kind in self.cameras.items() if kind == "video"]

        def place(of: str) -> dict[str, int]:
            return {name: stated_number(row[f"{of}/{name}"], f"{of}/{name}") for name in _PLACE}

        def start(film: str) -> float:
            column = f"videos/{film}/from_timestamp"
            return stated_seconds(row[column], column)

        return LeRobotEpisode(
            stated_number(row["episode_index"], "episode_index"),
            _length(row),
            _task(row.get("tasks"), tasks),
            place("data"),
            {film: place(f"videos/{film}") for film in films},
            {film: start(film) for film in films},
        )

    def tasks(self) -> dict[int, str]:
        """Number -> task in words; none where no file says so.

        The words are the index of a table in pandas, which stores it by its name or without one.
        """
        table, lines = self.root / "meta" / "tasks.parquet", self.root / "meta" / "tasks.jsonl"
        if table.is_file():
            rows: Iterator[Any] = read_parquet_records(table)
        elif lines.is_file():
            rows = read_json_lines(lines)
        else:
            return {}
        found = {}
        for row in rows:
            if isinstance(row, dict) and isinstance(row.get(_TASK_INDEX), int):
                words = row.get("task", row.get("__index_level_0__"))
                found[row[_TASK_INDEX]] = str(words or "")
        return found


_PLACE = ("chunk_index", "file_index")


def fill_path(template: str, numbers: Mapping[str, int], camera: str) -> str:
    """A path of `info.json` with its fields filled in, of which it knows numbers and a camera.

    Raises:
      UserError: it has other fields, or more than one digit of width.
    """

    def fill(found: re.Match[str]) -> str:
        name, width = found[1], int(found[2] or 0)
        if name == "video_key" and not width:
            return camera
        if name not in numbers:
            raise UserError(f"the path {template[:200]!r} asks for {name!r}, which is not known")
        return f"{numbers[name]:0{width}d}" if width else str(numbers[name])

    filled = _FIELD.sub(fill, template)
    if not filled or "{" in filled.replace(camera, "") or filled.startswith("/"):
        raise UserError(f"{template[:200]!r} is no path of a LeRobot data set")
    return filled


def _described(
    path: Path, rows: Iterable[Placed], made: Callable[[Mapping[str, Any]], LeRobotEpisode]
) -> Iterator[LeRobotEpisode]:
    """The episodes that the rows of a file describe; raises UserError with the place of a row."""
    for where, row in rows:
        if isinstance(row, ValueError):
            raise UserError(f"{path}: {where} is not JSON: {row}")
        if not isinstance(row, Mapping):
            raise UserError(f"{path}: {where} is no episode, but {shorten(repr(row))}")
        try:
            episode = made(row)
        except KeyError as error:
            raise UserError(f"{path}: {where} is no episode: it has no {error}") from None
        except ValueError as error:
            raise UserError(f"{path}: {where} is no episode: {error}") from None
        yield episode


def _length(row: Mapping[str, Any]) -> int | None:
    length = row.get("length")
    return None if length is None else stated_number(length, "length")


def _task(stated: Any, tasks: Mapping[int, str]) -> str:
    """What an episode says of its tasks: words, or numbers of `tasks`; else the only one."""
    listed = list(stated) if isinstance(stated, list | tuple) else []
    words = [tasks.get(each, "") if isinstance(each, int) else str(each) for each in listed]
    if not words and len(tasks) == 1:
        words = list(tasks.values())
    return "; ".join(word for word in words if word)
