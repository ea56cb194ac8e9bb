"""What is to be known of answers, as a table numbers it behind them and tells it below."""

from collections.abc import Sequence

from spatialvlm_jax.errors import one_line
from spatialvlm_jax.inference.spatial_answer import SpatialAnswer


def number_notes(answers: Sequence[SpatialAnswer]) -> list[str]:
    """What stands behind each answer: " (1)", or "" where nothing is to be known of it."""
    numbers = {note: number for number, note in enumerate(_noted(answers), 1)}
    return [f" ({numbers[each.note]})" if each.note else "" for each in answers]


def tell_notes(answers: Sequence[SpatialAnswer]) -> list[str]:
    """A line for each note, by the number that `number_notes` gives it, with what it is of."""
    lines = []
    for number, (note, asked) in enumerate(_noted(answers).items(), 1):
        named = ", ".join(f'"{one_line(question)}"' for question in asked)
        lines.append(f"({number}) {named}: {one_line(note)}")
    return lines


def _noted(answers: Sequence[SpatialAnswer]) -> dict[str, list[str]]:
    """Each note once, in the order of the answers, with the questions that it is of."""
    questions: dict[str, list[str]] = {}
    for each in answers:
        if each.note:
            questions.setdefault(each.note, []).append(each.question)
    return questions
