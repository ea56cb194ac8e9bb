"""What a question of a benchmark is, what a mark is, and what a benchmark is."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.evaluation.benchmarks.rows import Row
from spatialvlm_jax.evaluation.benchmarks.stored_pictures import StoredPictures

Box = tuple[float, float, float, float]
# What a model is given beside the question, where a benchmark has no ways of its own.
INPUT_TRACKS: Mapping[str, str] = {
    "pixels": "the picture alone",
    "camera": "the picture, and what its file tells of the camera",
    "depth": "the picture and its depth",
}


@dataclasses.dataclass(frozen=True)
class Item:
    """One question.

    id: as the benchmark numbers it; without a number of its own, that of its record, from 0.
    question: as its file has it. prompt: as it is asked officially.
    answer: the truth in words, a letter where there are options. answers: of several people, or
      the one as its file words it.
    options: their texts by their capital letters.
    value, unit: the truth of a question for a number, and its unit (a key of `units.UNITS`), or
      "" for a count; None where a word is asked for.
    group: its sub-task. part: what else figures are apart by.
    image_id: questions that share it are about one picture.
    picture: the name of its file, perhaps with folders; "" where it lies in the benchmark's files.
    regions: boxes that it names by their numbers from 0: left, top, right and bottom as shares of
      the picture's width and height. names: what they are called; () where no record says it.
    size: of its picture, width and height in pixels, where a rule needs it. mask: the file of a
      picture that is not black where the answer lies; b"" where there is none.
    """

    id: str
    question: str
    prompt: str
    answer: str
    image_id: str
    answers: tuple[str, ...] = ()
    options: Mapping[str, str] = dataclasses.field(default_factory=dict)
    value: float | None = None
    unit: str = ""
    group: str = ""
    part: str = ""
    picture: str = ""
    regions: tuple[Box, ...] = ()
    names: tuple[str, ...] = ()
    size: tuple[int, int] = (1, 1)
    mask: bytes = b""


@dataclasses.dataclass(frozen=True)
class Mark:
    """What a rule makes of a reply. score: 0 to 1. said: what it has read, None where nothing."""

    score: float
    said: str | None = None


Rule = Callable[[Item, str], Mark]
Marked = Sequence[tuple[Item, Mark]]
Figures = Callable[[Marked], dict[str, float]]
Weights = Callable[[Sequence[Item]], np.ndarray]


def equal_weights(items: Sequence[Item]) -> np.ndarray:
    """float64[N]: every question counts the same."""
    return np.ones(len(items))


@dataclasses.dataclass(frozen=True)
class Benchmark:
    """A public benchmark.

    measures: one line. size: how many questions it has as published. licence: of its questions,
      as its project states it. project: whose it is. site: the project's address, where its files
      are found. files: what `--data` must be.
    pictures: "one", "several" or "video": what a question shows.
    picture_field: the field that names the picture's file, "" where none does.
    stored: the pictures in its own files; None where it has them in files of their own.
    rows: reads its files. item: makes a question of a record, None where a record is none.
    official: marks as the benchmark does; `official_is` says what that is where no code tells it.
    robust: marks what the reply says, whatever its form.
    rules: of other scorers, by their names.
    figures: of all marks of one rule; the first is the headline.
    weights: float64[N], what each question weighs in the headline, a weighted mean of marks.
    tracks: ways in which its questions may be shown; figures of one are compared with no other's.
    together: of a question what it shares with those that figures mark together with it.
    """

    name: str
    measures: str
    size: str
    licence: str
    project: str
    site: str
    files: str
    rows: Callable[[Path], Iterator[Row]]
    item: Callable[[Row], Item | None]
    official: Rule
    robust: Rule
    figures: Figures
    official_is: str
    rules: Mapping[str, Rule] = dataclasses.field(default_factory=dict)
    pictures: str = "one"
    picture_field: str = ""
    stored: StoredPictures | None = None
    weights: Weights = equal_weights
    tracks: tuple[str, ...] = ()
    together: Callable[[Item], str] = lambda item: item.id

    def some(self, items: Sequence[Item], most: int) -> tuple[Item, ...]:
        """About so many questions, evenly spread; what is marked together is whole, one at least.

        Figures of several questions each would be others of a part of them.
        """
        groups: dict[str, list[Item]] = {}
        for item in items:
            groups.setdefault(self.together(item), []).append(item)
        names = list(groups)
        count = max(1, min(most, len(items)) * len(names) // len(items))
        chosen = {names[len(names) * number // count] for number in range(count)}
        return tuple(item for item in items if self.together(item) in chosen)

    def check_track(self, track: str) -> None:
        """Raises UserError where a track is needed and none is named, or one that there is not."""
        known = self.tracks or tuple(INPUT_TRACKS)
        if track in known or not (track or self.tracks):
            return
        told = f"--track is one of {', '.join(known)}"
        if self.tracks:
            raise UserError(f"{self.name} is shown in several ways: {told}")
        raise UserError(f"{self.name} has no track {track!r}: {told}")
