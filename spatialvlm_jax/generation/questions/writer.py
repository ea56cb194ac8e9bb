"""From a finding to a worded pair."""

from spatialvlm_jax.generation.questions.quantities import Measure
from spatialvlm_jax.generation.questions.registry import Dimension, Fact, QuestionType
from spatialvlm_jax.generation.questions.relation_words import say_relation
from spatialvlm_jax.generation.wording.phrasing import (
    METRIC,
    choose_unit,
    format_quantity,
    spoken_size,
)
from spatialvlm_jax.generation.wording.templates import TEMPLATES
from spatialvlm_jax.generation.wording.thresholds import THRESHOLD_WORDS
from spatialvlm_jax.questions import QAConfig
from spatialvlm_jax.random_stream import RandomStream
from spatialvlm_jax.scene.records import QA, Scene

# A stated size differs from the truth by this share or more, and by a factor drawn from
# 1.25 to 2.5; three standard errors may be no more than `LARGEST_NOISE` of the truth.
LEAST_STEP, LARGEST_NOISE = 0.2, 0.5
LEAST_FACTOR, STATED_DRAWS = 1.25, 4


class Writer:
    """Words pairs: picks templates and units, fills placeholders."""

    def __init__(self, scene: Scene, config: QAConfig, draws: RandomStream) -> None:
        self.captions = [thing.caption for thing in scene.objects]
        self.config, self.draws = config, draws

    def _templates(self, name: str) -> tuple[str, str, str]:
        wording = TEMPLATES[name]
        reasons = wording.reasons if self.config.reasons_first else ()
        questions = wording.questions[: self.config.question_phrasings]
        answers = (reasons or wording.answers)[: self.config.answer_phrasings]
        q, a = self.draws.below(len(questions)), self.draws.below(len(answers))
        return questions[q], answers[a], f"{name}.q{q}/{name}.{'r' if reasons else 'a'}{a}"

    def relation(self, kind: QuestionType, objects: tuple[int, ...], word: str) -> QA:
        """A yes/no, "which" or "where" pair; `word` is how the first stands to the second."""
        a, b = (self.captions[index] for index in objects)
        question, answer, template = self._templates(kind.name)
        slots, verdict = say_relation(kind, a, b, word)
        return QA(
            question.format(a=a, b=b),
            answer.format(**slots),
            kind.name,
            kind.kind,
            verdict=verdict,
            objects=objects,
            template=template,
        )

    def number(self, kind: QuestionType, objects: tuple[int, ...], measure: Measure) -> QA:
        """A pair about a number."""
        question, answer, template = self._templates(kind.name)
        unit = self._unit(measure.value, kind.dimension)
        value = format_quantity(measure.value, unit, measure.std, self.config.precision)
        slots = dict(zip("ab", (self.captions[i] for i in objects), strict=False))
        return QA(
            question.format(**slots),
            answer.format(value=value, **slots),
            kind.name,
            kind.kind,
            value=measure.value,
            value_std=measure.std,
            unit=unit,
            objects=objects,
            template=template,
        )

    def threshold(
        self, kind: QuestionType, objects: tuple[int, ...], measure: Measure, less: bool
    ) -> QA | None:
        """A yes/no pair with a stated size that `measure` is less than, or more than.

        None where no size within reach is surely on the wanted side, as it is spoken.
        """
        size = self._stated(measure, less)
        if size is None:
            return None
        question, answer, template = self._templates(kind.name)
        side = "less than" if less else "more than"
        words = THRESHOLD_WORDS[kind.name]
        verdict = next(word for word, (_, long) in words.items() if long == side)
        short, long = words[verdict]
        slots = dict(zip("ab", (self.captions[i] for i in objects), strict=False))
        slots |= {"size": size, "short": short, "long": long, "verdict": verdict}
        return QA(
            question.format(**slots),
            answer.format(**slots),
            kind.name,
            kind.kind,
            verdict=verdict,
            objects=objects,
            template=template,
        )

    def _stated(self, measure: Measure, less: bool) -> str | None:
        """A length to compare a measure with, off by 20 % and three standard errors or more.

        Too small and too large ones are drawn by the same factors, and none where three standard
        errors would rule out either side more than the other.
        """
        if 3 * measure.std > LARGEST_NOISE * measure.value:
            return None
        margin = max(LEAST_STEP * measure.value, 3 * measure.std)
        for _ in range(STATED_DRAWS):
            factor = LEAST_FACTOR * 2 ** self.draws.random()
            size = measure.value * factor if less else measure.value / factor
            unit = self._unit(size, "length")
            text, spoken = spoken_size(size, unit, precision=self.config.precision)
            off = spoken - measure.value
            if (off if less else -off) >= margin:
                return text
        return None

    def _unit(self, value: float, dimension: Dimension) -> str:
        if self.config.units == "metric":
            return METRIC[dimension]
        draw, share = self.draws.random(), self.config.imperial_fraction
        return choose_unit(value, draw, share, dimension)

    def fact(self, kind: QuestionType, fact: Fact) -> QA:
        """A general pair."""
        question, answer, template = self._templates(kind.name)
        return QA(
            question.format(**fact.slots),
            answer.format(**fact.slots),
            kind.name,
            kind.kind,
            verdict=fact.verdict,
            objects=fact.objects,
            template=template,
        )
