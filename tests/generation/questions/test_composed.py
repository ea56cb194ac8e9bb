"""Questions composed about scenes of literal geometry, answered from exact sub-answers."""

import itertools

import numpy as np
import pytest

from spatialvlm_jax.generation.questions.composed import MARGIN, compose, name_outcome
from spatialvlm_jax.generation.questions.scene_facts import SceneFacts
from spatialvlm_jax.reasoning.exact_answers import answer_exactly
from spatialvlm_jax.reasoning.kinds import KINDS
from spatialvlm_jax.reasoning.plan import ReasoningPlan


def drawn_facts(seed: int, count: int = 6) -> SceneFacts:
    rng = np.random.default_rng(seed)
    names = ("red mug", "blue lamp", "white chair", "gray sofa", "yellow box", "green jar")
    centers = np.stack(
        [rng.uniform(-2, 2, count), rng.uniform(1, 5, count), rng.uniform(-1, 1, count)], -1
    )
    return SceneFacts(
        names[:count],
        centers,
        rng.uniform(0.1, 1.5, (count, 3)),
        rng.uniform(0.1, 1.5, count),
        {pair: float(rng.uniform(0.1, 2)) for pair in itertools.combinations(range(count), 2)},
    )


def conclude(facts: SceneFacts, question: str):
    plan = ReasoningPlan.of(question)
    return plan.conclude(
        [each for sub in plan.sub_questions for each in answer_exactly(facts, sub)]
    )


def test_exact_sub_answers_give_the_truth_of_every_kind() -> None:
    found: dict[str, set[str]] = {}
    for seed in range(16):
        facts = drawn_facts(seed)
        for composed in compose(facts, f"world-{seed}"):
            assert ReasoningPlan.of(composed.question).kind.name == composed.kind
            conclusion = conclude(facts, composed.question)
            assert conclusion.outcome == composed.outcome, composed
            if not composed.outcome:
                assert conclusion.value == pytest.approx(composed.value, rel=1e-4)
            found.setdefault(composed.kind, set()).add(composed.outcome)
    assert found.keys() == KINDS.keys()
    assert all(len(found[kind]) >= 2 for kind, each in KINDS.items() if not each.dimension)


def test_truths_are_those_of_the_geometry() -> None:
    # On a right triangle of 3, 4 and 5 m, seen from 1 m before its right angle.
    facts = SceneFacts(
        ("mug", "lamp", "box"),
        np.array([[0.0, 1, 0], [3, 1, 0], [0, 5, 0]]),
        np.array([[0.2, 0.2, 0.3], [0.5, 0.6, 1.0], [1.1, 0.4, 0.6]]),
        np.array([0.04, 0.3, 0.44]),
        {},
    )
    found = {each.kind: each for seed in range(9) for each in compose(facts, "one", seed)}
    assert found["total_area"].value == pytest.approx(0.78)
    assert found["total_width"].value == pytest.approx(1.8)
    steps = {7.0: {0}, 8.0: {1}, 9.0: {2}}  # the object in the middle of the path
    assert steps[found["path"].value] == {found["path"].objects[1]}
    assert "between" not in found  # no gap is stored
    # The mug and the box are both straight ahead.
    assert set(found["turn"].objects) != {0, 2}
    assert found["turn"].outcome == ("right" if found["turn"].objects[1] == 1 else "left")


def test_questions_are_the_same_for_a_seed_and_an_image() -> None:
    facts = drawn_facts(0)
    assert compose(facts, "a") == compose(facts, "a")
    assert compose(facts, "a") != compose(facts, "b")
    assert compose(facts, "a") != compose(facts, "a", seed=1)
    assert compose(drawn_facts(0, count=1), "a")[0].kind in ("through",)
    assert compose(drawn_facts(0, count=0), "a") == []


def test_what_is_too_close_to_call_is_not_asked() -> None:
    facts = drawn_facts(1, count=3)
    same = np.full((3, 3), 0.5) * (1 + MARGIN * np.array([[0.0], [0.3], [0.6]]))
    close = SceneFacts(facts.captions, facts.centers, same, facts.footprints, {})
    kinds = {each.kind for seed in range(5) for each in compose(close, "one", seed)}
    assert not kinds & {"width_order", "height_order", "on_top"}


def test_outcomes_are_named_by_the_objects_of_the_question() -> None:
    names = ("mug", "lamp", "box")
    assert name_outcome("nearest", "2", names) == "box"
    assert name_outcome("height_order", "1-0-2", names) == "lamp, mug, box"
    assert name_outcome("pair", "0-2", names) == "mug and box"
    assert name_outcome("in_a_row", "2", names) == "2"
    assert name_outcome("reach", "no", names[:1]) == "no"
