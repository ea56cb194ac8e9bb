"""What is exactly so, beside what a model says and what a plan concludes."""

import dataclasses

from spatialvlm_jax.generation.questions.scene_facts import SceneFacts
from spatialvlm_jax.inference.rewording import recognise
from spatialvlm_jax.inference.spatial_answer import SpatialAnswer
from spatialvlm_jax.reasoning.exact_answers import answer_exactly
from spatialvlm_jax.reasoning.plan import ReasoningPlan
from spatialvlm_jax.reasoning.sub_question import WORDS, SubQuestion
from spatialvlm_jax.units import UNITS, describe_exact


@dataclasses.dataclass(frozen=True)
class ExactAnswer:
    """What is exactly so: in words, and as a number in SI units or a verdict."""

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


def exact_part(question: str, facts: SceneFacts) -> ExactAnswer | None:
    """The exact answer to a question such as plans ask; None for others, and of unknown objects."""
    found = recognise(question)
    if found is None or found.kind.name not in WORDS:
        return None
    captions = {name.lower(): name for name in facts.captions}
    names = [found.objects[slot].lower() for slot in sorted(found.objects)]
    if not names or not set(names) <= captions.keys():
        return None
    asked = SubQuestion(found.kind.name, tuple(captions[name] for name in names))
    try:
        return _told(answer_exactly(facts, asked)[0])
    except ValueError:
        return None


def _told(exact: SpatialAnswer) -> ExactAnswer:
    if exact.value is None:
        return ExactAnswer(exact.text, verdict=exact.verdict or "")
    text = describe_exact(exact.value, UNITS[exact.unit].dimension)
    return ExactAnswer(text, exact.value, exact.unit)
