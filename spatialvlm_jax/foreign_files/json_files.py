"""JSON as data sets are published: one document, or one record a line."""

import collections
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from spatialvlm_jax.foreign_files.errors import FileError
from spatialvlm_jax.foreign_files.places import Placed, line_place, placed

MAX_DOCUMENT_BYTES = 4 * 2**30
MAX_LINE_BYTES = 64 * 2**20


def parse_json(data: bytes | str, *, strict: bool = False) -> Any:
    """The value of a JSON text; bytes are in UTF-8, -16 or -32, with a byte order mark or without.

    Args:
      strict: refuse NaN and infinities, which JSON does not have; else they are None, as data sets
        have them where nothing is known.

    Raises:
      ValueError: it is not JSON, is nested too deeply, or an object has a key twice.
    """
    constant = _refuse if strict else _nothing
    try:
        return json.loads(data, parse_constant=constant, object_pairs_hook=_unique)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def read_document(path: Path) -> Any:
    """The document in a file.

    Raises:
      FileError: there is none.
    """
    try:
        size = path.stat().st_size
        if size > MAX_DOCUMENT_BYTES:
            raise FileError(f"{path} has {size} bytes; at most {MAX_DOCUMENT_BYTES} are read")
        return parse_json(path.read_bytes())
    except FileError:
        raise
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise FileError(f"{path} is not JSON: {error}") from None


def read_object(path: Path, what: str) -> dict[str, Any]:
    """The object in a file.

    Raises:
      FileError: there is none; the message says that the file is not `what`.
    """
    content = read_document(path)
    if not isinstance(content, dict):
        raise FileError(f"{path} is not {what}: it holds no JSON object")
    return content


def read_json_records(path: Path) -> Iterator[Any]:
    """The records of a list, or of a file with one record a line.

    In place of a line that is not JSON stands the ValueError that says why.

    Raises:
      FileError: the file cannot be read, or holds neither.
    """
    for _, record in read_placed_records(path):
        yield record


def read_json_lines(path: Path) -> Iterator[Any]:
    """The records of a file with one a line, as `read_json_records` gives them.

    Raises:
      FileError: the file cannot be read.
    """
    for _, record in read_placed_lines(path):
        yield record


def read_placed_records(path: Path) -> Iterator[Placed]:
    """What `read_json_records` gives, each with its place."""
    if path.suffix in (".jsonl", ".ndjson"):
        yield from read_placed_lines(path)
        return
    document = read_document(path)
    if not isinstance(document, list):
        raise FileError(f"{path} holds no list of records; JSON Lines files need the end .jsonl")
    yield from placed(document)


def read_placed_lines(path: Path) -> Iterator[Placed]:
    """What `read_json_lines` gives, each with its place; empty lines are passed over."""
    number = 0
    try:
        with path.open("rb") as file:
            while line := file.readline(MAX_LINE_BYTES + 1):
                number += 1
                if len(line) > MAX_LINE_BYTES:
                    said = f"{line_place(number)} has more than {MAX_LINE_BYTES} bytes"
                    raise FileError(f"{path}: {said}")
                if not line.strip():
                    continue
                try:
                    yield line_place(number), parse_json(line)
                except ValueError as error:
                    yield line_place(number), error
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror}") from None


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no number in JSON")


def _nothing(_: str) -> None:
    return None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        counts = collections.Counter(key for key, _ in pairs)
        twice = next(key for key, count in counts.items() if count > 1)
        raise ValueError(f"the key {twice[:80]!r} stands twice in one object")
    return found
