"""The file of one model's replies: it grows line by line, and no question is asked twice.

A line holds what `spatialvlm score` reads, the prompt, and what tells the question and the model.
"""

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from spatialvlm_jax.asking.question import Question, Reply
from spatialvlm_jax.atomic_write import write_text
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.foreign_files.errors import FileError
from spatialvlm_jax.foreign_files.json_files import read_placed_lines

Line = dict[str, Any]


class KeptReplies:
    """The replies in a file to questions that were put in one manner.

    path: the file. questions: by their ids. replies: likewise. stale: how many were to other words,
    or drawn otherwise, and are dropped. What is not asked this time stays in the file.
    """

    def __init__(self, path: Path, questions: Sequence[Question], constant: Mapping[str, str]):
        """Reads the file, where there is one.

        Args:
          constant: what each line says: of the model, the questions and the track.

        Raises:
          UserError: it is of another model, set or track. FileError: it cannot be read.
        """
        self.path, self._constant = path, dict(constant)
        self.questions = {question.item.id: question for question in questions}
        self.replies: dict[str, Reply] = {}
        self._others: dict[str, Line] = {}
        self.stale = 0
        for line in _read(path):
            self._check(line)
            question = self.questions.get(line["id"])
            if question is not None and line["digest"] == question.digest:
                self.replies[line["id"]] = Reply(
                    *(line["id"], line.get("text", ""), line.get("failure", "")),
                    tied=tuple(line.get("tied", ())),
                )
            elif question is not None:
                self.stale += 1
            else:
                self._others[line["id"]] = line

    def _check(self, line: Line) -> None:
        for name, value in self._constant.items():
            if line.get(name) != value:
                raise UserError(
                    f"{self.path} holds replies of {name} {str(line.get(name))[:80]!r}, not "
                    f"{value[:80]!r}: name another folder, or remove it"
                )

    def unanswered(self, keep: Callable[[str], bool]) -> list[Question]:
        """Questions without a reply, but for failures that would come again.

        Args:
          keep: whether a failure would.
        """
        done = {
            reply.id for reply in self.replies.values() if not reply.failure or keep(reply.failure)
        }
        return [each for each in self.questions.values() if each.item.id not in done]

    @contextlib.contextmanager
    def growing(self) -> Iterator[Callable[[Reply], None]]:
        """What adds a reply to the file; a kill at any moment leaves all that were added before.

        Failures wait for the end: what is asked again must not stand there twice.
        """
        self._write(lambda reply: not reply.failure)
        try:
            with self.path.open("ab", buffering=0) as file:

                def add(reply: Reply) -> None:
                    self.replies[reply.id] = reply
                    if not reply.failure:
                        file.write(self._line(reply))

                yield add
        finally:
            self._write(lambda reply: True)

    def _write(self, wanted: Callable[[Reply], bool]) -> None:
        """Writes all lines anew, in the order of the questions; then those that are not asked."""
        found = (self.replies.get(key) for key in self.questions)
        lines = [self._line(reply) for reply in found if reply is not None and wanted(reply)]
        lines += [json.dumps(line).encode() + b"\n" for line in self._others.values()]
        write_text(self.path, b"".join(lines).decode())

    def _line(self, reply: Reply) -> bytes:
        question = self.questions[reply.id]
        said: Line = {"failure": reply.failure} if reply.failure else {"text": reply.text}
        said |= {"tied": list(reply.tied)} if reply.tied else {}
        asked = {"prompt": question.prompt, "digest": question.digest}
        asked |= {"by": question.by} if question.candidates else {}
        line = {"id": reply.id, **said, **asked, **self._constant}
        return json.dumps(line).encode() + b"\n"


def _read(path: Path) -> Iterator[Line]:
    """The lines of a file; what a kill left of the last one is passed over."""
    if not path.exists():
        return
    lines = list(read_placed_lines(path))
    if lines and isinstance(lines[-1][1], ValueError):
        lines.pop()
    for where, line in lines:
        is_line = isinstance(line, dict) and all(
            isinstance(line.get(name), str) for name in ("id", "digest")
        )
        texts = [line.get(name, "") for name in ("text", "failure")] if is_line else [None]
        tied = line.get("tied", []) if is_line else []
        texts += tied if isinstance(tied, list) else [None]
        if not all(isinstance(text, str) for text in texts):
            raise FileError(f"{path}: {where} is none that asking wrote: remove the file")
        yield line
