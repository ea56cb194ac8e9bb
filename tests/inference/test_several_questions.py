"""A text with several questions is told from one that names several things."""

import pytest

from spatialvlm_jax.inference.putting import put_as_taught
from spatialvlm_jax.inference.question_forms import PLACEHOLDER, all_templates
from spatialvlm_jax.inference.several_questions import questions_in
from spatialvlm_jax.taught import Taught


@pytest.mark.parametrize(
    ("text", "questions"),
    [
        ("How wide is the sofa? How tall is the table?", 2),
        ("how wide is the sofa, and how tall is it?", 2),
        ("how wide is the sofa and how tall is the lamp and what color is it?", 3),
        ("Is it red; is it tall", 2),
        ("how wide, would you say, is the sofa?", 1),
        ("how far are the sofa and the table apart?", 1),
        ("Look at the sofa. How wide is it?", 1),
        ("which is nearer, the sofa or the table?", 1),
        ("How wide is the sofa? Answer in a word.", 1),
        ("blah blah", 0),
        ("", 0),
    ],
)
def test_questions_are_counted(text: str, questions: int) -> None:
    assert len(questions_in(text)) == questions


def test_no_wording_that_is_taught_is_several() -> None:
    for _, template in all_templates():
        asked = PLACEHOLDER.sub("red box", template)
        assert len(questions_in(asked)) <= 1, asked


def test_several_are_not_asked_and_the_note_says_what_to_do() -> None:
    taught = Taught({"width": 3, "height": 3})
    question = "How wide is the sofa? How tall is the table?"
    words, note, *_ = put_as_taught(question, taught)
    assert words is None
    assert note == (
        'these are 2 questions in one, "How wide is the sofa?" and "How tall is the table?": '
        "ask each by itself"
    )
    assert put_as_taught(question, taught, untaught=True).words == question
    assert put_as_taught(question, None).words == question
