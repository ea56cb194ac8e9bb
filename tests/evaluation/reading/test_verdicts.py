import pytest

from spatialvlm_jax.evaluation.reading import verdicts


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("yes", "yes"),
        ("No.", "no"),
        ("left, so yes", "yes"),
        ("The red mug is to the left of the blue lamp, so yes.", "yes"),
        ("No, there is nothing of the kind, yes?", "no"),
        ("There is no lamp before it, so yes", "yes"),
        ("That is correct.", "yes"),
        ("There is not.", "no"),
        ("There are not enough pixels.", None),
        ("left", None),
        ("", None),
        ("yesterday", None),
    ],
)
def test_yes_and_no(text, verdict):
    assert verdicts.read_yes_no(text) == verdict


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("3", 3),
        ("There are three mugs.", 3),
        ("one", 1),
        ("None.", 0),
        ("There are no mugs", 0),
        ("a single mug", 1),
        ("a pair of mugs", 2),
        ("many", None),
        ("2.5", None),
        ("", None),
    ],
)
def test_counts(text, count):
    assert verdicts.read_count(text) == count


QUESTIONS = [
    "which is taller, the red mug or the blue lamp?",
    "Between the red mug and the blue lamp, which is closer to us?",
    "Of the red mug and the blue lamp, which one is wider?",
    "Tell me which is on the left: the red mug or the blue lamp?",
    "Is the red mug or the blue lamp closer?",
    "Who stands on the left, a red mug or a blue lamp?",
]


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("verdict", ["red mug", "blue lamp"])
def test_choices_are_found_from_either_side(question, verdict):
    assert verdicts.choices_of(question, verdict) == ("red mug", "blue lamp")


def test_a_word_that_the_question_does_not_name_is_no_choice():
    assert verdicts.choices_of("What color is the mug?", "red") is None
    assert verdicts.choices_of("What is on the brown table?", "brown table") is None


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("The red mug is taller than the blue lamp.", "red mug"),
        ("the blue lamp", "blue lamp"),
        ("It's the Blue-Lamp!", "blue lamp"),
        ("the mug", None),
        ("", None),
    ],
)
def test_the_first_mentioned_choice_counts(text, choice):
    assert verdicts.read_phrase(text, ("red mug", "blue lamp")) == choice


def test_the_longest_of_overlapping_phrases_counts():
    assert (
        verdicts.read_phrase("It is light blue.", {"light", "light blue", "blue"}) == "light blue"
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("It is to the left of and behind the lamp.", {"left", "behind"}),
        ("in front of it", {"front"}),
        ("nowhere", set()),
    ],
)
def test_directions(text, words):
    assert verdicts.read_directions(text) == words


def test_only_direction_words_make_a_direction():
    assert verdicts.is_direction("left and in front")
    assert not verdicts.is_direction("front door")
    assert not verdicts.is_direction("red")


ASKED = "Compared with the blue lamp, is the red mug taller?"
TRUTH = "The red mug is shorter than the blue lamp, so no."


@pytest.mark.parametrize(
    ("prediction", "contradiction"),
    [
        ("shorter, so no", False),
        ("taller, so no", True),
        ("The red mug is taller than the blue lamp, so no.", True),
        ("The blue lamp is taller than the red mug, so no.", False),
        ("The blue lamp is shorter than the red mug, so no.", True),
        ("It is not taller than the blue lamp, so no.", False),
        ("It is wider, so no.", False),
        ("no", False),
    ],
)
def test_contradictions(prediction, contradiction):
    assert verdicts.contradicts(prediction, TRUTH, ASKED) is contradiction


def test_a_truth_without_reason_is_not_contradicted():
    assert not verdicts.contradicts("taller, so no", "no", ASKED)
