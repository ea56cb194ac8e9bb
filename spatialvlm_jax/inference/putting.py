"""How a question is put to a model that says what it was taught: as it is, otherwise, or not."""

from typing import NamedTuple

from spatialvlm_jax.generation.wording.templates import TEMPLATES
from spatialvlm_jax.inference.question_forms import Recognised, matching_forms
from spatialvlm_jax.taught import Taught

_UNCALIBRATED = "nothing tells how far off the answer may be"
UNKNOWN_FORM = f"this is no wording that the model was taught: {_UNCALIBRATED}"


class PutQuestion(NamedTuple):
    """A question as it is put to a model.

    words: None where it is not, because the model was not taught such questions.
    note: what is to be said beside the answer, or in its place; "" for nothing.
    """

    words: str | None
    note: str = ""


def put_as_taught(question: str, taught: Taught | None, untaught: bool = False) -> PutQuestion:
    """How a question is put.

    Of a type that was not taught it is not put at all. In words that were not taught, it is put in
    the first ones that were. What is of no known form is put as it is.

    Args:
      taught: None where that is not known: all questions are put as they are.
      untaught: put them as they are in any case, with a note.
    """
    if taught is None:
        return PutQuestion(question)
    found = _likeliest(question, taught)
    if found is None:
        return PutQuestion(question, UNKNOWN_FORM)
    name = found.kind.name
    if name not in taught.wordings:
        note = f"this model was not taught questions of the type {name!r}"
        return (
            PutQuestion(question, f"{note}: {_UNCALIBRATED}")
            if untaught
            else PutQuestion(None, note)
        )
    templates = TEMPLATES[name].questions[: taught.wordings[name] or None]
    if found.template in templates and question.rstrip().endswith("?"):
        return PutQuestion(question)
    if untaught:
        return PutQuestion(question, UNKNOWN_FORM)
    words = templates[0].format(**found.objects)
    return PutQuestion(words, f"asked as {words!r}, a wording that the model was taught")


def _likeliest(question: str, taught: Taught) -> Recognised | None:
    """The form that a question is of; of several with as many words, one that was taught."""
    asked = question.rstrip(" \t\n?.!") + "?"
    found = matching_forms(asked)
    best = [each for each in found if each.own == found[0].own]
    return next(
        (each for each in best if each.kind.name in taught.wordings), next(iter(best), None)
    )
