"""Questions that a word or a short text answers, and what became of all answers."""

import numpy as np

from spatialvlm_jax.evaluation import baselines, metrics
from spatialvlm_jax.evaluation.columns import AnswerColumns
from spatialvlm_jax.evaluation.evaluators.registry import evaluator
from spatialvlm_jax.evaluation.metrics import Figure


@evaluator("qualitative")
def qualitative_figures(answers: AnswerColumns) -> dict[str, Figure]:
    """Spatial questions answered by a word, as they are and adjusted for guessing."""
    return _figures("qualitative", answers)


@evaluator("general")
def general_figures(answers: AnswerColumns) -> dict[str, Figure]:
    """General questions; free texts cannot be guessed, and are left out of what is adjusted."""
    return _figures("general", answers)


@evaluator("outcomes")
def outcome_figures(answers: AnswerColumns) -> dict[str, Figure]:
    """Not answered, unreadable and wrong: three shares of all answers, which leave the right ones.

    A number more than 25 % off is wrong here, and a text on which people do not all agree.
    """
    marks = {
        "not_answered": ~answers.given,
        "unreadable": answers.given & ~answers.read,
        "wrong": answers.given & answers.read & ~answers.right,
    }
    return {
        name: metrics.share(mark.astype(float), answers.images, None)
        for name, mark in marks.items()
    }


def _figures(kind: str, answers: AnswerColumns) -> dict[str, Figure]:
    asked = answers.take(answers.kinds == kind)
    decided = asked.take(~asked.is_text)
    return {
        f"{kind}_accuracy": metrics.share(asked.accuracy, asked.images, _constant_hits(asked)),
        f"{kind}_chance_adjusted": metrics.adjusted_share(
            decided.accuracy, decided.chances, decided.images, _constant_hits(decided)
        ),
    }


def _constant_hits(answers: AnswerColumns) -> float:
    """The summed accuracy of the best constant answer to each type of question."""
    hits = 0.0
    for _, members in answers.by_type():
        decided = members.take(~members.is_text)
        named: list[int | None] = [at if at >= 0 else None for at in decided.positions.tolist()]
        hits += baselines.best_word(decided.verdicts.tolist(), named)[1]
        if np.any(members.is_text):
            hits += baselines.best_text(members.people[members.is_text].tolist())[1]
    return hits
