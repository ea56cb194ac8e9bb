"""What a model was taught decides how it is asked: as it is, in other words, or not at all."""

import pytest

from spatialvlm_jax.inference.putting import UNKNOWN_FORM, put_as_taught
from spatialvlm_jax.taught import Taught

TAUGHT = Taught({"width": 3, "camera_distance": 3, "distance": 0, "existence": 1, "on_what": 3})


@pytest.mark.parametrize(
    "question",
    [
        "how wide is the red mug?",
        "What is the width of the red mug?",
        # All wordings of distances were taught.
        "How far would you say the mug is from the lamp?",
        "is there a purple elephant?",
        "what is the mug on?",
    ],
)
def test_what_was_taught_is_put_as_it_is(question) -> None:
    assert put_as_taught(question, TAUGHT)[:3] == (question, "", ())


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("How wide is the red mug?", "how wide is the red mug?"),
        ("what is the  width of the red mug?", "What is the width of the red mug?"),
        ("How far is the TV from the camera?", "how far is the TV from the camera?"),
        ("what is the mug on?\u00a0", "what is the mug on?"),
    ],
)
def test_a_first_letter_is_put_as_it_was_taught_and_nothing_said(question, words) -> None:
    assert put_as_taught(question, TAUGHT)[:3] == (words, "", ())
    assert put_as_taught(question, TAUGHT, untaught=True)[:3] == (question, "", ())


@pytest.mark.parametrize(
    ("question", "dimension"),
    [
        ("How wide is the red mug?", "length"),
        ("is there a mug?", ""),
        ("How much floor area does the mug take up?", ""),
        ("blah blah", ""),
    ],
)
def test_what_a_taught_question_measures_is_known(question, dimension) -> None:
    assert put_as_taught(question, TAUGHT).dimension == dimension


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("How wide would you say the red mug is?", "how wide is the red mug?"),
        ("how wide is the {mug}", "how wide is the {mug}?"),
        (
            "At what distance from the viewer is the chair?",
            "how far is the chair from the camera?",
        ),
        ("Do you see an old mug?", "is there an old mug?"),
        ("How far is the chair?", "how far is the chair from the camera?"),
        (
            "How far away is the chair from the camera?",
            "how far is the chair from the camera?",
        ),
        (
            "What is the distance between the camera and the chair?",
            "how far is the chair from the camera?",
        ),
        ("HOW FAR IS THE MUG FROM THE CAMERA?", "how far is the mug from the camera?"),
        ("How Wide Is The Red Mug?", "how wide is the red mug?"),
        ("how WIDE is the TV?", "how wide is the TV?"),
        ("What is the width of the red mug ?", "What is the width of the red mug?"),
        ("how wide is the red mug?!", "how wide is the red mug?"),
        ("how wide is the red mug\uff1f", "how wide is the red mug?"),
    ],
)
def test_other_wordings_of_a_type_are_put_in_the_first_that_was_taught(question, words) -> None:
    assert put_as_taught(question, TAUGHT)[:3] == (
        words,
        f"asked as {words!r}, a wording that the model was taught",
        (),
    )
    assert put_as_taught(question, TAUGHT, untaught=True)[:3] == (question, UNKNOWN_FORM, ())


@pytest.mark.parametrize(
    ("question", "unit"),
    [
        ("How wide is the red mug in feet?", "feet"),
        ("how wide is the red mug, in feet and inches?", "feet and inches"),
        ("how wide is the red mug in this picture in cm?", "cm"),
        ("how wide is the red mug in the mirror?", None),
        ("how wide is the the red mug?", ""),
        ("how wide is the red mug in meters?", ""),
    ],
)
def test_a_unit_and_a_doubled_word_are_left_out_of_what_is_asked(question, unit) -> None:
    found = put_as_taught(question, TAUGHT)
    if unit is None:
        assert (found.words, found.note) == (question, "")
        return
    words = "how wide is the red mug?"
    note = f"asked as {words!r}, a wording that the model was taught"
    if unit:
        note += f"; it chooses its unit itself: for {unit}, convert value, which is in m"
    assert found[:2] == (words, note)
    assert put_as_taught(question, TAUGHT, untaught=True).words == question


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("so how many feet may the mug be wide, roughly", "chooses its unit itself"),
        ("so how many square feet does it take, roughly", "no answer that it was taught is in"),
        ("at what angle does the mug stand to the lamp", "no answer that it was taught is in deg"),
        ("what distance in feet lies between the mug and the lamp", "it chooses its unit itself"),
        ("tell me the width of the mug, please, in feet?", "it chooses its unit itself"),
        ("so how many mugs would you say there are, roughly", ""),
        ("so how many in the picture are red, roughly", ""),
        ("so how many feet does the chair have, roughly", ""),
    ],
)
def test_a_unit_in_no_known_form_is_told_not_to_be_kept_to(question, said) -> None:
    found = put_as_taught(question, TAUGHT)
    assert found.words == question
    assert found.note.startswith(UNKNOWN_FORM)
    assert (said in found.note) if said else (found.note == UNKNOWN_FORM)


@pytest.mark.parametrize("unit", ["square feet", "degrees"])
def test_a_unit_of_something_else_is_not_said_to_be_converted_to(unit) -> None:
    note = put_as_taught(f"how wide is the red mug in {unit}?", TAUGHT).note
    assert note.endswith(f"value is in m, and {unit} are no unit of what is asked")


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("what colour is the mug?", "what color is the mug?"),
        ("What is the Colour of the mug?", "What is the color of the mug?"),
        # What is asked about keeps its name.
        ("What is the colour of the centre table?", "What is the color of the centre table?"),
        (
            "From centre to centre, how far is the mug from the lamp?",
            "From center to center, how far is the mug from the lamp?",
        ),
    ],
)
def test_british_spelling_is_put_as_it_was_taught(question, words) -> None:
    taught = Taught({"color": 3, "centre_distance": 0})
    assert put_as_taught(question, taught).words == words
    assert put_as_taught(words, taught)[:3] == (words, "", ())


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("how deep is the mug?", "depth"),
        ("What is the depth of the mug?", "depth"),
        ("What is the floor area of the mug?", "footprint"),
        ("What color is the mug?", "color"),
        ("is the mug on the box?", "on_top_of"),
        ("could the sofa fit through an opening 80 cm wide?", "fits_through"),
    ],
)
def test_types_that_were_not_taught_are_not_put(question, name) -> None:
    words, note, *_ = put_as_taught(question, TAUGHT)
    assert words is None
    assert note == f"this model was not taught questions of the type {name!r}"
    words, said, *_ = put_as_taught(question, TAUGHT, untaught=True)
    assert words == question
    assert said.startswith(f"{note}: nothing tells")


@pytest.mark.parametrize(
    "question", ["blah blah", "", "is there?", "how many?", "which one is red?", "x" * 5_000]
)
def test_what_is_no_known_wording_is_put_as_it_is_with_a_note(question) -> None:
    assert put_as_taught(question, TAUGHT)[:3] == (question, UNKNOWN_FORM, ())


@pytest.mark.parametrize("question", ["how deep is the mug?", "blah blah"])
def test_of_a_model_that_does_not_say_what_it_was_taught_nothing_is_said(question) -> None:
    assert put_as_taught(question, None)[:3] == (question, "", ())


def test_a_thing_is_not_set_beside_itself() -> None:
    question = "how far is the Mug from the mug?"
    found = put_as_taught(question, TAUGHT)
    assert (found.words, found.note) == (None, "it asks about 'mug' and itself")
    assert put_as_taught(question, TAUGHT, untaught=True).words == question
