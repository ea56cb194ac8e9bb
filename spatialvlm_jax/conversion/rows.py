"""What a reader gives: rows of questions about an image, the answers chosen, the faults named.

Records of many forms come down to these few: a question with one answer, with the answers of
several people, lists of both, or a conversation. A question that cannot be used is not an error;
its reason is kept.
"""

import collections
import dataclasses
import zlib
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal, Protocol

import numpy as np

from spatialvlm_jax.conversion.texts import (
    Fault,
    about_one_picture,
    as_text,
    is_missing,
    joined_parts,
    said_text,
)
from spatialvlm_jax.conversion.truths import COLUMNS, GENERAL, KindRule, Truth, read_truth
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.flags import shorten

AnswerRule = Literal["most_frequent", "sampled"]
ANSWER_RULES = ("most_frequent", "sampled")
_ASKING, _ANSWERING = ("human", "user"), ("gpt", "assistant", "model", "bot")
_ABSENT = object()
_MOST_NAMES = 20


@dataclasses.dataclass(frozen=True)
class Asked:
    """A question and the answer to learn. answers: of all people asked, if there were several."""

    question: str
    answer: str
    answers: tuple[str, ...] = ()
    truth: Truth = GENERAL


@dataclasses.dataclass(frozen=True)
class SourceRow:
    """One record of a set: questions about one image.

    image_id: as the set numbers its images; rows that share it are about one image.
    image: what its reader finds the picture by.
    pairs: the questions that can be used.
    faults: a reason for each question that cannot.
    """

    image_id: str
    image: str
    pairs: tuple[Asked, ...] = ()
    faults: tuple[str, ...] = ()


class DatasetReader(Protocol):
    """One public set on disk. Instances are sent to worker processes."""

    def rows(self) -> Iterable[SourceRow]:
        """Every record, in the order of the files. Raises UserError if the set cannot be read."""

    def image(self, reference: str) -> bytes:
        """The bytes of a row's picture. Raises Rejected or Failed if there are none."""

    def fingerprint(self, reference: str) -> str:
        """What tells a row's picture from one it may be changed into, without reading it."""


@dataclasses.dataclass(frozen=True)
class Fields:
    """What a set calls its fields; "/" leads into nested ones ("qa/question").

    image: the picture, or its name. image_id: rows that share it are about one image; a set
    without it has an image a row. answer: text, or the answers of several people. conversations:
    turns by two speakers, in place of question and answer. A record without question and answer
    may call them "prefix" and "suffix". kind, type, value, unit: as `truths.read_truth` has them.
    """

    image: str = "image"
    image_id: str = "image_id"
    question: str = "question"
    answer: str = "answer"
    conversations: str = "conversations"
    kind: str = "kind"
    type: str = "type"
    value: str = "value"
    unit: str = "unit"


def parse_fields(given: Iterable[str]) -> Fields:
    """Names of fields from "name=field" each.

    Raises:
      UserError: there is no such name, no field after it, or a name twice.
    """
    known = [field.name for field in dataclasses.fields(Fields)]
    fields: dict[str, str] = {}
    for name, _, field in (part.partition("=") for part in given):
        if name not in known or not field or name in fields:
            known_names = ", ".join(known)
            raise UserError(f"field {name!r}: wanted is NAME=FIELD once, NAME one of {known_names}")
        fields[name] = field
    return Fields(**fields)


def parse_answer_map(given: str) -> dict[str, str]:
    """Words for labels from "label=word,label=word".

    Raises:
      UserError: it has another form, or a label twice.
    """
    parts = [part.partition("=") for part in given.split(",")] if given else []
    words = {label.strip(): word.strip() for label, _, word in parts}
    if len(words) < len(parts) or not all(label and word for label, word in words.items()):
        raise UserError(f"answer map {given!r}: wanted is LABEL=WORD,LABEL=WORD, each label once")
    return words


