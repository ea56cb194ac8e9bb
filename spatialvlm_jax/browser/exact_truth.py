"""What is exactly so, beside what a model says and what a plan concludes."""

import dataclasses
from collections.abc import Sequence

from spatialvlm_jax.generation.questions.scene_facts import SceneFacts
from spatialvlm_jax.inference.rewording import recognise
from spatialvlm_jax.inference.spatial_answer import SpatialAnswer
from spatialvlm_jax.reasoning.exact_answers import answer_exactly
from spatialvlm_jax.reasoning.plan import ReasoningPlan
from spatialvlm_jax.reasoning.sub_question import WORDS, SubQuestion
from spatialvlm_jax.units import UNITS, describe_exact


@dataclasses.dataclass(frozen=True)
class ExactAnswer:
    """What is exactly so: in words, and as a number or a verdict.

    text: where there is neither, why nothing is known. value, unit: as `SpatialAnswer` has them.
    """

    text: str
    value: float | None = None
    unit: str = ""
    verdict: str = ""


def exact_conclusion(plan: ReasoningPlan, facts: SceneFacts) -> ExactAnswer | None:
    """What follows from exact answers to a plan's questions; None where one has none."""
    try:
        exact = [a for each in plan.sub_questions for a in answer_exactly(facts, each)]
    except ValueError:
        return None
    found = plan.conclude(exact)
    return ExactAnswer(found.text, found.value, found.unit, found.outcome)


def exact_part(question: str, facts: SceneFacts) -> ExactAnswer:
    """The exact answer to a question such as plans ask, or why there is none."""
    found = recognise(question)
    if found is None or found.kind.name not in WORDS:
        return ExactAnswer("not known of such questions")
    names = [found.objects[slot] for slot in sorted(found.objects)]
    called = [facts.called(name) for name in names]
    for name, fitting in zip(names, called, strict=True):
        if reason := _why_not(name, fitting, facts):
            return ExactAnswer(reason)
    asked = SubQuestion(found.kind.name, tuple(fitting[0] for fitting in called))
    try:
        return _told(answer_exactly(facts, asked)[0])
    except ValueError:
        return ExactAnswer("the gap between these two is not stored")


def _why_not(name: str, fitting: Sequence[str], facts: SceneFacts) -> str:
    """Why nothing is known of what is called so; "" where it is one thing that is known."""
    if not fitting:
        return f"there is no {name}"
    if len(fitting) > 1:
        return f'"{name}" may be any of {len(fitting)}: {", ".join(fitting)}'
    return "" if fitting[0] in facts.captions else f"nothing is stored of the {fitting[0]}"


def _told(exact: SpatialAnswer) -> ExactAnswer:
    if exact.value is None:
        return ExactAnswer(exact.text, verdict=exact.verdict or "")
    unit = UNITS[exact.unit]
    text = describe_exact(exact.value * unit.si, unit.dimension)
    return ExactAnswer(text, exact.value, exact.unit)
