"""The answer that denies a relation: false on purpose, in the words of the true one."""

import dataclasses
from collections.abc import Sequence

from spatialvlm_jax.generation.questions.generate import REGISTRY
from spatialvlm_jax.generation.questions.registry import QuestionType
from spatialvlm_jax.generation.questions.relation_words import say_relation
from spatialvlm_jax.generation.questions.relations import HOURS, SECTORS
from spatialvlm_jax.generation.wording.qualitative import OPPOSITES
from spatialvlm_jax.generation.wording.templates import answer_template
from spatialvlm_jax.scene.records import QA


def deny(pair: QA, captions: Sequence[str]) -> QA | None:
    """The pair with the opposite answer from the same template: "right, so no".

    Args:
      captions: of the objects asked about, in their order.

    Returns:
      None where the pair tells no relation between two objects: numbers, lengths that are stated
      in the question, and general questions.

    Raises:
      ValueError: its answer was not made of a template.
    """
    kind = REGISTRY.get(pair.type)
    if kind is None or kind.kind != "qualitative" or kind.answer_form == "threshold":
        return None
    template = answer_template(pair.template.rsplit("/", 1)[-1])
    a, b = captions
    slots, verdict = say_relation(kind, a, b, _opposite(kind, pair.verdict, a))
    return dataclasses.replace(pair, answer=template.format(**slots), verdict=verdict)


def _opposite(kind: QuestionType, verdict: str, a: str) -> str:
    """How the first object does not stand to the second, by the true verdict."""
    if kind.answer_form == "word":
        around = SECTORS if verdict in SECTORS else HOURS
        return around[(around.index(verdict) + len(around) // 2) % len(around)]
    holds = verdict == ("yes" if kind.answer_form == "yes_no" else a)
    return OPPOSITES[kind.asks] if holds else kind.asks
