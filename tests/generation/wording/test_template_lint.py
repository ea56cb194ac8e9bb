import dataclasses

import pytest

from spatialvlm_jax.generation.questions.generate import REGISTRY
from spatialvlm_jax.generation.wording.templates import TEMPLATES, answer_template
from tests.generation.wording.template_lint import lint, slots_of


def faults_with(name: str, *, question: str = "", answer: str = "", reason: str = "") -> list[str]:
    """Faults of the shipped templates of type `name` with one more planted in them."""
    wording = TEMPLATES[name]
    if question:
        wording = dataclasses.replace(wording, questions=(*wording.questions, question))
    if answer:
        wording = dataclasses.replace(wording, answers=(*wording.answers, answer))
    if reason:
        wording = dataclasses.replace(wording, reasons=(*wording.reasons, reason))
    return lint({name: REGISTRY[name]}, {name: wording})


def test_the_shipped_templates_are_clean() -> None:
    assert lint(REGISTRY, TEMPLATES) == []


def test_first_answers_are_the_shortest() -> None:
    for wording in TEMPLATES.values():
        assert len(wording.answers[0]) == min(map(len, wording.answers))
        assert not wording.reasons or wording.reasons[0] == min(wording.reasons, key=len)


@pytest.mark.parametrize(
    ("name", "reason", "fault"),
    [
        ("which_left", "The {winner}, as the {a} is {stands} the {b}.", "winner stands before"),
        ("which_left", "As the {a} is {stands} the {b}, it is the {winner}.", "follow 'so'"),
        ("which_left", "It is left of the {b}, {short}, so the {winner}.", "names a relation"),
        ("which_left", "It is {stands} the {b}, so {winner}.", "no 'the' before"),
        ("count", "There {are} {counted}, {listed}.", "counted stands before"),
        ("existence", "It is {verdict}, as {found}.", "verdict stands before"),
    ],
)
def test_reasons_stand_first(name: str, reason: str, fault: str) -> None:
    assert any(fault in each for each in faults_with(name, reason=reason))


