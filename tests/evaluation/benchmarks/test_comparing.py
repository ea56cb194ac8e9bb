import pytest

from spatialvlm_jax.evaluation.benchmarks.comparing import compare_marks, comparison_lines
from spatialvlm_jax.evaluation.benchmarks.item import Item
from spatialvlm_jax.evaluation.benchmarks.predictions import Prediction
from spatialvlm_jax.evaluation.benchmarks.registry import find_benchmark
from spatialvlm_jax.evaluation.benchmarks.report import ModelScores, blocks_of
from spatialvlm_jax.evaluation.benchmarks.scoring import ROBUST, Scores, score_replies

ITEMS = [Item(str(n), "?", "?", "yes", f"picture {n // 2}") for n in range(8)]


def scores(*right: int) -> Scores:
    replies = {str(n): Prediction("yes" if n in right else "no", str(n)) for n in range(8)}
    return score_replies(find_benchmark("vsr"), ITEMS, replies)


def test_two_models_are_compared_question_by_question() -> None:
    found = compare_marks(scores(0, 1, 2, 4), scores(0, 3), ROBUST)
    assert found.difference == pytest.approx(0.25)
    assert (found.both, found.only_first, found.only_second, found.neither) == (1, 3, 1, 3)
    assert found.clusters == 4
    lines = comparison_lines(scores(0, 1, 2, 4), scores(0, 3))
    assert lines[0] == "first less second, mean mark of all questions:"
    assert lines[1].startswith("  official +25.00 points, 95 % interval ")
    assert lines[2] == "    right: both 1, only the first 3, only the second 1, neither 3"
    assert lines[3] == "    most of it from picture 0 +12.50 points, picture 2 +12.50 points"


def test_models_are_compared_on_what_both_were_asked() -> None:
    """One that was stopped early is not the worse for it; one that failed to reply is."""
    replies = {str(n): Prediction("yes", str(n)) for n in range(3)}
    replies["3"] = Prediction("", "3", failure="status 400")
    stopped = score_replies(find_benchmark("vsr"), ITEMS, replies)
    models = [
        ModelScores("whole", "pixels", scores(*range(8))),
        ModelScores("s", "pixels", stopped),
    ]
    (block,) = blocks_of(models)
    (found,) = [found for _, rule, found in block.differences() if rule == ROBUST]
    assert (found.count, found.difference) == (4, 0.25)
    unasked = score_replies(find_benchmark("vsr"), ITEMS, {})
    (block,) = blocks_of([models[0], ModelScores("u", "pixels", unasked)])
    assert block.differences() == []


def test_few_pictures_leave_no_difference_that_shares_cannot_have() -> None:
    found = compare_marks(scores(0, 1, 2, 3, 4, 5), scores(6, 7), ROBUST)
    assert found.difference == pytest.approx(0.5)
    # Student's interval of four pictures reaches to 2.1, and what it can show is 2 as well.
    assert found.interval == (-1.0, 1.0)
    assert found.smallest_difference == 1.0


def test_a_model_does_not_differ_from_itself() -> None:
    lines = comparison_lines(scores(0), scores(0))
    assert lines[3] == "  robust +0.00 points, p 1.000"
    assert len(lines) == 5
