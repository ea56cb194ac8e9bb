"""Sets of questions and pictures in files: VQA v2, OK-VQA, GQA, LLaVA, plain JSON(L) and CSV."""

import dataclasses
import re
import string
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from spatialvlm_jax.conversion.images import Images, plain_name
from spatialvlm_jax.conversion.rows import PairReader, SourceRow, lookup, no_field, require
from spatialvlm_jax.conversion.texts import Fault, as_text
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.foreign_files.json_files import read_document, read_json_records
from spatialvlm_jax.foreign_files.vqa_files import read_vqa_files

COCO_NAME = "COCO_{subset}_{image_id:0>12}.jpg"
GQA_NAME = "{image_id}.jpg"
_MOST_CHARACTERS = 255  # of a file's name on common systems


def image_name(pattern: str, **values: str) -> str:
    """The name of a picture's file.

    Raises:
      UserError: the pattern asks for something that is not known of a picture, or for more
        characters than a file's name can have.
    """
    try:
        problem = _problem(pattern, values)
        if not problem:
            return pattern.format(**values)
    except (LookupError, ValueError, AttributeError, TypeError) as error:
        problem = repr(error)
    known = ", ".join(f"{{{name}}}" for name in values)
    raise UserError(f"image name {pattern!r}: {problem}; it may use {known}")


def _problem(pattern: str, known: Collection[str]) -> str:
    """Why a pattern is not used, "" if it is; raises ValueError where it is none."""
    for _, name, form, _ in string.Formatter().parse(pattern):
        if name is not None and name not in known:
            return f"{{{name}}} is not known"
        numbers = re.findall("[0-9]+", form or "")
        if "{" in (form or "") or any(int(number) > _MOST_CHARACTERS for number in numbers):
            return f"a file's name has at most {_MOST_CHARACTERS} characters"
    return ""


@dataclasses.dataclass(frozen=True)
class VqaReader:
    """VQA v2 and OK-VQA: a file of questions, and a file of ten people's answers to each.

    name: pattern of a picture's file name, from {image_id} and {subset}, which is what the file
      calls its pictures' set ("train2014").
    """

    questions: Path
    annotations: Path
    images: Images
    pairs: PairReader
    name: str = COCO_NAME

    def rows(self) -> Iterator[SourceRow]:
        files = read_vqa_files(self.questions, self.annotations)
        annotations = files.annotations
        for number, question in enumerate(files.questions):
            image_id = as_text(lookup(question, "image_id")) if _is_record(question) else ""
            if not image_id:
                yield SourceRow(
                    f"{self.questions.name}:{number}", "", faults=("no field 'image_id'",)
                )
                continue
            reference = image_name(self.name, image_id=image_id, subset=files.subset)
            try:
                key = as_text(require(question, "question_id"))
                if key not in annotations:
                    raise Fault("no annotation has its question_id")
                answers = annotations[key].get("answers") or []
                preferred = annotations[key].get("multiple_choice_answer")
                text = require(question, "question")
                pair = self.pairs.asked(text, answers or preferred, key, preferred)
                yield SourceRow(image_id, reference, (pair,))
            except Fault as fault:
                yield SourceRow(image_id, reference, faults=(str(fault),))

    def image(self, reference: str) -> bytes:
        return self.images.read(reference)

    def fingerprint(self, reference: str) -> str:
        return self.images.fingerprint(reference)


@dataclasses.dataclass(frozen=True)
class GqaReader:
    """GQA: one record a question id, with one answer.

    name: pattern of a picture's file name, from {image_id}.
    """

    questions: Path
    images: Images
    pairs: PairReader
    name: str = GQA_NAME

    def rows(self) -> Iterator[SourceRow]:
        document = read_document(self.questions)
        if not isinstance(document, Mapping):
            raise UserError(f"{self.questions} is not GQA's: it maps no question ids to records")
        for key, record in document.items():
            image_id = as_text(lookup(record, "imageId")) if _is_record(record) else ""
            if not image_id:
                yield SourceRow(f"question-{key}", "", faults=("no field 'imageId'",))
                continue
            reference = image_name(self.name, image_id=image_id)
            try:
                text, answer = require(record, "question"), require(record, "answer")
                yield SourceRow(image_id, reference, (self.pairs.asked(text, answer, str(key)),))
            except Fault as fault:
                yield SourceRow(image_id, reference, faults=(str(fault),))

    def image(self, reference: str) -> bytes:
        return self.images.read(reference)

    def fingerprint(self, reference: str) -> str:
        return self.images.fingerprint(reference)


@dataclasses.dataclass(frozen=True)
class JsonReader:
    """Records that name their picture: LLaVA's conversations, or plain questions and answers.

    The name is what tells pictures apart: records that share it are about one image.
    read: gives the records of the file, None for what is none: `no_record` says why.
    """

    questions: Path
    images: Images
    pairs: PairReader
    read: Callable[[Path], Iterator[Any]] = read_json_records
    no_record: str = "the record is not a JSON object"

    def rows(self) -> Iterator[SourceRow]:
        field = self.pairs.fields.image
        for number, record in enumerate(self.read(self.questions)):
            place = f"{self.questions.name}:{number}"
            if not _is_record(record):
                why = f": {record}" if isinstance(record, ValueError) else ""
                yield SourceRow(place, "", faults=(f"{self.no_record}{why}",))
                continue
            name = lookup(record, field)
            if isinstance(name, list) and len(name) == 1:
                (name,) = name
            if isinstance(name, str) and name:
                name = plain_name(name)
                yield self.pairs.row(record, name, name)
            elif isinstance(name, list):
                yield SourceRow(place, "", faults=(f"{len(name)} images in one record",))
            else:
                yield SourceRow(place, "", faults=(no_field(record, field),))

    def image(self, reference: str) -> bytes:
        return self.images.read(reference)

    def fingerprint(self, reference: str) -> str:
        return self.images.fingerprint(reference)


def _is_record(value: Any) -> bool:
    return isinstance(value, Mapping)
