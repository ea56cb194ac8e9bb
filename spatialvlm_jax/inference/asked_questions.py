"""Questions about pictures that a model has read: what it says, and how likely answers are."""

import dataclasses
import re
from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import jax
import numpy as np

from spatialvlm_jax.evaluation.distribution import ValueDistribution
from spatialvlm_jax.evaluation.reading import verdicts
from spatialvlm_jax.generation.wording.spoken_values import SpokenValues
from spatialvlm_jax.inference.alternatives import other_values, other_verdict
from spatialvlm_jax.inference.conclude import Heard
from spatialvlm_jax.inference.read_values import read_values, score_trees
from spatialvlm_jax.inputs.tokenizer import Tokenizer
from spatialvlm_jax.models.generate import Draws, ReadQuestions, answer_questions
from spatialvlm_jax.models.score import AnswerTrees, grow_tree, score_answers
from spatialvlm_jax.models.vlm import SplitModel
from spatialvlm_jax.units import unit_of

# Nodes and answers of what is scored are filled up to multiples of these, so that few shapes are
# compiled. The values that are scored first have 91 nodes, those near the likely ones a dozen: of a
# few questions both share one program, which costs more to load than it saves to have another.
_MULTIPLES, _FEW_MULTIPLES, _WORDS_MULTIPLES = (16, 16), (96, 16), (16, 2)
_FEW = 4
_WORD = re.compile(r"\w+")
T = TypeVar("T")


class PutWords(NamedTuple):
    """What a model is asked: a question, or a probe, of which only the probability of some answers
    matters.

    affirmations: those answers, the plainest first; empty for a question.
    """

    words: str
    affirmations: tuple[str, ...] = ()

    def likely(self, said: str) -> tuple[str, ...]:
        """The affirmations that have any weight where this is said: the plainest, those of words
        that were said, and what was said where it is a yes in words of its own."""
        if not self.affirmations:
            return ()
        words = {*_WORD.findall(self.affirmations[0]), *_WORD.findall(said)}
        found = [each for each in self.affirmations if words.issuperset(_WORD.findall(each))]
        own = (said,) if verdicts.read_yes_no(said) == "yes" else ()
        return tuple(dict.fromkeys((*found, *own)))


