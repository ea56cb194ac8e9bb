"""The questions of a benchmark from its files, and what is missing in them."""

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.evaluation.benchmarks.item import Benchmark, Item
from spatialvlm_jax.evaluation.benchmarks.pictures import PictureFolder
from spatialvlm_jax.evaluation.benchmarks.rows import MissingField, NoFiles, Row
from spatialvlm_jax.foreign_files.errors import FileError


@dataclasses.dataclass(frozen=True)
class Questions:
    """Questions in the order of their files, and a line for each record that lacks a field.

    places: of all records that are questions, by their numbers from 0, the question, None where it
    was left out because it lacks a field.
    """

    items: tuple[Item, ...]
    missing: tuple[str, ...]
    places: Mapping[int, Item | None]


RENDERED = "RENDERED.txt"  # stands beside the files of a rendered twin


def as_found(benchmark: Benchmark, place: Path) -> Benchmark:
    """The benchmark; under a name that says so, where these files are those of a rendered twin."""
    folder = place if place.is_dir() else place.parent
    if not (folder / RENDERED).is_file():
        return benchmark
    return dataclasses.replace(benchmark, name=f"rendered_{benchmark.name}")


def load_questions(
    benchmark: Benchmark,
    place: Path,
    allow_missing: bool = False,
    pictures: PictureFolder | None = None,
) -> Questions:
    """Reads the files of a benchmark.

    Args:
      place: its folder, or its one file.
      allow_missing: go on where a record lacks a field or its picture, and count it.
      pictures: where the picture of every question must be.
    Raises:
      MissingField: a record lacks a field or its picture. FileError: a file cannot be read, there
        is no question in it, or two have one id. UserError: the pictures lie in its own files.
    """
    if pictures and not benchmark.picture_field:
        raise UserError(f"{benchmark.name} names no files of pictures: they lie in its own files")
    if not place.exists():
        raise FileError(
            f"{place} does not exist; {benchmark.name} reads {benchmark.files}, found by way of "
            f"{benchmark.site}"
        )
    items: dict[str, Item] = {}
    missing: list[str] = []
    places: list[Item | None] = []
    for row in _rows(benchmark, place):
        try:
            item = benchmark.item(row)
            if item and pictures and not pictures.find(item.picture):
                name = f"names {item.picture[:80]!r}, which is not in {pictures.folder}"
                raise row.missing(benchmark.picture_field, name)
        except MissingField as error:
            if not allow_missing:
                raise MissingField(f"{error} (--allow-missing leaves such records out)") from None
            missing.append(str(error))
            places.append(None)
            continue
        if item is None:
            continue
        if item.id in items:
            raise FileError(f"{row.path}: {row.place}: question {item.id!r} is there twice")
        items[item.id] = item
        places.append(item)
    if not items:
        raise FileError(f"{place} has no question of {benchmark.name}: it reads {benchmark.files}")
    return Questions(tuple(items.values()), tuple(missing), dict(enumerate(places)))


def _rows(benchmark: Benchmark, place: Path) -> Iterator[Row]:
    """The records of its files; where there are none, the error says where to find them."""
    try:
        yield from benchmark.rows(place)
    except NoFiles as error:
        raise NoFiles(f"{error}; {benchmark.name} is found by way of {benchmark.site}") from None
