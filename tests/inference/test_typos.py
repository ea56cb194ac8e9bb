"""Typos in the words of questions: the note asks what was meant, and what is asked stays."""

import pytest

from spatialvlm_jax.inference.putting import UNKNOWN_FORM, put_as_taught
from spatialvlm_jax.inference.typos import without_typos
from spatialvlm_jax.taught import Taught, TaughtNames

NAMES = TaughtNames(("table", "table lamp", "sofa", "ball"), ("red", "gray"))
TYPES = ("width", "camera_distance", "distance", "count", "existence", "color", "fits_through")
TAUGHT = Taught(dict.fromkeys(TYPES, 1), NAMES)


@pytest.mark.parametrize(
    ("question", "meant"),
    [
        ("hw wide is the sofa?", "how wide is the sofa?"),
        ("How wde is  teh red table lamp", "how wide is the red table lamp?"),
        ("How wide the grey sofa?", "how wide is the gray sofa?"),
        # Near a wording that was not taught: the taught one with these names.
        ("Waht is the wdth of the sofa?", "how wide is the sofa?"),
        (
            "waht is the distance between the ball and the sofa?",
            "how far is the ball from the sofa?",
        ),
        ("how mny balls are there?", "how many balls are there?"),
        ("is thre a red sofa?", "is there a red sofa?"),
        ("whch color is the ball?", "what color is the ball?"),
        (
            "culd the sofa fit through an opening 80 cm wide?",
            "could the sofa fit through an opening 80 cm wide?",
        ),
    ],
)
def test_the_taught_wording_that_is_near_is_named(question, meant) -> None:
    put = put_as_taught(question, TAUGHT)
    assert put.words == question
    assert put.note == f'{UNKNOWN_FORM}; did you mean "{meant}"'
    assert put_as_taught(question, TAUGHT, untaught=True).note == put.note


def test_what_a_question_with_typos_names_is_looked_for_all_the_same() -> None:
    put = put_as_taught("hw wide is the red sofa?", TAUGHT)
    assert (put.things, put.dimension) == (("red sofa",), "length")
    assert put_as_taught("hw wide is it?", TAUGHT)[2:] == ((), "")


@pytest.mark.parametrize(
    "question",
    [
        "blah blah",
        "how big is the sofa?",
        "how old is the sofa?",
        "is the sofa comfortable?",
        "hw wide is it?",
        # No name, or a type, that was taught.
        "hw wide is the elephant?",
        "how dep is the sofa?",
        "hw wide is the sofa?" + " really" * 40,
    ],
)
def test_what_is_near_nothing_that_was_taught_gets_no_hint(question) -> None:
    assert put_as_taught(question, TAUGHT)[:2] == (question, UNKNOWN_FORM)


def test_a_form_that_names_one_thing_twice_is_not_filled_with_two() -> None:
    taught = Taught({"width": 0, "distance": 0, "camera_distance": 0}, NAMES)
    assert put_as_taught("hw wide is the sofa, the ball?", taught).note == UNKNOWN_FORM


def test_names_that_are_not_known_tell_nothing() -> None:
    assert without_typos("hw wide is the sofa?", None) is None
    assert put_as_taught("hw wide is the sofa?", Taught({"width": 0})).note == UNKNOWN_FORM
