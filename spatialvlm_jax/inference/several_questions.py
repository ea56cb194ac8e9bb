"""Several questions in one: a model gives one answer, and nothing says to which of them."""

import re

_BEGIN = (
    r"(?:how|what|which|where|who|why|when|is|are|was|were|does|do|did|can|could|would|will|should)"
)
_AND = r"(?:;|,? (?:and|or|but)) (?:also )?"
_BETWEEN = re.compile(rf"[?？]+\s*(?:and |or |but )?|[.!] |{_AND}(?={_BEGIN}\b)", re.I)
_QUESTION = re.compile(rf"{_BEGIN}(?: \S+){{2,}}", re.I)


def questions_in(text: str) -> list[str]:
    """The questions that a text asks, without their ends; what is none of its own is left out.

    Each is behind the end of another, or behind "and" and the like with a word that begins
    questions: "how wide is the sofa, and how tall is it?" asks two, "how far are the sofa and the
    table apart?" one.
    """
    parts = (part.strip(" .!,;") for part in _BETWEEN.split(" ".join(text.split())))
    return [part for part in parts if _QUESTION.fullmatch(part)]
