"""Rewordings ask the same, or the opposite and say so."""

import pytest

from spatialvlm_jax.generation.wording.templates import TEMPLATES
from spatialvlm_jax.inference.rewording import reword


@pytest.mark.parametrize(
    ("question", "second"),
    [
        ("how far is the mug from the lamp?", ("how far is the lamp from the mug?", False)),
        ("is the mug to the left of the lamp?", ("Is the lamp to the left of the mug?", True)),
        ("is the mug touching the lamp?", ("is the lamp touching the mug?", False)),
        ("which is taller, the mug or the lamp?", ("which is taller, the lamp or the mug?", False)),
        # The camera is no object, and neither more nor less is the other way round.
        ("how far is the mug from the camera?", ("How far away is the mug?", False)),
        ("how wide is the mug?", ("What is the width of the mug?", False)),
        (
            "how much taller is the mug than the lamp?",
            ("By how much is the mug taller than the lamp?", False),
        ),
        ("is the mug on the box?", ("Is the mug on top of the box?", False)),
        ("what color is the mug?", None),
        ("{a} {b} {0} how?", None),
    ],
)
def test_the_second_way_is_the_other_order_where_that_asks_the_same(question, second) -> None:
    first, *others = reword(question, 2)
    assert first == (question, False)
    assert [tuple(each) for each in others] == ([second] if second else [])


def test_ways_differ_by_more_than_capitals_and_are_no_more_than_asked_for() -> None:
    questions = [way.question.lower() for way in reword("Is the mug left of the lamp?", 6)]
    assert len(questions) == len(set(questions))
    for question in TEMPLATES["distance"].questions:
        asked = question.format(a="red {mug}", b="blue lamp")
        assert reword(asked, 1) == [(asked, False)]
        ways = reword(asked, 4)
        assert len(ways) == 4
        assert ways[1].question == question.format(a="blue lamp", b="red {mug}")
