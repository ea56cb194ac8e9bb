import dataclasses
from collections.abc import Sequence

import pytest

from spatialvlm_jax.evaluation.benchmarks.comparing import compare_marks, comparison_lines
from spatialvlm_jax.evaluation.benchmarks.item import Item, Mark
from spatialvlm_jax.evaluation.benchmarks.predictions import Prediction
from spatialvlm_jax.evaluation.benchmarks.registry import find_benchmark
from spatialvlm_jax.evaluation.benchmarks.report import ModelScores, blocks_of
from spatialvlm_jax.evaluation.benchmarks.scoring import (
    ROBUST,
    MarkedReply,
    Scores,
    rules_of,
    score_replies,
)

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
    assert lines[0] == "first less second, accuracy:"
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
    (found,) = [each.found for each in block.differences if each.rule == ROBUST]
    assert (found.count, found.difference) == (4, 0.25)
    unasked = score_replies(find_benchmark("vsr"), ITEMS, {})
    (block,) = blocks_of([models[0], ModelScores("u", "pixels", unasked)])
    assert block.differences == ()


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


def differs(name: str, items: Sequence[Item], first: set[int], second: set[int]) -> list[float]:
    """The difference of two models right of some questions, its headlines', the plain means'."""
    benchmark = find_benchmark(name)
    one, two = (
        Scores(
            benchmark,
            [
                MarkedReply(item, "", dict.fromkeys(rules_of(benchmark), Mark(float(n in right))))
                for n, item in enumerate(items)
            ],
        )
        for right in (first, second)
    )
    headlines = one.headlines()[ROBUST].value - two.headlines()[ROBUST].value
    figures = [next(iter(each.figures()[ROBUST].values())) for each in (one, two)]
    assert headlines == pytest.approx(figures[0] - figures[1])
    plain = (len(first) - len(second)) / len(items)
    return [compare_marks(one, two, ROBUST).difference, headlines, plain]


def of(part: str, group: str, count: int) -> list[Item]:
    return [Item("", "?", "?", "A", "i", part=part, group=group) for _ in range(count)]


def numbered(*parts: list[Item]) -> list[Item]:
    """The questions with ids, two about each picture."""
    items = [item for part in parts for item in part]
    return [
        dataclasses.replace(item, id=str(n), image_id=f"picture {n // 2}")
        for n, item in enumerate(items)
    ]


def test_the_difference_is_that_of_the_headline() -> None:
    """Whatever the headline weighs: the plain mean of all marks may even have the other sign."""
    relations = numbered(of("quantitative", "width", 4), of("qualitative", "left", 12))
    found = differs("spatial_rgpt", relations, {0, 1, 2}, {0, *range(4, 16)})
    assert found == pytest.approx([2 / 4, 2 / 4, -10 / 16])
    sources = numbered(of("ADE20K", "Count", 8), of("COCO", "Count", 2), of("Omni3D", "Depth", 4))
    found = differs("cv_bench", sources, {8, 9, 10, 11}, set(range(8)))
    assert found == pytest.approx([1 / 4 - 1 / 4 + 1 / 4, 1 / 4, -4 / 14])
    tasks = numbered(of("", "Counting", 6), of("", "Relative_Depth", 2))
    for name in ("blink", "msmu", "robospatial_home", "spar_bench"):
        found = differs(name, tasks, {6, 7}, {0, 1, 2})
        assert found == pytest.approx([1 / 2 - 1 / 4, 1 / 4, -1 / 8])
    levels = [("object_rel_direction_easy", 2), ("object_rel_direction_hard", 2), ("route", 6)]
    videos = numbered(*(of("", name, count) for name, count in levels))
    found = differs("vsi_bench", videos, {0, 1}, {4, 5, 6})
    assert found == pytest.approx([1 / 4 - 1 / 4, 0, -1 / 10])


def test_only_what_the_headline_counts_is_counted() -> None:
    items = numbered(of("quantitative", "width", 4), of("qualitative", "left", 12))
    silent = score_replies(find_benchmark("spatial_rgpt"), items, {})
    found = compare_marks(silent, silent, ROBUST)
    assert (found.count, found.clusters, found.neither) == (4, 2, 4)
