"""All templates by question type, and a linter for them."""

import dataclasses

from spatialvlm_jax.generation import templates_general as general
from spatialvlm_jax.generation import templates_qualitative as qualitative
from spatialvlm_jax.generation import templates_quantitative as quantitative


@dataclasses.dataclass(frozen=True)
class Wording:
    """The phrasings of one question type; the first of each is short and canonical."""

    questions: tuple[str, ...]
    answers: tuple[str, ...]


TEMPLATES: dict[str, Wording] = {
    **{
        name: Wording(questions, qualitative.YES_NO_ANSWERS)
        for name, questions in qualitative.YES_NO_QUESTIONS.items()
    },
    **{
        name: Wording(questions, qualitative.CHOICE_ANSWERS)
        for name, questions in qualitative.CHOICE_QUESTIONS.items()
    },
    "where": Wording(qualitative.WHERE_QUESTIONS, qualitative.WHERE_ANSWERS),
    **{
        name: Wording(questions, quantitative.NUMBER_ANSWERS[name])
        for name, questions in quantitative.NUMBER_QUESTIONS.items()
    },
    **{
        name: Wording(questions, general.GENERAL_ANSWERS[name])
        for name, questions in general.GENERAL_QUESTIONS.items()
    },
}


def answer_template(template_id: str) -> str:
    """The answer template with an id like "height.a2".

    Raises:
      ValueError: there is no such template.
    """
    name, _, number = template_id.partition(".a")
    try:
        return TEMPLATES[name].answers[int(number)]
    except (KeyError, ValueError, IndexError):
        raise ValueError(f"no answer template {template_id!r}") from None
