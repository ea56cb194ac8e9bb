"""JSON as sets are published: one document, or one record a line."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from spatialvlm_jax.errors import UserError


def read_document(path: Path) -> Any:
    """The document in a file.

    Raises:
      UserError: there is none.
    """
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise UserError(f"{path} is not JSON: {error}") from None


def read_records(path: Path) -> Iterator[Any]:
    """The records of a list, or of a file with one record a line.

    A line that is not JSON is given as None.

    Raises:
      UserError: the file cannot be read, or holds neither.
    """
    if _has_lines(path):
        yield from _read_lines(path)
        return
    document = read_document(path)
    if not isinstance(document, list):
        raise UserError(f"{path} holds no list of records; JSON Lines files need the end .jsonl")
    yield from document


def _has_lines(path: Path) -> bool:
    return path.suffix in (".jsonl", ".ndjson")


def _read_lines(path: Path) -> Iterator[Any]:
    try:
        with path.open("rb") as file:
            for line in file:
                if not line.strip():
                    continue
                try:
                    yield json.loads(line)
                except ValueError:
                    yield None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from None
