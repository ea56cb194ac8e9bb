import math
import sys

import pytest

import spatialvlm_jax
from benchmarks.reasoning import WAYS, Marked, figures, main, mark_image, read_direct, table
from spatialvlm_jax.generation.questions.composed import compose, name_outcome
from spatialvlm_jax.generation.questions.scene_facts import SceneFacts
from spatialvlm_jax.inference.spatial_answer import SpatialAnswer
from spatialvlm_jax.reasoning.kinds import KINDS
from spatialvlm_jax.reasoning.plan import ReasoningPlan
from spatialvlm_jax.scene.records import QA
from tests.generation.questions.test_composed import drawn_facts

ORDER = "Order the red mug, the lamp and the box by height, tallest first."


@pytest.mark.parametrize(
    ("question", "answer", "outcome", "value"),
    [
        (ORDER, SpatialAnswer("", "the Lamp, the box, the red mug"), "1-2-0", None),
        (ORDER, SpatialAnswer("", "2.1 m", 2.1, "m"), "", None),
        (
            "Which two of the mug, the lamp and the box are closest together?",
            SpatialAnswer("", "box and mug"),
            "0-2",
            None,
        ),
        (
            "Would the mug fit on top of the box?",
            SpatialAnswer("", "smaller, so yes", verdict="yes"),
            "yes",
            None,
        ),
        (
            "Facing the mug, which way must I turn to face the box?",
            SpatialAnswer("", "to the left"),
            "left",
            None,
        ),
        (
            "How many of the mug would fit side by side across the box?",
            SpatialAnswer("", "03"),
            "3",
            None,
        ),
        (
            "How long is the path from the mug to the box?",
            SpatialAnswer("", "2.1 m", 2.1, "m"),
            "",
            2.1,
        ),
        (
            "How much floor area do the mug and the box cover together?",
            SpatialAnswer("", "2.1 m", 2.1, "m"),
            "",
            None,
        ),
    ],
)
def test_direct_answers_are_read_by_kind(question, answer, outcome, value) -> None:
    assert read_direct(ReasoningPlan.of(question), answer) == (outcome, value)


def composed(facts: SceneFacts, image: int) -> list[QA]:
    """As a set stores them."""
    return [
        QA(
            each.question,
            "",
            each.kind,
            "composed",
            value=each.value,
            verdict=each.outcome
            and name_outcome(each.kind, each.outcome, [facts.captions[i] for i in each.objects]),
        )
        for each in compose(facts, f"{image}")
    ]


def test_exact_sub_answers_are_always_right_and_a_model_that_says_one_thing_is_not() -> None:
    def ask(questions):
        interval = (0.8, 1.25)
        return [SpatialAnswer(words, "1.0 m", 1.0, "m", 0.1, interval) for words in questions]

    marked = [
        mark
        for image in range(8)
        for facts in [drawn_facts(image)]
        for mark in mark_image(image, facts, composed(facts, image), ask)
    ]
    found = figures(marked)
    assert found.keys() == {*KINDS, "all"}
    assert found["all"]["count"] == len(marked)
    assert found["all"]["images"] == 8
    for ways in found.values():
        assert ways["exact"]["value"] == 1
        assert all(
            low <= ways[way]["value"] <= high for way in WAYS for low, high in [ways[way]["ci95"]]
        )
    # In order of their places is the only order that it gives, and 1 m everywhere adds up.
    assert found["height_order"]["chain"]["value"] < 0.7
    assert found["on_top"]["direct"]["value"] == 0
    rows = table(found)
    assert len(rows) == len(KINDS) + 2
    assert rows[0][:2] == ("kind", "questions")


def test_each_way_but_the_exact_one_is_shown_with_its_interval() -> None:
    def way(value, low, high):
        return {"value": value, "ci95": [low, high]}

    right = {"exact": True, "direct": False}
    marked = [
        Marked(at, kind, outcome, math.nan, right | {"chain": True})
        for at in range(40)
        for kind, outcome in (("reach", "yes" if at % 2 else "no"), ("turn", "left"))
    ]
    found = figures(marked)
    # One constant is always right of "turn", and of none is the plan's interval above that.
    assert {kind: each["is_above"] for kind, each in found.items()} == {
        "all": True,
        "reach": True,
        "turn": False,
    }
    ways = {"constant": way(0.5, 0.4, 0.6), "direct": way(0.1, 0, 0.2), "chain": way(0.8, 0.7, 0.9)}
    (_, row) = table({"reach": {"count": 9, "is_above": True, "exact": way(1, 1, 1), **ways}})
    shown = ("50 % (40-60)", "10 % (0-20)", "80 % (70-90)", "yes", "100 %")
    assert row == ("reach", "9", *shown)


@pytest.mark.parametrize(("flags", "is_open"), [([], True), (["--guarded"], False)])
def test_the_model_is_asked_with_or_without_its_guard(flags, is_open, monkeypatch) -> None:
    asked = []
    monkeypatch.setattr(spatialvlm_jax, "load", lambda *where, **how: asked.append(how))
    monkeypatch.setattr(sys, "argv", ["reasoning.py", "nowhere", *flags])
    with pytest.raises(Exception, match="nowhere"):
        main()
    assert asked == [{"untaught": is_open, "unseen": is_open}]
