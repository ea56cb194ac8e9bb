"""A relation in words: what fills the places of an answer's template."""

from spatialvlm_jax.generation.questions.registry import QuestionType
from spatialvlm_jax.generation.wording.qualitative import PLACE_WORDS, RELATION_WORDS


def say_relation(kind: QuestionType, a: str, b: str, word: str) -> tuple[dict[str, str], str]:
    """What fills the places of an answer's template, and the verdict.

    Args:
      kind: a type of yes/no, "which" or "where" questions about two objects.
      a, b: their captions. word: how the first stands to the second.
    """
    slots = {"a": a, "b": b}
    if kind.answer_form == "yes_no":
        verdict = "yes" if word == kind.asks else "no"
        short, long = RELATION_WORDS[word]
        return slots | {"short": short, "long": long, "verdict": verdict}, verdict
    if kind.answer_form == "choice":
        verdict, loser = (a, b) if word == kind.asks else (b, a)
        short, stands = RELATION_WORDS[word]
        slots |= {"winner": verdict, "loser": loser, "long": RELATION_WORDS[kind.asks][1]}
        return slots | {"short": short, "stands": stands}, verdict
    slots |= {"direction": word, "hour": word, "place": PLACE_WORDS.get(word, "")}
    return slots, word
