"""One reply, and the letter that each scorer finds in it (as run on their code in August 2026)."""

import pytest

from spatialvlm_jax.evaluation.reading.options import read_option
from spatialvlm_jax.evaluation.rules.last_line_letters import in_last_lines
from spatialvlm_jax.evaluation.rules.letters import (
    after_answer,
    first_character,
    first_letter,
    first_token,
    inferred,
    last_answer,
    within_backticks,
)
from spatialvlm_jax.evaluation.rules.ranked_letters import best_ranked

OPTIONS = {"A": "right", "B": "left"}


SCORERS = (first_letter, best_ranked, in_last_lines, inferred, after_answer, read_option)


@pytest.mark.parametrize(
    ("reply", "marks"),
    [
        ("The answer is B.", ["T", "B", "B", "B", "B", "B"]),
        ("Based on the image, it is A.", ["B", "A", "A", "A", "B", "A"]),
        ("I think it is B, not A.", ["I", "A", None, None, "I", "B"]),
        ("A chair is nearer, so B", ["A", "A", None, None, "A", "B"]),
        ("left", ["L", None, None, "B", "L", "B"]),
        ("Answer: B\n\nA is wrong because it is far.", ["A", "A", "A", None, "B", "B"]),
        ("", [None, None, None, None, None, None]),
        ("Failed to obtain answer via API", ["F", "A", None, None, "F", None]),
        ("(b) left", ["B", None, None, "B", "(", "B"]),
        ("Z", ["Z", None, None, "Z", "Z", None]),
        ("<answer>B</answer>", [None, "B", "B", None, "<", "B"]),
        ("<think>A</think>\nB.", [None, "B", "A", "B", "<", "B"]),
        ("A) right\n- B\nC.", ["A", "A", "C", "A", "A", None]),
        ("**Option A:** no\nB", [None, "B", "B", None, "*", None]),
        ("It is E, not B", ["I", "B", None, "B", "I", None]),
        ("my choice is (A)", ["M", "A", "A", "A", "M", "A"]),
        ("The answer is **B** as A is farther", ["T", "A", None, "B", "*", "B"]),
    ],
)
def test_one_reply_has_many_letters(reply: str, marks: list[str | None]) -> None:
    assert [scorer(reply, OPTIONS) for scorer in SCORERS] == marks


@pytest.mark.parametrize(
    ("reply", "omni_spatial", "first", "mmsi", "vsi"),
    [
        ("Answer: B", "B", "A", "B", "ANSWER:"),
        ("Answer: B. Answer: C", "C", "A", "B", "ANSWER:"),
        ("answer : b", "b", "A", None, "ANSWER"),
        ("Answer: Because of D", "A", "A", "D", "ANSWER:"),
        ("I cannot tell", "A", "I", None, "I"),
        ("``C``", "A", "`", "C", "``C``"),
        ("A chair, so `B`", "A", "A", "B", "A"),
        ("A chair stands at B", "A", "A", "B", "A"),
        ("<think>A</think> <ANSWER>b</answer>", "A", "B", "A", "<THINK>A</THINK>"),
        ("b.", "A", "B", None, "B"),
        ("", "A", None, None, None),
    ],
)
def test_forms_that_single_benchmarks_look_for(
    reply: str, omni_spatial: str, first: str | None, mmsi: str | None, vsi: str | None
) -> None:
    rules = (last_answer, first_character, within_backticks, first_token)
    assert [rule(reply, OPTIONS) for rule in rules] == [omni_spatial, first, mmsi, vsi]
