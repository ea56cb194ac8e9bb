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
