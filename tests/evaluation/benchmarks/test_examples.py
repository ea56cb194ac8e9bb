import pytest

from spatialvlm_jax.evaluation.benchmarks.examples import EACH, best_replies, worst_replies
from spatialvlm_jax.evaluation.benchmarks.item import Item
from spatialvlm_jax.evaluation.benchmarks.predictions import Prediction
from spatialvlm_jax.evaluation.benchmarks.registry import find_benchmark
from spatialvlm_jax.evaluation.benchmarks.scoring import ROBUST, MarkedReply, Scores, score_replies


def numbers(*said: str) -> Scores:
    """Replies to how many metres something is away, which is 3."""
    items = [Item(str(n), "?", "?", "3", "p", value=3.0, unit="m") for n in range(len(said))]
    replies = {str(n): Prediction(text, str(n)) for n, text in enumerate(said)}
    return score_replies(find_benchmark("vsi_bench"), items, replies)


def ids(replies: list[MarkedReply]) -> list[int]:
    return [int(each.item.id) for each in replies]


def test_the_lowest_marks_are_the_worst_and_the_highest_the_best() -> None:
    scores = numbers("3 m", "4 m", "far", "9 m", "3.3 m", "")
    assert ids(worst_replies(scores)) == [2, 3, 1, 4]
    assert ids(best_replies(scores)) == [0, 4, 1]
    marks = [each.marks[ROBUST].score for each in best_replies(scores)]
    assert marks == sorted(marks, reverse=True)


@pytest.mark.parametrize(("text", "choose"), [("9 m", worst_replies), ("3 m", best_replies)])
def test_of_equal_ones_some_are_shown_from_all_over(text, choose) -> None:
    assert ids(choose(numbers(*[text] * (2 * EACH)))) == list(range(0, 2 * EACH, 2))
    assert ids(choose(numbers(text, text))) == [0, 1]
    assert choose(numbers("")) == []
