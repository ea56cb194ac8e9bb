import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spatialvlm_jax.evaluation.vqa_accuracy import accuracy, agreement, normalize_vqa_answer


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("The Red Mug", "red mug"),
        ("red-brown", "red brown"),
        ("red/ brown", "red brown"),
        ("yes.", "yes"),
        ("2.5", "2.5"),
        ("2.", "2"),
        ("u.s.a.", "usa"),
        ("1,200", "1200"),
        ("black, white", "black white"),
        ("black,white", "black white"),
        ("1,000-2,000", "10002000"),
        ("what?", "what"),
        ("none", "0"),
        ("Two of a kind", "2 of kind"),
        ("ten", "10"),
        ("eleven", "eleven"),
        ("dont know", "don't know"),
        ("couldntve", "couldn't've"),
        ("couldn'tve", "couldn't've"),
        ("its well", "its well"),
        ("were ill", "were ill"),
        ("men's", "men's"),
        (" \tnorth \n west ", "north west"),
        ("?", ""),
        ("." * 34 + "b", "..b"),
    ],
)
def test_texts_are_normalised_as_the_official_scorer_does(text: str, form: str) -> None:
    assert normalize_vqa_answer(text) == form


@pytest.mark.parametrize(
    ("same", "expected"), [(0, 0.0), (1, 0.3), (2, 0.6), (3, 0.9), (4, 1.0), (10, 1.0)]
)
def test_of_ten_people_each_is_left_out_once(same: int, expected: float) -> None:
    answers = ["red"] * same + [f"other {number}" for number in range(10 - same)]
    assert accuracy("red", answers) == pytest.approx(expected)
    assert agreement(same, 10) == pytest.approx(expected)


def test_with_fewer_people_the_rule_is_the_same() -> None:
    assert accuracy("red", ["red", "red"]) == pytest.approx(1 / 3)
    assert accuracy("red", ["red", "blue", "blue"]) == pytest.approx(2 / 9)


def test_texts_are_normalised_only_where_people_differ() -> None:
    assert accuracy("Yes", ["yes"] * 10) == 0
    assert accuracy("Yes", ["yes"] * 9 + ["no"]) == 1
    assert accuracy("yes\n", ["yes"] * 10) == 1
    assert accuracy("two", ["2"] * 4 + ["Two."] * 2 + ["3"] * 4) == 1


@pytest.mark.parametrize(
    ("text", "answer", "expected"),
    [
        ("A red mug.", "red mug", 1),
        ("a red mug on a table", "red mug", 0),
        ("yes, it is", "yes", 1),
        ("no, there is none", "Yes.", 0),
        ("two mugs", "2", 1),
        ("there are three", "2", 0),
        ("", "?", 0),
        ("?", "?", 1),
        ("2", "²", 0),
        ("left", "left", 1),
    ],
)
def test_one_answer_must_be_said_exactly_but_for_its_form(
    text: str, answer: str, expected: float
) -> None:
    assert accuracy(text, [answer]) == expected


@given(st.lists(st.text(max_size=20), min_size=1, max_size=12))
def test_the_truth_scores_what_people_agree_on(answers: list[str]) -> None:
    scores = [accuracy(answer, answers) for answer in answers]
    assert all(0 <= score <= 1 for score in scores)
    assert len(answers) > 1 or scores == [1.0]
    assert all(accuracy(answer, [answer] * 4) == 1 for answer in answers)


@given(st.text(max_size=200))
def test_a_form_holds_single_spaces_and_no_articles(text: str) -> None:
    words = normalize_vqa_answer(text).split(" ")
    assert "" not in words or words == [""]
    assert not {"a", "an", "the"} & set(words)


PEOPLE = ["yes", "Yes.", "2", "two", "red mug", "the red mug", "1,200", "1200", "dont", "don't"]
PEOPLE += ["u.s.", "red/ brown", "red-brown", "none", "0", "what?", "2.", "2.5", "isnt", "a,b"]


def plain_form(text: str) -> str:
    """The official normalisation, step by step."""
    cleaned = text
    for sign in [*';/[]"{}()=+\\_-><@`,?!']:
        touches_space = f"{sign} " in text or f" {sign}" in text
        if touches_space or re.search(r"\d,\d", text):
            cleaned = cleaned.replace(sign, "")
        else:
            cleaned = cleaned.replace(sign, " ")
    without_stops = ""
    for place, character in enumerate(cleaned):
        followed_by_digit = cleaned[place + 1 : place + 2].isdigit()
        if character != "." or followed_by_digit:
            without_stops += character
    numbers = "zero one two three four five six seven eight nine ten".split()
    words = []
    for word in without_stops.lower().split():
        word = "0" if word == "none" else word
        word = str(numbers.index(word)) if word in numbers else word
        if word not in ("a", "an", "the"):
            words.append({"dont": "don't", "isnt": "isn't"}.get(word, word))
    return " ".join(words)


def plain_accuracy(reply: str, people: list[str]) -> float:
    """Each person is left out once, and three others who agree are enough."""
    if len(set(people)) > 1:
        reply, people = plain_form(reply), [plain_form(answer) for answer in people]
    shares = []
    for left_out in range(len(people)):
        others = people[:left_out] + people[left_out + 1 :]
        shares.append(min(1.0, sum(answer == reply for answer in others) / 3))
    return sum(shares) / len(shares)


def test_a_thousand_answers_are_marked_as_by_a_second_implementation() -> None:
    draw = random.Random(0)
    for _ in range(1_000):
        known = draw.sample(PEOPLE, draw.randrange(1, 5))
        people = [draw.choice(known) for _ in range(10)]
        reply = draw.choice([*known, draw.choice(PEOPLE), " ".join(draw.sample(PEOPLE, 2))])
        assert accuracy(reply, people) == pytest.approx(plain_accuracy(reply, people), abs=1e-9)
        assert normalize_vqa_answer(reply) == plain_form(reply)
