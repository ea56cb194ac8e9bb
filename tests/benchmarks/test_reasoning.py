import pytest

from benchmarks.reasoning import WAYS, figures, mark_image, read_direct, table
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
    lines = table(found)
    assert len(lines) == len(KINDS) + 3
    assert lines[0].split()[:2] == ["kind", "questions"]