@dataclasses.dataclass(frozen=True)
class PairReader:
    """Reads the pairs of a record.

    prompt: the question of records that have an answer only (captions).
    rule: which of several people's answers is learned; "sampled" draws one, by `seed` and the
      question alone.
    answer_map: words for the answers of a set that stores labels ({"1": "yes"}); with it, any
      other answer is a fault.
    kind: of questions of which nothing is said, as `truths.read_truth` has it.
    """

    fields: Fields = Fields()
    prompt: str = ""
    rule: AnswerRule = "most_frequent"
    seed: int = 0
    answer_map: Mapping[str, str] = dataclasses.field(default_factory=dict)
    kind: KindRule = "general"

    def row(self, record: Mapping[str, Any], image_id: str, image: str) -> SourceRow:
        """The row of a record; what cannot be read is among its faults."""
        turns = lookup(record, self.fields.conversations)
        try:
            if turns is not None:
                return SourceRow(image_id, image, *read_turns(turns, self))
            return SourceRow(image_id, image, *self._question_and_answer(record, image_id))
        except Fault as fault:
            return SourceRow(image_id, image, faults=(str(fault),))

    def asked(
        self,
        question: Any,
        answers: Any,
        key: str,
        preferred: Any = None,
        columns: Mapping[str, Any] = MappingProxyType({}),
    ) -> Asked:
        """One pair.

        Args:
          answers: one answer, or those of several people, as texts or as records with "answer".
          key: names the question; decides what is drawn.
          preferred: what counts as the most frequent answer where several are.
          columns: what is said of kind, type, value and unit.
        Raises:
          Fault: question or answer is empty, or no text, or what is said of it cannot be.
        """
        text = about_one_picture(said_text(question)) or self.prompt
        several = not isinstance(answers, str | bytes | Mapping) and _is_list(answers)
        said = [_answer_in(each) for each in (answers if several else [answers])]
        people = [self._word(each) for each in said if not is_missing(each)]
        given = [answer for answer in people if answer]
        if not text:
            raise Fault("empty question")
        if not given:
            raise Fault("empty answer")
        chosen = self._choose(given, key, self._word(preferred))
        # Who said nothing was asked all the same: accuracies are shares of all people.
        truth = read_truth(columns, chosen, self.kind)
        return Asked(text, chosen, tuple(people) if len(people) > 1 else (), truth)

    def _word(self, value: Any) -> str:
        """What an answer is called.

        Raises:
          Fault: it is no text, or the map has no word for it.
        """
        answer = said_text(value)
        if not self.answer_map or not answer:
            return about_one_picture(answer)
        # True and false stand in the map as JSON writes them.
        labels = [str(value).lower()] if isinstance(value, bool | np.bool_) else []
        for label in (*labels, answer.removesuffix(".0")):
            if label in self.answer_map:
                return self.answer_map[label]
        raise Fault(f"answer {(*labels, answer)[0][:80]!r} is not in the answer map")

    def _choose(self, given: Sequence[str], key: str, preferred: str) -> str:
        if self.rule == "sampled":
            rng = np.random.default_rng([self.seed, zlib.crc32(key.encode())])
            return given[int(rng.integers(len(given)))]
        counts = collections.Counter(given)
        most = max(counts.values())
        tied = [answer for answer in counts if counts[answer] == most]
        return preferred if preferred in tied else tied[0]

    def _question_and_answer(
        self, record: Mapping[str, Any], key: str
    ) -> tuple[tuple[Asked, ...], tuple[str, ...]]:
        if "suffix" in record:
            record = {self.fields.question: record.get("prefix"), **record}
            record = {self.fields.answer: record["suffix"], **record}
        answers = require(record, self.fields.answer)
        if not self.prompt and _find(record, self.fields.question) is _ABSENT:
            raise Fault(no_field(record, self.fields.question))
        question = lookup(record, self.fields.question)
        columns = {name: lookup(record, getattr(self.fields, name)) for name in COLUMNS}
        if not _is_list(question):
            return (self.asked(question, answers, f"{key}:{question}", columns=columns),), ()
        if not len(question):
            raise Fault("empty question")
        if not _is_list(answers) or len(answers) != len(question):
            raise Fault("as many answers as questions are wanted")
        pairs, faults = [], []
        for number, (one, answer) in enumerate(zip(question, answers, strict=True)):
            try:
                own = {name: _nth(value, number) for name, value in columns.items()}
                pairs.append(self.asked(one, answer, f"{key}:{number}:{one}", columns=own))
            except Fault as fault:
                faults.append(str(fault))
        return tuple(pairs), tuple(faults)


