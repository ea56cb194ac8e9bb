"""From a finding to a worded pair."""

from spatialvlm_jax.generation.draws import Draws
from spatialvlm_jax.generation.phrasing import choose_unit, format_quantity
from spatialvlm_jax.generation.qa_config import QAConfig
from spatialvlm_jax.generation.records import QA, Scene
from spatialvlm_jax.generation.registry import Fact, QuestionType
from spatialvlm_jax.generation.relations import Measure
from spatialvlm_jax.generation.templates import TEMPLATES
from spatialvlm_jax.generation.templates_qualitative import PLACE_WORDS, RELATION_WORDS


class Writer:
    """Words pairs: picks templates and units, fills placeholders."""

    def __init__(self, scene: Scene, config: QAConfig, draws: Draws) -> None:
        self.captions = [thing.caption for thing in scene.objects]
        self.config, self.draws = config, draws

    def _templates(self, name: str) -> tuple[str, str, str]:
        wording = TEMPLATES[name]
        questions = len(wording.questions[: self.config.question_phrasings])
        answers = len(wording.answers[: self.config.answer_phrasings])
        q, a = self.draws.below(questions), self.draws.below(answers)
        return wording.questions[q], wording.answers[a], f"{name}.q{q}/{name}.a{a}"

    def relation(self, kind: QuestionType, objects: tuple[int, ...], word: str) -> QA:
        """A yes/no, "which" or "where" pair; `word` is how the first stands to the second."""
        a, b = (self.captions[index] for index in objects)
        question, answer, template = self._templates(kind.name)
        slots = {"a": a, "b": b}
        if kind.answer_form == "yes_no":
            verdict = "yes" if word == kind.asks else "no"
            short, long = RELATION_WORDS[word]
            slots |= {"short": short, "long": long, "verdict": verdict}
        elif kind.answer_form == "choice":
            verdict, loser = (a, b) if word == kind.asks else (b, a)
            slots |= {"winner": verdict, "loser": loser, "long": RELATION_WORDS[kind.asks][1]}
        else:
            verdict = word
            slots |= {"direction": word, "place": PLACE_WORDS[word]}
        text = answer.format(**slots)
        return QA(
            question.format(a=a, b=b),
            text,
            kind.name,
            kind.kind,
            verdict=verdict,
            objects=objects,
            template=template,
        )

    def number(self, kind: QuestionType, objects: tuple[int, ...], measure: Measure) -> QA:
        """A pair about a length."""
        question, answer, template = self._templates(kind.name)
        unit = "m"
        if self.config.units == "human":
            unit = choose_unit(measure.value, self.draws.uniform(), self.config.imperial_fraction)
        slots = dict(zip("ab", (self.captions[i] for i in objects), strict=False))
        return QA(
            question.format(**slots),
            answer.format(value=format_quantity(measure.value, unit, measure.std), **slots),
            kind.name,
            kind.kind,
            value=measure.value,
            value_std=measure.std,
            unit=unit,
            objects=objects,
            template=template,
        )

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
