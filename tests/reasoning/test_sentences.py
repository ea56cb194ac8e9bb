import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.reasoning.kinds import KINDS, Sentence
from spatialvlm_jax.reasoning.sentences import PATTERNS, UnknownSentence, parse_sentence
from tests.docs.commands import ROOT


@pytest.mark.parametrize(
    ("kind", "example"),
    [(kind, example) for kind, patterns in PATTERNS.items() for _, example in patterns],
)
def test_every_pattern_takes_its_example_for_its_kind(kind: str, example: str) -> None:
    assert parse_sentence(example)[0] == kind
    assert parse_sentence(f"  {example.upper().rstrip('.?')} ")[0] == kind


def test_the_page_shows_every_sentence() -> None:
    page = (ROOT / "docs" / "reasoning.md").read_text(encoding="utf-8")
    examples = [example for patterns in PATTERNS.values() for _, example in patterns]
    assert [example for example in examples if f"| {example} |" not in page] == []


def test_all_kinds_have_sentences() -> None:
    assert PATTERNS.keys() == KINDS.keys()
    assert len(KINDS) >= 10


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        (
            "Which of a red mug, the lamp, or the chair is closest to the camera?",
            Sentence(("red mug", "lamp", "chair"), "nearest"),
        ),
        (
            "which of the mug and the lamp is farthest from us",
            Sentence(("mug", "lamp"), "farthest"),
        ),
        (
            "Which of the mug, the lamp and the ball is farthest from the sofa?",
            Sentence(("mug", "lamp", "ball", "sofa"), "farthest"),
        ),
        ("Which of the mug and the box is the closer to me?", Sentence(("mug", "box"), "nearest")),
        ("Which is farther from the viewer: a mug or a box?", Sentence(("mug", "box"), "farthest")),
        (
            "Which is nearer to the sofa, the mug, the lamp or the chair?",
            Sentence(("mug", "lamp", "chair", "sofa"), "nearest"),
        ),
        (
            "Can we reach the blue ball with arms of 70 cm from the camera?",
            Sentence(("blue ball",), "", 0.7),
        ),
        (
            "How long is the way from the mug via the lamp to a box?",
            Sentence(("mug", "lamp", "box")),
        ),
        (
            "Can a robot at the chair with arms of 3 feet reach the mug?",
            Sentence(("mug", "chair"), "", 0.9144),
        ),
        ("Would the sofa fit through a gap of 80 cm?", Sentence(("sofa",), "", 0.8)),
        ("Does the mug fit between the box and the jar?", Sentence(("mug", "box", "jar"))),
    ],
)
def test_objects_words_and_lengths_are_read(question: str, asked: Sentence) -> None:
    found = parse_sentence(question)[1]
    assert (found.objects, found.word) == (asked.objects, asked.word)
    assert found.length == pytest.approx(asked.length)


@pytest.mark.parametrize("who", ["the camera", "the viewer", "me", "us", "you", "Me"])
@pytest.mark.parametrize(
    ("question", "kind", "objects"),
    [
        ("Which of the mug and the lamp is closest to {}?", "nearest", ("mug", "lamp")),
        ("Which of the mug, the box and the lamp is farthest from {}?", "nearest", None),
        ("Sort the mug and the lamp by distance from {}, nearest first.", "distance_order", None),
        ("Could someone with arms of 1 m reach the mug from {}?", "reach", ("mug",)),
        ("Could someone at {} with arms of 1 m reach the mug?", "reach", ("mug",)),
    ],
)
def test_who_looks_counts_as_the_camera(question, kind, objects, who) -> None:
    found, asked = parse_sentence(question.format(who))
    assert found == kind
    assert objects in (None, asked.objects)
    quantities = {each.quantity for each in KINDS[kind].sub_questions(asked)}
    assert quantities == {"camera_distance"}


@pytest.mark.parametrize("who", ["the camera", "the viewer", "me", "us", "you"])
@pytest.mark.parametrize(
    "question",
    [
        "How long is the path from {} to the lamp to the chair?",
        "Would the mug fit on top of {}?",
        "Would the chair fit between the lamp and {}?",
        "Facing {}, which way must I turn to face the lamp?",
        "Which of the mug, the lamp and {} is closest to the sofa?",
    ],
)
def test_who_looks_is_no_thing_in_the_picture(question: str, who: str) -> None:
    with pytest.raises(UserError, match="is who looks, .* leave it out, or say how a camera"):
        parse_sentence(question.format(who))


@pytest.mark.parametrize(
    ("listed", "objects"),
    [
        ("the mug, lamp and box", ("mug", "lamp", "box")),
        ("mug, lamp or box", ("mug", "lamp", "box")),
        ("the black-and-white ball and the chair", ("black-and-white ball", "chair")),
        ("my mug, this lamp and your black camera", ("mug", "lamp", "black camera")),
        ("his mug and her lamp", ("mug", "lamp")),
    ],
)
def test_lists_are_read_where_there_is_one_way_to(listed: str, objects: tuple[str, ...]) -> None:
    assert parse_sentence(f"How wide are {listed} side by side?")[1].objects == objects


@pytest.mark.parametrize(
    ("question", "bare"),
    [
        ("Which of the black and white ball and the chair is nearest to the camera?", "white ball"),
        ("Which of the mug, lamp and the chair is nearest to the camera?", "lamp"),
        ("Would the box fit between the black and white ball and the chair?", "white ball"),
        ("How wide are mug and the chair side by side?", "mug"),
    ],
)
def test_a_list_that_may_be_read_in_two_ways_is_refused(question: str, bare: str) -> None:
    said = f"'{bare}' has no article and others have: write the before each thing"
    with pytest.raises(UserError, match=said) as caught:
        parse_sentence(question)
    assert not isinstance(caught.value, UnknownSentence)


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("Do the mug and the lamp form an isosceles triangle?", "names 3 objects, not 2"),
        ("Which two of the mug and the lamp are farthest apart?", "names 3 to 8 objects, not 2"),
        ("How wide are the mug, the lamp and the mug side by side?", "an object twice"),
        ("Would the sofa fit through a gap of 3 kg?", "is no length: write such as 0.7 m"),
        ("Would the sofa fit through a gap of 0.0 m?", "is no length"),
        ("Would the sofa fit through a gap of 0.8?", "'0.8' has no unit: write such as 0.7 m"),
        ("Could someone with arms of 0.7 reach the mug from me?", "'0.7' has no unit"),
        ("Could I reach the mug with arms of 0.7 from the camera?", "'0.7' has no unit"),
        ("How wide are " + "the mug, " * 200 + "the box side by side?", "at most 1000 characters"),
    ],
)
def test_what_a_kind_cannot_be_asked_is_refused_in_one_line(question: str, said: str) -> None:
    with pytest.raises(UserError, match=said) as caught:
        parse_sentence(question)
    assert not isinstance(caught.value, UnknownSentence)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("words", ["closer", "nearer", "farther", "nearest"])
def test_what_names_its_two_behind_a_colon_is_no_question_about_these_two(words: str) -> None:
    with pytest.raises(UnknownSentence):
        parse_sentence(f"Which of these two is {words} to the camera: the mug or the lamp?")


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    for question in (text, f"Would {text} fit between {text} and the box?"):
        try:
            kind, asked = parse_sentence(question)
        except UserError as refused:
            assert "\n" not in str(refused)
        else:
            assert kind in KINDS
            assert all(asked.objects)
