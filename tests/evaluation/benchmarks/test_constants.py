import dataclasses

import pytest

from spatialvlm_jax.evaluation.benchmarks import constants
from spatialvlm_jax.evaluation.benchmarks.constants import best_constant
from spatialvlm_jax.evaluation.benchmarks.item import Item, Mark
from spatialvlm_jax.evaluation.benchmarks.registry import find_benchmark


def polar(count: int, share: float) -> list[Item]:
    return [
        Item(str(n), "?", "?", "yes" if n % 10 < 10 * share else "no", str(n)) for n in range(count)
    ]


def test_all_of_letters_and_yes_and_no_are_tried() -> None:
    assert best_constant(find_benchmark("vsr"), polar(40, 0.3)) == pytest.approx(0.7)
    options = {letter: f"text {letter}" for letter in "ABCD"}
    answers = "ABBCDBBC"
    items = [Item(str(n), "?", "?", a, str(n), options=options) for n, a in enumerate(answers)]
    assert best_constant(find_benchmark("emb_spatial"), items) == pytest.approx(4 / 8)


def test_it_is_of_the_weighted_headline() -> None:
    options = {"A": "one", "B": "two"}
    sources = ["ADE20K"] * 6 + ["COCO"] * 2 + ["Omni3D"]
    answers = "AAAAAA" + "BB" + "B"
    items = [
        Item(str(n), "?", "?", answer, str(n), options=options, part=source)
        for n, (source, answer) in enumerate(zip(sources, answers, strict=True))
    ]
    # B is right in a quarter and a half of the headline, though in three of nine questions.
    assert best_constant(find_benchmark("cv_bench"), items) == pytest.approx(3 / 4)


def test_many_questions_are_thinned_out_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "_MARKED", 30)
    monkeypatch.setattr(constants, "_TRIED_ON", 7)
    benchmark, marked = find_benchmark("vsr"), list[str]()

    def counted(item: Item, reply: str) -> Mark:
        marked.append(item.id)
        return benchmark.robust(item, reply)

    found = best_constant(dataclasses.replace(benchmark, robust=counted), polar(90, 0.3))
    assert found == pytest.approx(21 / 30)
    # Both words on six of the thirty, then one on all of these.
    assert len(marked) == 2 * 6 + 30
    assert len(set(marked)) == 30
