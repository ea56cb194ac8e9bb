"""Names in questions, against those that a model was taught."""

import pytest

from configs.common import SMALL_QUESTIONS, SMALL_TYPES
from spatialvlm_jax.experiment import DatasetConfig, WorldsRecipe
from spatialvlm_jax.generation.questions.generate import generate_pairs
from spatialvlm_jax.inference.putting import UNKNOWN_FORM, put_as_taught
from spatialvlm_jax.questions import QAConfig
from spatialvlm_jax.taught import Taught, TaughtNames
from spatialvlm_jax.worlds.config import WorldConfig
from spatialvlm_jax.worlds.shown_names import shown_names
from spatialvlm_jax.worlds.source import generate_scenes

NAMES = TaughtNames(("ball", "sofa", "trash can", "shelf"), ("red", "gray", "purple"))
TYPES = ("width", "distance", "color", "category", "count", "existence", "fits_through")
TAUGHT = Taught(dict.fromkeys(TYPES, 3), NAMES)
KNOWN = "knows ball, sofa, trash can and shelf)"


@pytest.mark.parametrize(
    "question",
    [
        "how wide is the ball?",
        "How wide is the purple trash can?",
        "How far is the red ball from the shelf?",
        "what is the gray object?",
        "how many red shelves are there?",
        "how many trash cans are there?",
        "is there a purple sofa?",
        "is there a sofa?",
        "what color is the thing on the gray shelf?",
        "could the sofa fit through an opening 80 cm wide?",
        "what do you make of the elephant",
    ],
)
def test_known_names_are_put_as_they_are(question) -> None:
    words, note, *_ = put_as_taught(question, TAUGHT)
    assert words is not None
    assert (words.lower(), note in ("", UNKNOWN_FORM)) == (question.lower(), True)


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("how wide is the grey sofa?", "how wide is the gray sofa?"),
        ("how wide is the Purple Sofa?", "how wide is the purple sofa?"),
        ("is there a Grey sofa?", "is there a gray sofa?"),
        ("what is the grey object?", "what is the gray object?"),
        ("how wide would you say the GREY  ball is", "how wide is the gray ball?"),
    ],
)
def test_names_are_put_as_they_were_taught(question, words) -> None:
    note = f"asked as {words!r}, a wording that the model was taught"
    assert put_as_taught(question, TAUGHT)[:2] == (words, note)


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("How far away is the ball from the gray sofa?", "how far is the ball from the gray sofa?"),
        ("What is the distance from the ball to the sofa?", "how far is the ball from the sofa?"),
        ("How far apart are the ball and the sofa?", "how far is the ball from the sofa?"),
        ("how wide is the ball in the picture", "how wide is the ball?"),
        ("Is there a red sofa in this room?", "is there a red sofa?"),
        ("Can you see a red sofa?", "is there a red sofa?"),
        ("How many balls do you see?", "how many balls are there?"),
    ],
)
def test_what_people_also_say_is_put_as_it_was_taught(question, words) -> None:
    note = f"asked as {words!r}, a wording that the model was taught"
    assert put_as_taught(question, TAUGHT)[:2] == (words, note)


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("How wide is the purple elephant?", f'"elephant" is (it {KNOWN}'),
        ("how far is the ball from the observer?", f'"observer" is (it {KNOWN}'),
        ("is there a sofe?", f'"sofe" is (did you mean "sofa"? It {KNOWN}'),
        ("how many elephants are there?", f'"elephants" is (it {KNOWN}'),
        ("HOW WIDE IS THE ELEPHANT?", f'"elephant" is (it {KNOWN}'),
        ("how wide is the big sofa?", '"big" is (it knows red, gray and purple)'),
        (
            "how wide is the redd sofa?",
            '"redd" is (did you mean "red"? It knows red, gray and purple)',
        ),
        ("what is the pink object?", '"pink" is'),
        ("how wide is the big red sofa?", '"big" is (it knows red, gray and purple)'),
        ("how wide is the red gray sofa?", f'"gray sofa" is (it {KNOWN}'),
        ("how wide is the ball on the left?", f'"ball on the left" is (it {KNOWN}'),
        ("how wide is the ball on the sofa?", f'"ball on the sofa" is (it {KNOWN}'),
        ("could the box fit through an opening 80 cm wide?", f'"box" is (it {KNOWN}'),
    ],
)
def test_what_was_not_taught_is_not_asked_about(question, said) -> None:
    words, note, *_ = put_as_taught(question, TAUGHT)
    assert words is None
    assert note.startswith(f"this model was not taught what {said}")
    assert put_as_taught(question, TAUGHT, untaught=True)[:3] == (
        question,
        f"{note}: nothing tells how far off the answer may be",
        (),
    )
    assert put_as_taught(question, Taught(TAUGHT.wordings)).words is not None


@pytest.mark.parametrize(
    ("question", "named", "count"),
    [
        ("how wide is the sofa and the red ball?", "sofa and the red ball", 2),
        ("how wide is the sofa or a ball or the ball?", "sofa or a ball or the ball", 3),
    ],
)
def test_several_things_in_place_of_one_are_not_called_unknown(question, named, count) -> None:
    words, note, *_ = put_as_taught(question, TAUGHT)
    assert words is None
    assert (
        note == f'"{named}" are {count} things where one is asked about: ask about each by itself'
    )


def test_a_model_of_few_names_says_so() -> None:
    note = put_as_taught("how wide is the mug?", Taught({"width": 1}, TaughtNames((), ()))).note
    assert note == 'this model was not taught what "mug" is (it knows no names)'


@pytest.mark.parametrize("preset", ["clear", "gallery", "manipulation", "holding"])
def test_nothing_that_worlds_teach_is_declined(preset) -> None:
    """Neither in the words that are taught, which are put as they are, nor in all others."""
    config = WorldConfig.preset(preset, image_size=48, supersample=1, shadow_samples=1)
    names = shown_names([DatasetConfig("a", "data", worlds=WorldsRecipe(preset=preset))])
    taught = Taught(dict.fromkeys(SMALL_TYPES, 3), names)
    for scene in generate_scenes(config, 11, range(8)):
        for pair in generate_pairs(scene, SMALL_QUESTIONS, 0):
            assert put_as_taught(pair.question, taught)[:2] == (pair.question, "")
        others = QAConfig(pairs_per_image=200, types=SMALL_TYPES)
        for pair in generate_pairs(scene, others, 0):
            assert put_as_taught(pair.question, taught).words is not None, pair.question
