import pytest

from spatialvlm_jax.reasoning.sentences import PATTERNS, UnknownSentence, parse_sentence
from spatialvlm_jax.reasoning.unknown_sentence import nearest_examples


@pytest.mark.parametrize(
    ("question", "examples"),
    [
        (
            "Would the gray sofa fit through a 0.8 m gap",
            ("Would the sofa fit through a gap of 0.8 m?",),
        ),
        (
            "Could I reach the blue ball",
            ("Could I reach the mug with arms of 0.7 m from the camera?",),
        ),
        (
            "Do the three things make a triangle",
            ("Do the mug, the lamp and the chair form an isosceles triangle?",),
        ),
        (
            "Would the mug fit under the table",
            (
                "Would the chair fit between the lamp and the sofa?",
                "Would the mug fit on top of the box?",
            ),
        ),
        (
            "What is the total area of the chair and the sofa",
            ("How much floor area do the chair, the table and the sofa cover together?",),
        ),
    ],
)
def test_the_examples_are_those_that_share_telling_words(question, examples) -> None:
    assert nearest_examples(question, PATTERNS) == examples
    with pytest.raises(UnknownSentence, match="no way is known to break up") as caught:
        parse_sentence(f"{question}?")
    assert "; ".join(f'"{example}"' for example in examples) + ", or" in str(caught.value)


def test_names_of_things_in_examples_bring_nothing_nearer() -> None:
    assert nearest_examples("chair mug sofa table box", PATTERNS) == nearest_examples("", PATTERNS)


@pytest.mark.parametrize(
    "question",
    [
        "how wide is the blue ball?",
        "Is the mug left of the lamp",
        "Would something 0.5 m wide fit between the mug and the box?",
        "Does something with a width of 0.5 m fit between the mug and the box?",
        "Which is taller, the mug or the box?",
    ],
)
def test_a_simple_question_is_told_to_be_asked_by_itself(question: str) -> None:
    said = "is a simple question, which needs no breaking up: ask it by spatialvlm ask"
    with pytest.raises(UnknownSentence, match=said):
        parse_sentence(question)


@pytest.mark.parametrize(
    "rest", ["fit on top of the box", "fit through a gap of 0.8 m", "fit between us"]
)
def test_something_of_a_width_is_no_thing_to_ask_about(rest: str) -> None:
    with pytest.raises(UnknownSentence, match="no way is known to break up 'Would something"):
        parse_sentence(f"Would something 0.5 m wide {rest}?")


def test_a_long_question_is_cut_off_with_dots() -> None:
    with pytest.raises(UnknownSentence, match=r"break up '(blah ){12}\.\.\.': ask"):
        parse_sentence("blah " * 40)
