"""VQA v2 and OK-VQA as published: questions and people's answers, in two files of one set."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spatialvlm_jax.foreign_files.errors import FileError
from spatialvlm_jax.foreign_files.json_files import read_document


@dataclasses.dataclass(frozen=True)
class VqaFiles:
    """Both files. questions: its records. annotations: by question_id. subset: of the pictures."""

    questions: list[Any]
    annotations: Mapping[str, Mapping[str, Any]]
    subset: str


def question_key(value: Any) -> str:
    """An id as text, whether it is a number or text; "" where it is neither."""
    return str(value).strip() if isinstance(value, int | float | str) else ""


def read_vqa_files(questions: Path, annotations: Path) -> VqaFiles:
    """The questions and the answers to them.

    Raises:
      FileError: a file cannot be read, is another one, or both are of different pictures.
    """
    asked, annotated = read_document(questions), read_document(annotations)
    members = _member(asked, "questions", questions)
    answers = _by_question(_member(annotated, "annotations", annotations), annotations)
    files = f"{questions} and {annotations} are of different sets"
    subsets = [each.get("data_subtype") for each in (asked, annotated)]
    if all(subsets) and subsets[0] != subsets[1]:
        raise FileError(f"{files}: {subsets[0]} and {subsets[1]}")
    for key, question in _by_question(members, questions).items():
        image_ids = [each.get("image_id") for each in (question, answers.get(key, {}))]
        if None not in image_ids and question_key(image_ids[0]) != question_key(image_ids[1]):
            raise FileError(
                f"{files}: question {key} is about image {image_ids[0]} and {image_ids[1]}"
            )
    return VqaFiles(members, answers, str(subsets[0] or subsets[1] or ""))


def _member(document: Any, name: str, path: Path) -> list[Any]:
    member = document.get(name) if isinstance(document, Mapping) else None
    if not isinstance(member, list):
        raise FileError(f"{path} has no list {name!r}: is it the {name} file of this set?")
    return member


def _by_question(records: list[Any], path: Path) -> dict[str, Mapping[str, Any]]:
    """The records by their question_id; raises FileError where two share it."""
    found: dict[str, Mapping[str, Any]] = {}
    for record in records:
        key = question_key(record.get("question_id")) if isinstance(record, Mapping) else ""
        if key and key in found:
            raise FileError(
                f"{path} has question_id {key} twice: which answers are meant is unknown"
            )
        if key:
            found[key] = record
    return found
