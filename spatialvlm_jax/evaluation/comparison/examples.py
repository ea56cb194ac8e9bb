"""Which pictures a comparison shows, with what both ways said about them."""

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from spatialvlm_jax.evaluation import metrics
from spatialvlm_jax.evaluation.comparison.differences import ComparedFigure, figure_marks
from spatialvlm_jax.evaluation.comparison.predictions import CommonAnswers, StoredAnswer
from spatialvlm_jax.pages.turns import in_turns

_EACH = 10  # of the worst, of the best, and of those that one way alone has right
_QUESTIONS = 3  # about a picture that carries a difference

Pair = tuple[StoredAnswer, StoredAnswer]

# What examples are called, which way is right, and of how near both are what puts the first first.
_KINDS: tuple[tuple[str, tuple[bool, bool], Callable[[float, float], float]], ...] = (
    ("Only the second is right", (False, True), lambda first, second: first - second),
    ("Only the first is right", (True, False), lambda first, second: second - first),
    ("The worst replies: both are wrong", (False, False), lambda first, second: first + second),
    ("The best replies: both are right", (True, True), lambda first, second: -first - second),
)


@dataclasses.dataclass(frozen=True)
class PictureCard:
    """A picture, some questions about it, and the reply of both ways to each.

    part: what it makes of a difference; None where that is not what it is shown for.
    """

    image: str
    asked: tuple[Pair, ...]
    part: float | None = None


def carrier_cards(
    figures: Iterable[ComparedFigure], common: CommonAnswers, pairs: Sequence[Pair]
) -> Iterator[tuple[str, list[PictureCard]]]:
    """Of each figure, by its name, the pictures that carry the difference, the largest part first.

    Of the questions about each those come first whose marks are furthest apart.

    Args:
      pairs: both ways' answers to the common questions.
    """
    one, two = (figure_marks(list(way)) for way in zip(*pairs, strict=True))
    for figure in figures:
        counts = one[figure.name][0] & two[figure.name][0]
        apart = np.abs(one[figure.name][1] - two[figure.name][1])
        cards = []
        for image, part in figure.pairs.carriers:
            places = np.flatnonzero(counts & (common.images == image))
            chosen = places[np.argsort(-apart[places], kind="stable")][:_QUESTIONS]
            asked = tuple(pairs[place] for place in chosen.tolist())
            cards.append(PictureCard(common.image_names[image], asked, part))
        if cards:
            yield figure.name, cards


def example_cards(pairs: Sequence[Pair]) -> Iterator[tuple[str, list[PictureCard]]]:
    """The worst and the best replies, and those that one way alone has right, by what they are.

    Of each at most ten, types of questions taking turns. What neither way replied to is left out.
    """
    said = [pair for pair in pairs if any(each.prediction.strip() for each in pair)]
    near = [(pair, _nearness(pair[0]), _nearness(pair[1])) for pair in said]
    for title, right, order in _KINDS:
        members = [each for each in near if tuple(map(_is_right, each[0])) == right]
        members.sort(key=lambda each: order(each[1], each[2]))
        if members:
            chosen = in_turns([pair for pair, _, _ in members], lambda pair: pair[0].type)
            yield title, [PictureCard(pair[0].image, (pair,)) for pair in chosen[:_EACH]]


def _nearness(answer: StoredAnswer) -> float:
    """How near to the truth, 0 to 1, also of two numbers that are both right or both wrong."""
    if answer.dimension in ("", "angle"):
        return answer.accuracy
    return float(metrics.range_scores(np.array([answer.predicted]), np.array([answer.true]))[0])


def _is_right(answer: StoredAnswer) -> bool:
    return answer.accuracy >= 0.5
