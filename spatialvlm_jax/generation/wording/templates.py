"""All templates by question type."""

import dataclasses

from spatialvlm_jax.generation.wording import (
    choices,
    differences,
    directions,
    distances,
    general,
    sizes,
    thresholds,
)
from spatialvlm_jax.generation.wording.comparisons import COMPARISON_QUESTIONS
from spatialvlm_jax.generation.wording.contacts import CONTACT_QUESTIONS
from spatialvlm_jax.generation.wording.positions import POSITION_QUESTIONS
from spatialvlm_jax.generation.wording.qualitative import YES_NO_ANSWERS


@dataclasses.dataclass(frozen=True)
class Wording:
    """The phrasings of one question type; the first of each is short and canonical.

    reasons: answers that say why first, of types whose other answers do not.
    """

    questions: tuple[str, ...]
    answers: tuple[str, ...]
    reasons: tuple[str, ...] = ()


_YES_NO = POSITION_QUESTIONS | COMPARISON_QUESTIONS | CONTACT_QUESTIONS
_NUMBERS = distances.DISTANCE_QUESTIONS | sizes.SIZE_QUESTIONS | differences.DIFFERENCE_QUESTIONS
_NUMBER_ANSWERS = distances.DISTANCE_ANSWERS | sizes.SIZE_ANSWERS | differences.DIFFERENCE_ANSWERS

TEMPLATES: dict[str, Wording] = {
    **{name: Wording(questions, YES_NO_ANSWERS) for name, questions in _YES_NO.items()},
    **{
        name: Wording(questions, thresholds.THRESHOLD_ANSWERS[name])
        for name, questions in thresholds.THRESHOLD_QUESTIONS.items()
    },
    **{
        name: Wording(questions, choices.CHOICE_ANSWERS, choices.CHOICE_REASONS)
        for name, questions in choices.CHOICE_QUESTIONS.items()
    },
    "where": Wording(directions.WHERE_QUESTIONS, directions.WHERE_ANSWERS),
    "clock": Wording(directions.CLOCK_QUESTIONS, directions.CLOCK_ANSWERS),
    **{name: Wording(questions, _NUMBER_ANSWERS[name]) for name, questions in _NUMBERS.items()},
    "bearing": Wording(directions.BEARING_QUESTIONS, directions.BEARING_ANSWERS),
    **{
        name: Wording(
            questions, general.GENERAL_ANSWERS[name], general.GENERAL_REASONS.get(name, ())
        )
        for name, questions in general.GENERAL_QUESTIONS.items()
    },
}


def answer_template(template_id: str) -> str:
    """The answer template with an id like "height.a2", or "count.r0" for one with its reason.

    Raises:
      ValueError: there is no such template.
    """
    name, _, place = template_id.partition(".")
    try:
        listed = {"a": TEMPLATES[name].answers, "r": TEMPLATES[name].reasons}
        return listed[place[:1]][int(place[1:])]
    except (KeyError, ValueError, IndexError):
        raise ValueError(f"no answer template {template_id!r}") from None
