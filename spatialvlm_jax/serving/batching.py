"""A queue in front of a model, and the one thread that owns it.

What different people ask within a few milliseconds, or while the model is busy, is answered
together: questions about one picture share its encoding, pictures are run side by side.
"""

import concurrent.futures
import dataclasses
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from spatialvlm_jax.inference.asked_rows import MOST_PICTURES
from spatialvlm_jax.inference.picture import Picture
from spatialvlm_jax.inference.spatial_answer import SpatialAnswer

Answers = concurrent.futures.Future[SpatialAnswer]


class AsksEach(Protocol):
    """What is needed of a `LoadedModel`."""

    def ask_each(
        self, asked: Sequence[tuple[Picture, Sequence[str]]], *, scored_values: int
    ) -> list[list[SpatialAnswer]]:
        """Answers questions about several pictures."""
        ...


@dataclasses.dataclass(frozen=True, eq=False)
class _Waiting:
    key: str
    picture: Picture
    question: str
    answer: Answers


class Batching:
    """Asks a model, in a thread of its own, what is put here from any thread.

    Args:
      model: that nothing else asks meanwhile.
      together: the most questions of a batch; 1 answers each alone.
      linger: seconds that a first question waits for others.
      scored_values: as `LoadedModel.ask` takes it.
      note: called with the number of questions of each batch.
    """

    def __init__(
        self,
        model: AsksEach,
        *,
        together: int,
        linger: float,
        scored_values: int,
        note: Callable[[int], None] = lambda size: None,
    ) -> None:
        self._model, self._scored_values, self._note = model, scored_values, note
        self._together, self._linger = together, linger
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="model", daemon=True)
        self._thread.start()

    def put(self, key: str, picture: Picture, question: str) -> Answers:
        """Takes a question; its answer is that of the future, or the error that the model raised.

        Args:
          key: equal for equal pictures, such as a digest of the file.
        """
        waiting = _Waiting(key, picture, question, concurrent.futures.Future())
        self._queue.put(waiting)
        return waiting.answer

    def close(self) -> None:
        """Returns when all that was put is answered; nothing may be put any more."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        is_open = True
        while is_open and (first := self._queue.get()) is not None:
            batch = [first]
            for waiting in self._others():
                if waiting is None:
                    is_open = False
                else:
                    batch.append(waiting)
            rows: dict[str, list[_Waiting]] = {}
            for each in batch:
                if each.answer.set_running_or_notify_cancel():
                    rows.setdefault(each.key, []).append(each)
            # Rows of about one length fill each other up the least.
            ordered = sorted(rows.values(), key=len)
            for start in range(0, len(ordered), MOST_PICTURES):
                self._answer(ordered[start : start + MOST_PICTURES])

    def _others(self) -> Iterator[_Waiting | None]:
        """What has come and comes in a while, until the batch is full; None at the end of all."""
        until = time.monotonic() + self._linger
        for _ in range(self._together - 1):
            try:
                waiting = self._queue.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                return
            yield waiting
            if waiting is None:
                return

    def _answer(self, rows: Sequence[Sequence[_Waiting]]) -> None:
        """Answers together, and where that fails each alone, so that one spoils only its own."""
        self._note(sum(map(len, rows)))
        try:
            asked = [(row[0].picture, [each.question for each in row]) for row in rows]
            found = self._model.ask_each(asked, scored_values=self._scored_values)
        except Exception as error:
            several = [each for row in rows for each in row]
            if len(several) == 1:
                several[0].answer.set_exception(error)
            else:
                for each in several:
                    self._answer([[each]])
            return
        for row, answers in zip(rows, found, strict=True):
            for each, answer in zip(row, answers, strict=True):
                each.answer.set_result(answer)
