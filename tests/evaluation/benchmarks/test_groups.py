"""Benchmarks whose figures are of several questions together, or whose rule is known to be off."""

from collections.abc import Callable
from pathlib import Path

import pytest

from spatialvlm_jax.evaluation.benchmarks.item import Benchmark, Item
from spatialvlm_jax.evaluation.benchmarks.loading import load_questions
from spatialvlm_jax.evaluation.benchmarks.predictions import Prediction
from spatialvlm_jax.evaluation.benchmarks.registry import find_benchmark
from spatialvlm_jax.evaluation.benchmarks.scoring import score_replies
from tests.evaluation.benchmarks.published import SAMPLES, write_json

Load = Callable[[str], tuple[Benchmark, tuple[Item, ...]]]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def read(name: str) -> tuple[Benchmark, tuple[Item, ...]]:
        SAMPLES[name].write(tmp_path)
        benchmark = find_benchmark(name)
        return benchmark, load_questions(benchmark, tmp_path).items

    return read


def robust(benchmark: Benchmark, items: tuple[Item, ...], right: set[int]) -> dict[str, float]:
    """The figures where these items are answered rightly, and no other."""
    chosen = [items[place] for place in right]
    replies = {item.id: Prediction(item.answer, item.id) for item in chosen}
    return score_replies(benchmark, items, replies).figures()["robust"]


@pytest.mark.parametrize(
    ("right", "vanilla", "flip", "circular", "both"),
    [
        ({0, 1, 2, 3}, 1.0, 1.0, 1.0, 1.0),
        ({0, 1}, 0.5, 0.0, 0.5, 0.0),
        ({0, 2}, 0.5, 0.5, 0.0, 0.0),
        ({1, 2, 3}, 0.75, 0.5, 0.5, 0.0),
    ],
)
def test_3dsr_bench_has_four_settings(
    right: set[int], vanilla: float, flip: float, circular: float, both: float, load: Load
) -> None:
    figures = robust(*load("3dsr_bench"), right)
    named = ("vanilla", "flip", "circular", "flip and circular")
    assert [figures[name] for name in named] == [vanilla, flip, circular, both]


def test_whats_up_counts_pairs_and_sets(load: Load) -> None:
    benchmark, items = load("whats_up")
    assert [item.group for item in items] == ["left", "right", "on", "under"]
    figures = robust(benchmark, items, {0, 1, 2})
    assert [figures[name] for name in ("accuracy", "pairs", "sets")] == [0.75, 0.5, 0.0]
    assert robust(benchmark, items, {0, 1, 2, 3})["sets"] == 1


def test_a_part_of_the_questions_has_whole_groups_where_figures_are_of_these(load: Load) -> None:
    items = [
        Item(str(n), "?", "?", "yes", f"picture {n // 4}", part=f"set {n // 4}") for n in range(40)
    ]
    plain, flipped = find_benchmark("cv_bench"), find_benchmark("3dsr_bench")
    assert [item.id for item in plain.some(items, 4)] == ["0", "10", "20", "30"]
    assert plain.some(items, 99) == tuple(items)
    for benchmark in (flipped, find_benchmark("whats_up")):
        assert [item.id for item in benchmark.some(items, 9)] == [*"0123", "20", "21", "22", "23"]
        assert [item.id for item in benchmark.some(items, 1)] == [*"0123"]
    # A reply that is right only before the picture is turned round is none of "flip".
    benchmark, turned = load("3dsr_bench")
    chosen = benchmark.some(turned, 1)
    assert robust(benchmark, chosen, {0, 1})["flip and circular"] == 0


def test_whats_up_turns_its_options_round_and_reads_both_kinds_of_files(tmp_path: Path) -> None:
    rows = [[number, "A mug on a table", "A mug under a table"] for number in range(40)]
    write_json(tmp_path / "coco_qa_one_obj.json", rows)
    items = load_questions(find_benchmark("whats_up"), tmp_path).items
    assert all(item.options[item.answer] == "A mug on a table" for item in items)
    assert 10 < sum(item.answer == "A" for item in items) < 30


def test_spar_bench_takes_an_empty_reply_for_right(load: Load) -> None:
    benchmark, (choice, depth, motion) = load("spar_bench")
    said = ("", "b", "B. mug", "bowl", "(B)", " B", "A", "The answer is B.", "E or B")
    official, *others = (
        [rule(choice, reply).score for reply in said]
        for rule in (benchmark.official, *benchmark.rules.values(), benchmark.robust)
    )
    assert official == others[0] == [1, 1, 1, 1, 0, 0, 0, 0, 0]
    assert others[1] == [0, 1, 1, 0, 1, 1, 0, 1, 0]
    assert others[2] == [0, 1, 1, 0, 1, 1, 0, 1, 1]
    assert benchmark.robust(choice, "(B)").score == 1
    assert benchmark.official(depth, "It is 2 m deep, not 3").score == 1
    assert benchmark.robust(depth, "200 cm").score == 1
    assert benchmark.official(depth, "200 cm").score == 0
    assert benchmark.official(motion, "move_right:0.5, and turn").score == 0
    assert benchmark.robust(motion, "move_right: 0.5, rotate_left: 20").score == 1


@pytest.mark.parametrize(
    ("reply", "marks"),
    [
        ("table", [1, 1, 1, 1]),
        ("Table", [0, 1, 1, 1]),
        ("table.", [0, 1, 0, 1]),
        ("a table", [0, 0, 0, 1]),
        ("chair", [0, 0, 0, 0]),
    ],
)
def test_gqa_is_equality_of_four_kinds(reply: str, marks: list[float], load: Load) -> None:
    benchmark, (item, _) = load("gqa")
    rules = [benchmark.official, *benchmark.rules.values(), benchmark.robust]
    assert [rule(item, reply).score for rule in rules] == marks
