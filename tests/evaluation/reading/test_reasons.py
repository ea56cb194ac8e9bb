import pytest
from hypothesis import given
from hypothesis import strategies as st

from spatialvlm_jax.evaluation.reading import reasons

CHOICES = ("red mug", "blue lamp")
RELATIONS = ("left", "behind", "above", "nearer", "taller", "wider", "bigger")


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("left, so the red mug", "red mug"),
        ("The red mug is right of the blue lamp, so the blue lamp.", "blue lamp"),
        ("The blue lamp is left of the red mug. Therefore it is the blue lamp.", "blue lamp"),
        ("The blue lamp is left of the red mug, so that is it.", "blue lamp"),
        ("the blue lamp, not the red mug", "blue lamp"),
        ("left, so the green box", None),
        ("", None),
    ],
)
def test_what_is_concluded_is_chosen(text: str, choice: str | None) -> None:
    assert reasons.read_choice(text, CHOICES) == choice


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("blue, yellow, so 2", 2),
        ("red, red, red, so 3", 3),
        ("none, so 0", 0),
        ("none, so 2", 2),
        ("1 red and 2 blue, so three", 3),
        ("2", 2),
        ("2, so to speak", 2),
        ("no mugs, so nothing", 0),
        ("red, so blue", None),
    ],
)
def test_what_is_concluded_is_the_count(text: str, count: int | None) -> None:
    assert reasons.read_concluded_count(text) == count


@pytest.mark.parametrize(
    ("prediction", "contradiction"),
    [
        ("right, so the blue lamp", False),
        ("left, so the blue lamp", True),
        ("not right, so the blue lamp", True),
        ("The red mug is to the left of the blue lamp, so the blue lamp.", True),
        ("The red mug is to the right of the blue lamp, so the blue lamp.", False),
        ("The blue lamp is to the left of the red mug, so the blue lamp.", False),
        ("The blue lamp is to the right of it, so the blue lamp.", True),
        ("It is to the left of the red mug, so the blue lamp.", False),
        ("taller, so the blue lamp", False),
        ("the blue lamp", False),
        ("The blue lamp is to the right.", False),
    ],
)
def test_a_reason_is_about_the_object_that_it_names_or_the_first(
    prediction: str, contradiction: bool
) -> None:
    found = reasons.contradicts_choice(prediction, "right, so the blue lamp", CHOICES)
    assert found is contradiction


def test_relations_in_names_are_no_reasons() -> None:
    choices = ("left chair", "mug")
    truth = "right, so the mug"
    assert not reasons.contradicts_choice("the left chair is right, so the mug", truth, choices)
    assert reasons.contradicts_choice("the left chair is left, so the mug", truth, choices)
    assert not reasons.contradicts_choice("left, so the mug", "mug", choices)


@given(st.text(max_size=60), st.sampled_from(RELATIONS))
def test_any_text_is_read(text: str, relation: str) -> None:
    assert reasons.read_choice(text, CHOICES) in (None, *CHOICES)
    answer = f"{relation}, so the red mug"
    assert reasons.contradicts_choice(text, answer, CHOICES) in (True, False)
    assert not reasons.contradicts_choice(answer, answer, CHOICES)