@pytest.mark.parametrize(
    ("name", "question", "fault"),
    [
        ("left_of", "Is the {a} to the right of the {b}?", "does not ask for 'left'"),
        ("left_of", "Is the {a} left of the {b}? Is the {a} behind?", "one question mark"),
        ("left_of", "Is the {a} left of Could you tell the {b}?", "a capital inside"),
        ("left_of", "Is the {a} above and left of the {b}?", "asks for 'above' beside 'left'"),
        ("left_of", "IS the {a}, to the left of, the {b}?", "repeats left_of.q1"),
        ("left_of", "Is the {a} left or right of the {b}?", "asks for 'right' beside 'left'"),
        ("in_front_of", "Does the {a} come behind the {b}?", "asks for 'behind'"),
        ("taller", "Is the {a} shorter than the {b}?", "does not ask for 'taller'"),
        (
            "horizontal_distance",
            "What is the vertical gap from the {a} to the {b}?",
            "is about another measure",
        ),
        ("vertical_distance", "How far apart are the {a} and the {b}?", "says none of"),
        ("height", "How wide is the {a}?", "is about another measure"),
        ("distance", "How far (in meters) is the {a} from the {b}?", "names a unit"),
        ("distance", "How many cm apart are the {a} and the {b}?", "names a unit"),
        ("distance", "How far is the {a} from {b}?", "no 'the' before {b}"),
        ("distance", "How far is the {a}?", "do not name a, b"),
        ("distance", "How far is the {a} from the {c}?", "do not name a, b"),
        ("distance", "How far is the {a} from the {b}?What is the gap?", "run together"),
        ("distance", "How far is the {a} from the {b}? Tell me?", "one question mark"),
        ("distance", "How far is the the {a} from the {b}?", "doubled"),
        ("distance", "how far from the {b} is the {a}?", "starts with a capital"),
        ("distance", "What is the gap between the {a} and the {b}?", "repeats distance.q1"),
        ("width", "Of the {a}, what is the width", "one question mark"),
        ("height", "How tall the {a} are?", "plural verb"),
        ("count", "How many are there?", "one placeholder"),
        ("existence", "Is there a {one}?", "article too many"),
        ("farther", "Is the {a} closer to us than the {b}?", "does not ask for 'farther'"),
        ("on_top_of", "Is the {a} touching the {b}?", "asks for 'touching' beside 'on'"),
        ("touching", "Are the {a} and the {b} apart?", "does not ask for 'touching'"),
        ("same_height", "Is the {a} taller than the {b}?", "asks for 'taller' beside 'equal'"),
        ("which_front", "Which is behind, the {a} or the {b}?", "does not ask for 'front'"),
        ("fits_through", "Would the {a} fit through an opening?", "do not name a, size"),
        ("fits_through", "Would the {a} pass between posts {size} apart?", "says none of opening"),
        ("fits_between", "Is the {a} within {size} of the {b}?", "says none of between"),
        ("reaches", "Is the gap from the {a} to the {b} {size} wide?", "says none of within"),
        ("reaches", "Is the {a} within a {size} of the {b}?", "an article too many"),
        ("bearing", "By how many degrees is the {a} off straight ahead?", "names a unit"),
        ("clock", "At what o'clock is the {a} from the {b}?", "says none of from the camera"),
        ("clock", "At what angle is the {a} from the {b}?", "says none of o'clock"),
        ("footprint", "How many square meters does the {a} cover?", "names a unit"),
        ("footprint", "How much area and volume has the {a}?", "another measure: 'volume'"),
        ("volume", "How many liters does the {a} hold?", "names a unit"),
        ("depth", "What is the depth of the {a} from the camera?", "another measure: 'camera'"),
        ("elevation", "How high above the floor is the center of the {a}?", "'center'"),
        (
            "how_much_taller",
            "How many times as tall is the {a} as the {b}?",
            "says none of how much",
        ),
        ("how_much_wider", "How much narrower is the {a} than the {b}?", "says none of wider"),
        ("times_taller", "How many times taller is the {a} than the {b}?", "measure: 'taller'"),
        ("times_bigger", "How much is the {a} as a multiple of the {b}?", "says none of big"),
    ],
)
def test_planted_questions_are_found(name: str, question: str, fault: str) -> None:
    found = faults_with(name, question=question)
    assert any(fault in each and each.startswith(f"{name}.q") for each in found), found


@pytest.mark.parametrize(
    ("name", "answer", "fault"),
    [
        ("left_of", "{verdict}", "stands before what decides it"),
        ("left_of", "{verdict}, the {a} is {long} the {b}.", "stands before what decides it"),
        ("left_of", "The {a} is {long} the {b}.", "do not fit"),
        ("in_front_of", "No, the {b} is behind the {a}.", "names a relation itself"),
        ("in_front_of", "No, as it is {long} it, {verdict}.", "says yes or no itself"),
        ("which_left", "The {a}.", "do not fit"),
        ("which_left", "The {winner} is left of the {loser}.", "names a relation itself"),
        ("where", "The {a} is behind the {b}.", "names a relation itself"),
        ("height", "It is {value} meters tall.", "names a unit"),
        ("height", "It is {value} wide.", "about another measure"),
        ("height", "The {a} is tall.", "do not fit"),
        ("distance", "It is {value}.About {value}.", "run together"),
        ("distance", "The {a} and the {b} is {value} apart.", "singular verb"),
        ("distance", "It are {value}.", "plural verb"),
        ("distance", "A {value}.", "article too many"),
        ("distance", "about {value}", "starts with a capital"),
        ("distance", "About  {value}.", "spacing"),
        ("distance", "Is it {value}?", "asks nothing"),
        ("existence", "So {verdict}.", "stands before what decides it"),
        ("touching", "The {a} is touching the {b}, so {verdict}.", "names a relation itself"),
        ("fits_through", "As {size} is enough, {verdict}.", "stands before what decides it"),
        ("fits_between", "The gap is {long} 60 cm wide, so {verdict}.", "names a unit"),
        ("clock", "At {hour} degrees.", "names a unit"),
        ("clock", "At {direction}.", "do not fit a clock answer"),
        ("where", "It is there.", "do not fit a where answer"),
        ("bearing", "At {value} o'clock.", "about another measure"),
        ("times_taller", "The {a} is {value} taller than the {b}.", "about another measure"),
        ("volume", "The area of the {a} is {value}.", "about another measure"),
        ("elevation", "The center is {value} above the floor.", "about another measure"),
    ],
)
def test_planted_answers_are_found(name: str, answer: str, fault: str) -> None:
    found = faults_with(name, answer=answer)
    assert any(fault in each and each.startswith(f"{name}.a") for each in found), found


