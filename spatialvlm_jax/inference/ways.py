"""The ways in which a question is put to a model, and one answer from what is said to them."""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from spatialvlm_jax.inference.conclude import Heard, conclude
from spatialvlm_jax.inference.putting import PutQuestion
from spatialvlm_jax.inference.rewording import Rewording, reword
from spatialvlm_jax.inference.spatial_answer import UNSURE, SpatialAnswer


class QuestionWays(NamedTuple):
    """A question as it was asked, and the ways in which it is put; none where it is not."""

    question: str
    note: str
    ways: Sequence[Rewording]

    @classmethod
    def of(cls, question: str, put: PutQuestion, wordings: int) -> "QuestionWays":
        """In up to `wordings` ways."""
        return cls(question, put.note, () if put.words is None else reword(put.words, wordings))

    def concluded(self, said: Iterator[Heard]) -> SpatialAnswer:
        """The answer, from as much of what was said as there are ways."""
        if not self.ways:
            return SpatialAnswer(self.question, UNSURE, note=self.note)
        heard = [next(said).turned() if way.is_turned else next(said) for way in self.ways]
        return dataclasses.replace(conclude(self.question, heard), note=self.note)


def wordings_of(asked: Sequence[QuestionWays]) -> list[str]:
    """All that is put, one after the other."""
    return [way.question for each in asked for way in each.ways]


def answers_from(asked: Sequence[QuestionWays], said: Sequence[Heard]) -> list[SpatialAnswer]:
    """One answer a question, from what was said to all its wordings."""
    heard = iter(said)
    return [each.concluded(heard) for each in asked]
