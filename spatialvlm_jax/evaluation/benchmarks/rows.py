"""Records of published files, and their fields; what a record lacks is told with its place."""

import dataclasses
import hashlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.foreign_files.csv_files import read_placed_csv
from spatialvlm_jax.foreign_files.errors import FileError
from spatialvlm_jax.foreign_files.json_files import (
    read_object,
    read_placed_lines,
    read_placed_records,
)
from spatialvlm_jax.foreign_files.parquet_files import read_parquet_records
from spatialvlm_jax.foreign_files.places import Placed, placed

_MAX_CELL = 64 * 2**20  # of a table with pictures

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class MissingField(UserError):
    """A record without a field that its benchmark needs, or with one of another kind."""


class NoFiles(FileError):
    """A folder without a file that a benchmark reads."""


@dataclasses.dataclass(frozen=True)
class Row:
    """One record of a file.

    place: where it is in the file, as errors tell it. number: from 0, in its file. index: likewise,
    over all files of the benchmark. key: its name in an object.
    """

    path: Path
    place: str
    number: int
    index: int
    fields: Mapping[str, Any]
    key: str = ""

    def missing(self, name: str, why: str) -> MissingField:
        """The error that says where which field is wrong."""
        return MissingField(f"{self.path}: {self.place}: field {name!r} {why}")

    def get(self, name: str) -> Any:
        """The value of a field, "/" leading into nested ones; raises MissingField."""
        value: Any = self.fields
        for part in name.split("/"):
            value = value.get(part) if isinstance(value, Mapping) else None
        if value is None:
            raise self.missing(name, "is missing")
        return value

    def text(self, name: str) -> str:
        """A text or a number as text, not empty."""
        value = self.get(name)
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise self.missing(name, "is no text")
        if not str(value).strip():
            raise self.missing(name, "is empty")
        return str(value)

    def optional(self, name: str) -> str:
        """The same, or "" where it is missing."""
        try:
            return self.text(name)
        except MissingField:
            return ""

    def digest(self, name: str) -> str:
        """The same for the same picture in a field, which has no name; its index without one."""
        data = self.picture(name)
        return hashlib.sha256(data).hexdigest()[:16] if data else str(self.index)

    def picture(self, name: str) -> bytes:
        """What a field holds of a picture, bytes or text; b"" where it holds nothing."""
        value = self.fields.get(name)
        data = value.get("bytes") if isinstance(value, Mapping) else value
        if isinstance(data, str):
            return data.encode(errors="replace")
        return data if isinstance(data, bytes) else b""

    def number_of(self, name: str) -> float:
        """A finite number, also written as text."""
        text = self.text(name)
        try:
            number = float(text)
        except ValueError:
            raise self.missing(name, "is no number") from None
        if not math.isfinite(number):
            raise self.missing(name, "is no finite number")
        return number

    def sequence(self, name: str) -> list[Any]:
        """A list."""
        value = self.get(name)
        if not isinstance(value, list):
            raise self.missing(name, "is no list")
        return value

    def options(self, name: str) -> dict[str, str]:
        """A list of texts by capital letters in order, without letters that they begin with."""
        texts = self.sequence(name)
        if not 2 <= len(texts) <= len(LETTERS) or not all(isinstance(t, str) for t in texts):
            raise self.missing(name, "is no list of 2 to 26 texts")
        named = dict(zip(LETTERS, texts, strict=False))
        return {letter: _without_letter(letter, text) for letter, text in named.items()}

    def letter(self, name: str, options: Mapping[str, str]) -> str:
        """The letter of the true option, written "(B)", "B" or "B."."""
        letter = self.text(name).strip().strip("().").upper()
        if letter not in options:
            raise self.missing(name, f"is {letter[:20]!r}, none of {', '.join(options)}")
        return letter

    def letter_of_place(self, name: str, options: Mapping[str, str]) -> str:
        """The letter of the true option, given as its place from 0."""
        place = self.number_of(name)
        if place not in range(len(options)):
            raise self.missing(name, f"is {place:g}; there are {len(options)} options")
        return LETTERS[int(place)]


def _without_letter(letter: str, text: str) -> str:
    for begins in (f"({letter})", f"{letter}.", f"{letter})", f"{letter}:"):
        if text.startswith(begins):
            return text[len(begins) :].strip()
    return text.strip()


def find_files(place: Path, *endings: str) -> list[Path]:
    """The files of a folder and the folders in it whose names end so, in order; or the one file.

    Raises:
      NoFiles: there are none.
    """
    if place.is_file():
        return [place]
    found = sorted({path for end in endings for path in place.rglob(f"*{end}") if path.is_file()})
    if not found:
        wanted = " or ".join(endings)
        raise NoFiles(f"{place} has no file {wanted}: name the folder, or the file itself")
    return found


def parquet_rows(place: Path, without: Sequence[str] = ()) -> Iterator[Row]:
    """Rows of parquet files.

    Args:
      without: columns that are not read, such as pictures.
    """
    return number_rows(
        find_files(place, ".parquet"), lambda path: placed(read_parquet_records(path, without))
    )


def json_rows(place: Path, *endings: str) -> Iterator[Row]:
    """Records of lists in JSON, or of JSON Lines."""
    return number_rows(find_files(place, *(endings or (".jsonl", ".json"))), read_placed_records)


def json_line_rows(place: Path, *endings: str) -> Iterator[Row]:
    """One record a line, whatever the file's name ends with."""
    return number_rows(find_files(place, *endings), read_placed_lines)


def keyed_rows(place: Path, ending: str) -> Iterator[Row]:
    """Records of an object that has each under its id."""
    index = 0
    for path in find_files(place, ending):
        for number, (key, fields) in enumerate(read_object(path, "such a file").items()):
            where = f"record {key[:80]!r}"
            if not isinstance(fields, Mapping):
                raise FileError(f"{path}: {where} is no record")
            yield Row(path, where, number, index, fields, key)
            index += 1


def picture_table_rows(place: Path) -> Iterator[Row]:
    """Rows of tables (.tsv) in whose cells pictures stand as text."""
    return number_rows(find_files(place, ".tsv"), lambda path: read_placed_csv(path, _MAX_CELL))


def number_rows(paths: Sequence[Path], read: Callable[[Path], Iterator[Placed]]) -> Iterator[Row]:
    """Records of several files, which are read with their places.

    Raises:
      FileError: a file cannot be read, or one of its records is none.
    """
    index = 0
    for path in paths:
        for number, (where, fields) in enumerate(read(path)):
            if not isinstance(fields, Mapping):
                why = f": {fields}" if isinstance(fields, ValueError) else ""
                raise FileError(f"{path}: {where} is no record{why}")
            yield Row(path, where, number, index, fields)
            index += 1
