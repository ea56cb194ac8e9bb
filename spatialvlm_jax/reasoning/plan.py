"""Plans without a language model: a sentence to sub-questions, their answers to a conclusion."""

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from spatialvlm_jax.errors import one_line
from spatialvlm_jax.generation.questions.composed import name_outcome
from spatialvlm_jax.inference.spatial_answer import UNSURE, SpatialAnswer
from spatialvlm_jax.reasoning.kinds import KINDS, ComposedKind, Sentence
from spatialvlm_jax.reasoning.sentences import parse_sentence
from spatialvlm_jax.reasoning.sub_question import (
    LEFT_OF,
    SubQuestion,
    draw,
    has_spread,
    is_answered,
)
from spatialvlm_jax.units import BARE, METRIC, describe_exact


@dataclasses.dataclass(frozen=True)
class Conclusion:
    """What follows from the answers to a plan's sub-questions.

    text: in words. outcome: of a choice, by the places of the objects ("0", "2-0-1", "yes"); "" of
    a quantity. value, std, interval: of a quantity, in unit; the interval holds 90 %. probability:
    that a choice is right, if the answers' distributions are. Spread and probability are None
    where an answer came without a spread. reasoning: the steps to it, a sentence each.
    """

    text: str
    outcome: str = ""
    value: float | None = None
    unit: str = ""
    std: float | None = None
    interval: tuple[float, float] | None = None
    probability: float | None = None
    reasoning: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True)
class ReasoningPlan:
    """How a composed question is answered.

    sub_questions: what must be known; `questions` are their words, all in a row.
    """

    question: str
    kind: ComposedKind
    sentence: Sentence
    sub_questions: tuple[SubQuestion, ...]

    @classmethod
    def of(cls, question: str) -> "ReasoningPlan":
        """Breaks up a sentence; raises UserError where no pattern fits it."""
        name, asked = parse_sentence(question)
        kind = KINDS[name]
        return cls(question, kind, asked, tuple(kind.sub_questions(asked)))

    @property
    def questions(self) -> tuple[str, ...]:
        """What the model is asked."""
        return tuple(words for each in self.sub_questions for words in each.questions)

    def conclude(self, answers: Sequence[SpatialAnswer]) -> Conclusion:
        """What follows from the answers to `questions`, in their order.

        Raises:
          ValueError: there are fewer or more of them.
        """
        if len(answers) != len(self.questions):
            raise ValueError(f"{len(answers)} answers to {len(self.questions)} questions")
        needed = [each for each in self.sub_questions for _ in each.questions]
        for each, answer in zip(needed, answers, strict=True):
            if not is_answered(each, answer):
                return Conclusion(UNSURE, reasoning=(f"{answer.question} {_why_none(answer)}.",))
        rest, draws, reasons = list(answers), [], []
        for number, each in enumerate(self.sub_questions):
            own = [rest.pop(0) for _ in each.questions]
            draws.append(draw(each, own, number))
            reasons.append(_describe(each, draws[-1]))
        outcomes = self.kind.outcomes(self.sentence, np.array(draws))
        is_spread = all(map(has_spread, answers))
        found = self._measured if self.kind.dimension else self._chosen
        conclusion = found(outcomes, is_spread)
        rule = f"{self.kind.rule[0].upper()}{self.kind.rule[1:]}."
        return dataclasses.replace(conclusion, reasoning=(*reasons, rule))

    def _measured(self, values: np.ndarray, is_spread: bool) -> Conclusion:
        dimension = self.kind.dimension
        low, middle, high = (_rounded(each) for each in np.quantile(values, (0.05, 0.5, 0.95)))
        text = describe_exact(middle, dimension)
        unit = BARE[dimension]
        if not is_spread:
            return Conclusion(text, value=middle, unit=unit)
        if high > low:
            text += f" ({low:.2g} to {high:.2g} {METRIC[dimension]})"
        return Conclusion(
            text, value=middle, unit=unit, std=_rounded(values.std()), interval=(low, high)
        )

    def _chosen(self, outcomes: np.ndarray, is_spread: bool) -> Conclusion:
        names, counts = np.unique(outcomes, return_counts=True)
        best = int(counts.argmax())
        outcome, share = str(names[best]), float(counts[best] / len(outcomes))
        return Conclusion(
            self.describe_outcome(outcome),
            outcome,
            probability=_rounded(share) if is_spread else None,
        )

    def describe_outcome(self, outcome: str) -> str:
        """A choice in words."""
        names = [f"the {name}" for name in self.sentence.objects]
        return name_outcome(self.kind.name, outcome, names)


@dataclasses.dataclass(frozen=True)
class Reasoned:
    """A composed question with all that led to its conclusion."""

    plan: ReasoningPlan
    answers: tuple[SpatialAnswer, ...]
    conclusion: Conclusion

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "question": self.plan.question,
            "kind": self.plan.kind.name,
            "sub_answers": [answer.as_dict() for answer in self.answers],
            "conclusion": self.conclusion.as_dict(),
        }


def reason(question: str, ask: Callable[[Sequence[str]], Sequence[SpatialAnswer]]) -> Reasoned:
    """Answers a composed question by asking simpler ones.

    Args:
      ask: answers questions about one picture, such as a loaded model does.

    Raises:
      UserError: no pattern fits the question.
    """
    plan = ReasoningPlan.of(question)
    answers = tuple(ask(plan.questions))
    return Reasoned(plan, answers, plan.conclude(answers))


def _why_none(answer: SpatialAnswer) -> str:
    """Why nothing follows from an answer: it was not asked for, refused, or is about else."""
    said = one_line(answer.text)
    if not answer.asked:
        return f"Not asked: {answer.note}"
    if not answer.is_sure:
        note = f" ({answer.note})" if answer.note else ""
        return f"Refused: {said.rstrip('.')}{note}"
    return f"{said!r} is no answer to that"


def _describe(sub_question: SubQuestion, draws: np.ndarray) -> str:
    """What is known of one quantity, in a sentence."""
    names = " and the ".join(sub_question.objects)
    if sub_question.quantity == LEFT_OF:
        first, second = sub_question.objects
        return f"The {first} is left of the {second}: probability {draws.mean():.2f}."
    dimension = "area" if sub_question.quantity == "footprint" else "length"
    low, middle, high = np.quantile(draws, (0.05, 0.5, 0.95))
    said = f"{_NAMES[sub_question.quantity]} the {names}: {describe_exact(middle, dimension)}"
    if math.isclose(low, high):
        return f"{said}."
    return f"{said} (90 %: {low:.2g} to {high:.2g})."


_NAMES = {
    "camera_distance": "Distance from the camera to",
    "distance": "Gap between",
    "centre_distance": "Distance between the centers of",
    "height": "Height of",
    "width": "Width of",
    "depth": "Depth of",
    "footprint": "Floor area of",
}


def _rounded(value: float) -> float:
    return float(f"{value:.5g}")