def test_one_question_does_not_serve_two_types() -> None:
    wording, question = TEMPLATES["width"], TEMPLATES["height"].questions[1]
    wording = dataclasses.replace(wording, questions=(*wording.questions, question))
    found = lint(REGISTRY, TEMPLATES | {"width": wording})
    assert any("repeats height.q1" in fault for fault in found)


def test_types_and_templates_match() -> None:
    lacking = {name: wording for name, wording in TEMPLATES.items() if name != "height"}
    assert lint(REGISTRY, lacking) == ["height: no templates"]
    extra = TEMPLATES | {"weight": TEMPLATES["height"]}
    assert lint(REGISTRY, extra)[0] == "weight: no such question type"
    short = dataclasses.replace(TEMPLATES["height"], questions=TEMPLATES["height"].questions[:2])
    assert any("fewer than 20" in fault for fault in lint(REGISTRY, TEMPLATES | {"height": short}))


def test_ids_name_templates() -> None:
    assert answer_template("height.a0") == "{value}"
    assert slots_of("The {a} is {long} the {b}, so {verdict}.") == ["a", "long", "b", "verdict"]


def test_enough_types_with_enough_phrasings() -> None:
    spatial = [name for name, entry in REGISTRY.items() if entry.kind != "general"]
    assert len(spatial) == 54
    assert min(len(TEMPLATES[name].questions) for name in spatial) >= 20
    assert min(len(TEMPLATES[name].answers) for name in spatial) >= 10
    few = {name: REGISTRY[name] for name in spatial[:37]}
    assert "37 spatial question types; at least 38" in lint(few, TEMPLATES)


def test_a_type_whose_words_are_not_known_is_a_fault() -> None:
    entry = dataclasses.replace(REGISTRY["height"], name="weight")
    found = lint({**REGISTRY, "weight": entry}, {**TEMPLATES, "weight": TEMPLATES["height"]})
    assert "weight: no words are known that its questions must have" in found


PUBLISHED_FAULTS = {
    "two templates fused by a missing comma": (
        "in_front_of",
        "Is the {a} in front of the {b}?Does the {a} stand in front of the {b}?",
        "two templates run together",
    ),
    "fused, with a space between": (
        "in_front_of",
        "Is the {a} in front of the {b} Would you say so?",
        "two templates run together",
    ),
    "the opposite asked": ("behind", "Is the {a} in front of the {b}?", "does not ask for"),
    "vertical asked for horizontal": (
        "horizontal_distance",
        "Vertical gap between the centers of the {a} and the {b}?",
        "is about another measure: 'vertical'",
    ),
    "width asked for height": ("height", "What is the width of the {a}?", "says none of tall"),
    "a unit that the answer may not have": (
        "distance",
        "How far is the {a} from the {b} (in meters)?",
        "names a unit",
    ),
    "centimeters asked for": ("width", "How many centimeters wide is the {a}?", "names a unit"),
}


@pytest.mark.parametrize("fault", PUBLISHED_FAULTS)
def test_faults_of_published_question_templates_are_found(fault: str) -> None:
    name, question, says = PUBLISHED_FAULTS[fault]
    assert any(says in each for each in faults_with(name, question=question)), fault


@pytest.mark.parametrize(
    "answer", ["No, the {b} is behind the {a}.", "Yes, the {a} is {long} the {b}.", "{verdict}"]
)
def test_answers_with_a_polarity_of_their_own_are_found(answer: str) -> None:
    assert faults_with("in_front_of", answer=answer)


@pytest.mark.parametrize("name", ["left_of", "distance", "volume", "clock"])
def test_the_same_question_with_other_punctuation_is_found(name: str) -> None:
    question = TEMPLATES[name].questions[1].replace(" the ", ", the ", 1)
    assert any(f"repeats {name}.q1" in fault for fault in faults_with(name, question=question))
