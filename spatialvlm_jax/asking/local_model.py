"""A model in this process: pictures side by side, questions about one picture together."""

import dataclasses
import hashlib
from collections.abc import Iterable, Iterator

import numpy as np

from spatialvlm_jax.asking.question import Manner, Question, Reply
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.evaluation.tracks import CAMERA
from spatialvlm_jax.inference.asked_rows import MOST_PICTURES, QUESTION_BUCKETS
from spatialvlm_jax.inference.loaded_model import LoadedModel
from spatialvlm_jax.inference.picture import Picture

# Questions that are read at once, with the places that are filled up.
_MOST_AT_ONCE = 32
_MOST_ABOUT_ONE = QUESTION_BUCKETS[2]
Batch = list[tuple[Picture, list[Question]]]


@dataclasses.dataclass(frozen=True, eq=False)
class LocalRespondent:
    """A loaded model."""

    name: str
    model: LoadedModel

    @property
    def identity(self) -> str:
        """Its weights."""
        return self.model.digest

    @property
    def is_told_cameras(self) -> bool:
        """Whether it was trained so."""
        return self.model.experiment.data.camera != "none"

    def check(self, manner: Manner) -> None:
        """Raises UserError where it is not told of cameras and should be."""
        use = self.model.experiment.data.camera
        if manner.track == CAMERA and not self.is_told_cameras:
            raise UserError(
                f"{self.name} is told of no camera (data.camera={use}): leave out --track={CAMERA}"
            )

    def replies(self, asked: Iterable[tuple[Question, Picture]], manner: Manner) -> Iterator[Reply]:
        """Its replies, batch by batch."""
        for found in batch_questions(self._askable(asked)):
            if isinstance(found, Reply):
                yield found
            else:
                yield from self._answer(found, manner)

    def _askable(
        self, asked: Iterable[tuple[Question, Picture]]
    ) -> Iterator[tuple[Question, Picture] | Reply]:
        for question, picture in asked:
            try:
                self.model.count_tokens(picture, question.prompt)
            except UserError as error:
                yield Reply(question.item.id, failure=str(error))
            else:
                yield question, picture

    def _answer(self, batch: Batch, manner: Manner) -> Iterator[Reply]:
        said = [each for _, questions in batch for each in questions if not each.candidates]
        scored = [each for _, questions in batch for each in questions if each.candidates]
        if said:
            rows = _of(batch, said)
            texts = self.model.reply_each(
                [(picture, [each.prompt for each in row]) for picture, row in rows],
                max_tokens=manner.max_tokens,
                temperature=manner.temperature,
                seeds=[list(map(manner.seed_of, row)) for _, row in rows],
            )
            yield from _replies(said, [text for row in texts for text in row])
        if scored:
            scores = self.model.score_each(
                [
                    (picture, [(each.prompt, each.texts) for each in row])
                    for picture, row in _of(batch, scored)
                ],
                per_token=manner.by == "texts_per_token",
            )
            each_row = (row for rows in scores for row in rows)
            yield from (likeliest(*each) for each in zip(scored, each_row, strict=True))


def likeliest(question: Question, scores: np.ndarray) -> Reply:
    """The likeliest candidate; of several that are alike a fair draw by the question's id.

    The first would be the right one wherever a benchmark lists that first. Options that tie are
    named, so that each has its share of the mark; not yes and no, which POPE counts one by one.

    Args:
      scores: float[A], log-likelihoods of the candidates; NaN is less than any.
    """
    known = np.where(np.isnan(scores), -np.inf, scores)
    best = [question.candidates[at] for at in np.flatnonzero(known == known.max())]
    # Not a CRC: options may have been turned round by one.
    draw = hashlib.blake2b(question.item.id.encode("utf-8", "replace"), digest_size=8).digest()
    text = best[int.from_bytes(draw) % len(best)]
    is_shared = len(best) > 1 and bool(question.item.options)
    return Reply(question.item.id, text, tied=tuple(best) if is_shared else ())


def _replies(questions: list[Question], texts: list[str]) -> Iterator[Reply]:
    for question, text in zip(questions, texts, strict=True):
        yield Reply(question.item.id, text)


def _of(batch: Batch, questions: list[Question]) -> Batch:
    """The batch with these of its questions alone."""
    ids = {question.item.id for question in questions}
    rows = [(picture, [q for q in row if q.item.id in ids]) for picture, row in batch]
    return [(picture, row) for picture, row in rows if row]


def batch_questions(
    asked: Iterable[tuple[Question, Picture] | Reply],
) -> Iterator[Batch | Reply]:
    """Questions in order, as many at once as are read well together; replies as they are."""
    batch: Batch = []
    for found in asked:
        if isinstance(found, Reply):
            yield found
            continue
        question, picture = found
        is_same = bool(batch) and batch[-1][0] is picture and len(batch[-1][1]) < _MOST_ABOUT_ONE
        counts = [len(row) for _, row in batch]
        if is_same:
            counts[-1] += 1
        else:
            counts.append(1)
        if len(counts) > MOST_PICTURES or _places(counts) > _MOST_AT_ONCE:
            yield batch
            batch, is_same = [], False
        if is_same:
            batch[-1][1].append(question)
        else:
            batch.append((picture, [question]))
    if batch:
        yield batch


def _places(counts: list[int]) -> int:
    """Places for questions, with those that are filled up."""
    most = next(bucket for bucket in QUESTION_BUCKETS if bucket >= max(counts))
    return len(counts) * most
