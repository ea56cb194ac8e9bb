"""Which replies a report shows with their pictures: the worst and the best, by the robust rule."""

from collections.abc import Mapping, Sequence

from spatialvlm_jax.evaluation.benchmarks.scoring import ROBUST, MarkedReply, Scores

EACH = 6  # of the worst, and of the best
PICTURES = 240  # on a page, which has them inside
SIDE = 192  # pixels of the longer side of one
# A benchmark's name and the id of one of its questions -> the address of its picture.
ExamplePictures = Mapping[tuple[str, str], str]


def worst_replies(scores: Scores) -> list[MarkedReply]:
    """The `EACH` of the lowest marks, those that are right left out."""
    wrong = [each for each in scores.replies if each.state not in ("right", "not answered")]
    return _first(wrong, 1.0)


def best_replies(scores: Scores) -> list[MarkedReply]:
    """The `EACH` of the highest marks, those that have none left out."""
    good = [each for each in scores.replies if each.marks[ROBUST].score > 0]
    return _first(good, -1.0)


def _first(replies: Sequence[MarkedReply], sign: float) -> list[MarkedReply]:
    """Those whose mark times `sign` is least; of equal ones some that are spread over all."""
    chosen: list[MarkedReply] = []
    for score in sorted({sign * each.marks[ROBUST].score for each in replies}):
        level = [each for each in replies if sign * each.marks[ROBUST].score == score]
        count = min(EACH - len(chosen), len(level))
        chosen += [level[len(level) * number // count] for number in range(count)]
    return chosen
