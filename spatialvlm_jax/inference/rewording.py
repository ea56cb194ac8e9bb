"""The same question asked otherwise: in other words, and with its objects in the other order."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from spatialvlm_jax.generation.wording.templates import TEMPLATES
from spatialvlm_jax.inference.question_forms import Recognised, matching_forms

_SHORT = 3  # so many templates of a type are the ones that small models are trained on
_OBJECTS = re.compile(r"\{([ab])\}")


class Rewording(NamedTuple):
    """A question, and whether its yes is the first question's no."""

    question: str
    is_turned: bool


def reword(question: str, count: int) -> list[Rewording]:
    """Up to `count` ways to ask the same, the question itself first.

    The second is the same template with its objects in the other order, where that asks for the
    same or for the opposite. A question of no known template is asked as it is alone.
    """
    first = Rewording(question, False)
    found = recognise(question) if count > 1 else None
    if found is None:
        return [first]
    ways = {question.lower(): first}
    for each in _others(found):
        ways.setdefault(each.question.lower(), each)
    return list(ways.values())[:count]


def _others(found: Recognised) -> Iterator[Rewording]:
    for template in (found.template, *TEMPLATES[found.kind.name].questions[:_SHORT]):
        if not set(found.objects) >= {match[1] for match in _OBJECTS.finditer(template)}:
            continue
        yield Rewording(template.format(**found.objects), False)
        if found.kind.turned is not None:
            swapped = {"a": found.objects["b"], "b": found.objects["a"]}
            yield Rewording(template.format(**swapped), found.kind.turned == "opposite")


def recognise(question: str) -> Recognised | None:
    """The template that a question is of, that with the most words of its own; None for none.

    General questions, and those with a stated size, are not recognised.
    """
    for found in matching_forms(question):
        if found.kind.kind != "general" and found.kind.answer_form != "threshold":
            return found
    return None
