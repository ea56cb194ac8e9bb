import pytest
from hypothesis import given
from hypothesis import strategies as st

from spatialvlm_jax.evaluation.reading.final import after_thinking, boxed_part
from spatialvlm_jax.evaluation.reading.options import read_option

OPTIONS = {"A": "right", "B": "left"}


@pytest.mark.parametrize(
    ("reply", "letter"),
    [
        (r"\boxed{B}", "B"),
        (r"$\boxed{\text{(B)}}$", "B"),
        (r"\boxed{A} was wrong, so \boxed{B}", "B"),
        ("<answer>left</answer>", "B"),
        ("<answer>(B) left</answer> and A?", "B"),
        ("<think>A or B? It is A.</think> B", "B"),
        ("<think>It is A.</think>", "A"),
        ("**B**", "B"),
        ("b)", "B"),
        ("(b)", "B"),
        ("B. left", "B"),
        ("B) because A is farther", "B"),
        ("The answer is not A, it is B", "B"),
        ("The answer is left.", "B"),
        ("So, the chair is on the left.", "B"),
        ("It's not to the right but to the left.", "B"),
        ("Option A is farther, so option B is nearer", "B"),
        ("I would choose (B).", "B"),
        ("A. right\nB. left", None),
        ("A. right\nB. left\nThe answer is B.", "B"),
        ("B. left\n\nA chair is farther.", "B"),
        ("answer: b", "B"),
        ("The answer is b.\nIt is near.", "B"),
        ("B, because the right one is farther.", "B"),
        ("The answer is a guess.", None),
        ("It is not A.", None),
        ("A is wrong.", None),
        ("A or B", None),
        ("Answer: B or A", None),
        ("It is to the left of A", None),
        ("left\nright", None),
        ("I can't tell", None),
        ("C", None),
        ("A chair", None),
        ("", None),
    ],
)
def test_a_reply_chooses_the_option_that_it_concludes_with(reply: str, letter: str | None) -> None:
    assert read_option(reply, OPTIONS) == letter


def test_of_texts_within_each_other_the_longest_counts() -> None:
    assert read_option("the red mug on it", {"A": "mug", "B": "red mug", "C": ""}) == "B"
    assert read_option("two  chairs", {"A": "one chair", "B": "two chairs"}) == "B"
    assert read_option("123", {"A": "12", "B": "3"}) is None


def test_the_answer_stands_after_the_thinking_and_in_the_last_form() -> None:
    assert after_thinking("<think>a</think>b</think>c") == "c"
    assert after_thinking("<think>a</think> ") == "<think>a</think> "
    assert boxed_part("no form") is None
    assert boxed_part(r"\boxed{a {b} c} d") == "a {b} c"
    assert boxed_part(r"\boxed{cut") == "cut"
    assert boxed_part("<answer>a</answer> <ANSWER>b") == "b"


@given(st.text(max_size=300), st.dictionaries(st.sampled_from("ABCDI"), st.text(max_size=8)))
def test_any_text_is_read_as_an_option_or_as_none(reply: str, options: dict[str, str]) -> None:
    assert read_option(reply, options) in {None, *options}


WORDED = [
    *("{L}", "({L})", "{L}. {t}", "({L}) {t}", "{L}: {t}", "{t}.", "The answer is {L}."),
    *("The correct answer is {L}. {t}", "Answer: ({L}) {t}", "**{L}. {t}**", "Final answer: {L}"),
    *(r"The final answer is $\boxed{{{L}}}$", r"\boxed{{\text{{{L}}}}}", "<answer>{L}</answer>"),
    *("<think>hmm, {o}? or {M}?</think><answer>{L}</answer>", "<think>{M}.</think>\n{L}"),
    *("I would choose option {L}.", "Option {L} is correct.", "Hence, {L}.", "Not {M}. {L}."),
    "Looking at the image, {t}. So the answer is {L}.",
    "First, consider {o}. That seems wrong.\n\nTherefore, the answer is {L}.",
    *("{L}, because {o} is farther away.", "I think the answer is {L}, since {M} does not fit."),
    *("The object is {t}, which corresponds to option {L}.", "{M} is incorrect, so {L}."),
]
SETS = [
    *(["left", "right"], ["the red mug", "the blue lamp", "the door"], ["0", "1", "2", "3"]),
    *(["A is closer", "B is closer"], ["1.2 m", "3.4 m"], ["front-left", "front-right"]),
]


@pytest.mark.parametrize("form", WORDED)
def test_worded_choices_are_read(form: str) -> None:
    for texts in SETS:
        options = dict(zip("ABCD", texts, strict=False))
        for letter, text in options.items():
            other = "A" if letter == "B" else "B"
            reply = form.format(L=letter, M=other, t=text, o=options[other])
            assert read_option(reply, options) == letter, reply


@pytest.mark.parametrize(
    ("reply", "letter"),
    [
        *(("1", "B"), ("There are 3.", "D"), ("so 4", "C"), ("3 in total", "D"), ("4 chairs", "C")),
        *(
            ("0.5", None),
            ("1.5", None),
            ("-1", None),
            ("1 1/2", None),
            ("1%", None),
            ("1,000", None),
        ),
        *(("0 metres", None), ("0.0 m²", None), ("1 m", None), ("about 1.9 or so", None)),
        ("There are 1 chairs 4 m away", "B"),
    ],
)
def test_a_count_is_no_part_of_another_number_and_measures_nothing(reply, letter) -> None:
    assert read_option(reply, {"A": "0", "B": "1", "C": "4", "D": "3"}) == letter