@dataclasses.dataclass(frozen=True)
class AskedQuestions:
    """Questions that a model has read, filled up to `slots`.

    temperature: that its distributions are tempered with. max_tokens: of an answer.
    each: slots of a picture. counts: how many of them are asked, of each picture.
    """

    model: SplitModel
    tokenizer: Tokenizer
    read: ReadQuestions
    temperature: float
    max_tokens: int
    slots: int
    each: int
    counts: Sequence[int]

    def filled(self, rows: Sequence[Sequence[T]], empty: T) -> list[T]:
        """What belongs to the questions of each picture, one after another and filled up."""
        return [one for row in rows for one in (*row, *[empty] * (self.each - len(row)))]

    def by_row(self, found: Sequence[T]) -> list[list[T]]:
        """What was found for all slots, or the first of them, by pictures."""
        starts = range(0, self.each * len(self.counts), self.each)
        return [
            list(found[start : start + count])
            for start, count in zip(starts, self.counts, strict=True)
        ]

    def texts(
        self,
        max_tokens: int | None = None,
        temperature: float = 0.0,
        seeds: Sequence[int] = (),
    ) -> list[str]:
        """What is said to the slots of all pictures.

        Args:
          temperature: of answers that are drawn; 0 takes the likeliest.
          seeds: then, of the first of the slots.
        """
        draws = None
        if temperature:
            every = np.zeros(self.slots, np.uint32)
            every[: len(seeds)] = seeds
            draws = Draws(every, np.asarray(temperature, np.float32))
        ids = answer_questions(
            self.model,
            self.read,
            max_tokens=max_tokens or self.max_tokens,
            eos_id=self.tokenizer.eos_id,
            draws=draws,
        )
        rows = np.asarray(ids).reshape(self.slots, -1).tolist()
        return [self.tokenizer.decode(row) for row in rows[: self.each * len(self.counts)]]

    def heard(self, asked: Sequence[PutWords], scored_values: int) -> list[Heard]:
        """What is said to the first of the slots; of a probe, the confidence is in its answers."""
        texts = self.texts()
        choices = [
            None if each.affirmations else other_verdict(each.words, text)
            for each, text in zip(asked, texts, strict=True)
        ]
        units = [
            "" if choice else unit_of(text) for text, choice in zip(texts, choices, strict=True)
        ]
        values = self._values(texts, units, scored_values)
        words = ["" if unit else text for text, unit in zip(texts, units, strict=True)]
        affirmed = [each.likely(text) for each, text in zip(asked, texts, strict=True)]
        confidences = self._confidences(words, choices, affirmed)
        return list(map(Heard, texts, units, values, choices, confidences))

    def _score(self, trees: AnswerTrees) -> np.ndarray:
        """Of the trees of all slots, of which those without answers need not be run.

        A question is answered by a quantity or in words, and probes stand between: of most
        pictures, one question or half of them are to be scored at once.
        """
        shape = self.read.lengths.shape
        asked = (trees.last > 0).any(axis=-1).reshape(shape)
        # Where each question is an image of its own, those are chosen from.
        chosen = _places(asked) if shape[1] > 1 else _places(asked.T).T
        flat = chosen + shape[1] * np.arange(shape[0])[:, None] if shape[1] > 1 else chosen
        some = None if chosen.shape == shape else chosen
        rows = jax.tree.map(lambda x: x[flat], trees)
        found = np.full((self.slots, trees.last.shape[-1]), -np.inf, np.float32)
        found[flat] = np.asarray(score_answers(self.model, self.read, rows, some))
        return found

    def _values(
        self, texts: Sequence[str], units: Sequence[str], count: int
    ) -> list[ValueDistribution | None]:
        """The tempered distributions of quantities; None where there is none."""
        spoken: list[SpokenValues | None] = [None] * self.slots
        for slot, (text, unit) in enumerate(zip(texts, units, strict=True)):
            spoken[slot] = other_values(text, unit) if unit and count else None
        if not any(spoken):
            return [None] * len(texts)
        encode = self.tokenizer.encode_suffix
        multiples = _FEW_MULTIPLES if self.slots <= _FEW else _MULTIPLES
        found = read_values(self._score, spoken, encode, count, multiples)
        return [each and each.tempered(self.temperature) for each in found[: len(texts)]]

    def _confidences(
        self,
        words: Sequence[str],
        choices: Sequence[tuple[str, str, str] | None],
        affirmations: Sequence[tuple[str, ...]],
    ) -> list[float | None]:
        """Of a choice against the other one, of other words by themselves, of affirmations
        together; None where unknown."""
        said = list(map(_scored, words, choices, affirmations))
        if not any(said):
            return [None] * len(words)
        scores = self.likelihoods(said)
        return [
            float(np.exp(row).sum()) if wanted else _share(row) if texts else None
            for row, texts, wanted in zip(scores, said, affirmations, strict=True)
        ]

    def likelihoods(
        self, answers: Sequence[Sequence[str]], per_token: bool = False
    ) -> list[np.ndarray]:
        """Log-likelihoods float64[A] of the answers to each of the first slots.

        Args:
          per_token: the mean over the tokens of an answer, not their sum.
        """
        tokens = [[self.tokenizer.encode_suffix(text) for text in texts] for texts in answers]
        tokens += [[]] * (self.slots - len(answers))
        found = score_trees(self._score, list(map(grow_tree, tokens)), _WORDS_MULTIPLES)
        found = found[: len(answers)]
        if not per_token:
            return found
        counts = [[len(text) for text in texts] for texts in tokens[: len(answers)]]
        return [row / count for row, count in zip(found, counts, strict=True)]


def _places(asked: np.ndarray) -> np.ndarray:
    """Int32[R, M]: the places of each row of bool[R, N] where it is true, filled up with others.

    M is one, half of N or all of it, so that few shapes are compiled; of all, in their order.
    """
    total, most = asked.shape[1], int(asked.sum(axis=1).max())
    count = next(each for each in (1, total // 2, total) if most <= each)
    if count == total:
        return np.broadcast_to(np.arange(total, dtype=np.int32), asked.shape)
    rows = [
        np.resize(np.flatnonzero(row), count) if row.any() else np.zeros(count) for row in asked
    ]
    return np.stack(rows).astype(np.int32)


def _scored(
    text: str, choice: tuple[str, str, str] | None, affirmations: tuple[str, ...]
) -> tuple[str, ...]:
    """The answers whose likelihoods tell how sure one is; none where nothing can."""
    if affirmations:
        return affirmations
    if choice:
        return (text, choice[2]) if text and choice[2] else ()
    return (text,) if text else ()


def _share(scores: np.ndarray) -> float:
    """The probability of the first, against the others where there are some."""
    likely = np.exp(scores - (scores.max() if len(scores) > 1 else 0.0))
    return float(likely[0] / (likely.sum() if len(scores) > 1 else 1.0))
