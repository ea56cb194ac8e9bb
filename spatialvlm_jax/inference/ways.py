"""The ways in which a question is put to a model, and one answer from what is said to them."""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from spatialvlm_jax.inference.asked_questions import PutWords
from spatialvlm_jax.inference.conclude import Heard, conclude
from spatialvlm_jax.inference.putting import PutQuestion
from spatialvlm_jax.inference.rewording import Rewording, reword
from spatialvlm_jax.inference.sights import Sights, with_sight
from spatialvlm_jax.inference.spatial_answer import UNSURE, SpatialAnswer
from spatialvlm_jax.taught import Taught
from spatialvlm_jax.units import UNITS


class QuestionWays(NamedTuple):
    """A question as it was asked, and the ways in which it is put; none where it is not.

    put: note, things and dimension are its.
    """

    question: str
    put: PutQuestion
    ways: Sequence[Rewording]

    @classmethod
    def of(cls, question: str, put: PutQuestion, wordings: int) -> "QuestionWays":
        """In up to `wordings` ways."""
        ways = () if put.words is None else reword(put.words, wordings)
        return cls(question, put, ways)

    def concluded(self, said: Iterator[Heard]) -> SpatialAnswer:
        """The answer, from as much of what was said as there are ways."""
        if not self.ways:
            return SpatialAnswer(self.question, UNSURE, note=self.put.note, asked=False)
        heard = [next(said).turned() if way.is_turned else next(said) for way in self.ways]
        answer = dataclasses.replace(conclude(self.question, heard), note=self.put.note)
        return _of_dimension(answer, self.put.dimension)


class AskedOfPicture(NamedTuple):
    """Questions about one picture, and whether the things are in it that they name.

    least_seen: below which probability one is not.
    """

    ways: Sequence[QuestionWays]
    sights: Sights
    least_seen: float

    @classmethod
    def of(
        cls, ways: Sequence[QuestionWays], taught: Taught | None, least_seen: float | None
    ) -> "AskedOfPicture":
        """Where `least_seen` is None, nothing is asked of the things."""
        things = [thing for each in ways if each.ways for thing in each.put.things]
        sights = Sights.of([] if least_seen is None else things, taught)
        return cls(ways, sights, least_seen or 0.0)

    @property
    def asked(self) -> list[PutWords]:
        """All that is put, one after the other."""
        wordings = [PutWords(way.question) for each in self.ways for way in each.ways]
        return [*wordings, *self.sights.probes.values()]

    def answers(self, said: Sequence[Heard]) -> list[SpatialAnswer]:
        """One answer a question, from what was said to `asked`."""
        heard = iter(said)
        concluded = [each.concluded(heard) for each in self.ways]
        seen = self.sights.seen(heard)
        return [
            with_sight(answer, each.put.things, seen, self.least_seen)
            for each, answer in zip(self.ways, concluded, strict=True)
        ]


def _of_dimension(answer: SpatialAnswer, wanted: str) -> SpatialAnswer:
    """The answer; none where it measures something else than what was asked for."""
    said = UNITS[answer.unit].dimension if answer.unit else wanted
    if not wanted or said == wanted:
        return answer
    reason = f"the model says {answer.text!r}, of the dimension {said}, where {wanted} is asked for"
    note = "; ".join(filter(None, (answer.note, reason)))
    return SpatialAnswer(answer.question, UNSURE, note=note)