_PLAIN = PairReader()


def read_turns(
    turns: Any, reader: PairReader = _PLAIN
) -> tuple[tuple[Asked, ...], tuple[str, ...]]:
    """Pairs of a conversation: what the human says, and what is answered to it.

    Each pair stands alone. Place-holders of the image are taken out of the question. A turn that
    nobody answers, or an answer that nobody asked for, is a fault.

    Args:
      turns: records {"from", "value"} or {"role", "content"}, or {"user", "assistant"} each.
    Returns:
      pairs and faults.
    """
    if not _is_list(turns):
        raise Fault("a conversation is a list of turns")
    pairs, faults = [], []
    pending: str | None = None
    for speaker, text in (said for turn in turns for said in _said(turn)):
        if speaker in _ASKING:
            if pending is not None:
                faults.append("a question without an answer")
            pending = text
        elif speaker in _ANSWERING:
            if pending is None:
                faults.append("an answer without a question")
            else:
                try:
                    pairs.append(reader.asked(pending, text, pending))
                except Fault as fault:
                    faults.append(str(fault))
            pending = None
        elif speaker != "system":
            faults.append(f"unknown speaker {speaker!r}")
    if pending is not None:
        faults.append("a question without an answer")
    if not pairs and not faults:
        faults.append("empty conversation")
    return tuple(pairs), tuple(faults)


def _said(turn: Any) -> list[tuple[str, str]]:
    if not isinstance(turn, Mapping):
        raise Fault("a turn of a conversation is no record")
    if "user" in turn and "assistant" in turn:
        return [(name, said_text(turn[name])) for name in ("user", "assistant")]
    speaker = turn.get("from", turn.get("role"))
    if speaker is None or not {"value", "content"} & set(turn):
        raise Fault(f"unknown fields in a turn: {', '.join(sorted(map(str, turn)))}")
    text = joined_parts(turn.get("value", turn.get("content")))
    return [(as_text(speaker).lower(), said_text(text))]


def lookup(record: Mapping[str, Any], name: str) -> Any:
    """The value of a field, "/" leading into nested records; None where it is missing."""
    value = _find(record, name)
    return None if value is _ABSENT else value


def _find(record: Mapping[str, Any], name: str) -> Any:
    if name in record:
        return record[name]
    value: Any = record
    for part in name.split("/"):
        if not isinstance(value, Mapping) or part not in value:
            return _ABSENT
        value = value[part]
    return value


def require(record: Mapping[str, Any], name: str) -> Any:
    """The value of a field, which may be null. Raises Fault where it is missing, naming others."""
    value = _find(record, name)
    if value is _ABSENT:
        raise Fault(no_field(record, name))
    return value


def no_field(record: Mapping[str, Any], name: str) -> str:
    """What is said of a record that lacks a field, or has no name of a picture in it."""
    names = [shorten(str(key)) for key in record]
    if name in record:
        return f"field {name!r} is empty or no name of a file"
    known = ", ".join(sorted(names)[:_MOST_NAMES])
    if len(names) == 1 and ";" in names[0]:
        return f"no field {name!r}, but {known!r}: a table is divided by commas, or .tsv by tabs"
    return f"no field {name!r}; there are {known}: --field NAME=FIELD tells which is which"


def _nth(value: Any, number: int) -> Any:
    """What a column says of the question of this number: all have one value, or each its own."""
    if not _is_list(value):
        return value
    if number >= len(value):
        raise Fault("as many kinds, types, values and units as questions are wanted")
    return value[number]


def _answer_in(value: Any) -> Any:
    return value.get("answer") if isinstance(value, Mapping) else value


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple) or (isinstance(value, np.ndarray) and value.ndim > 0)
