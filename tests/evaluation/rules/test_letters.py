"""One reply, and the letter that each scorer finds in it (as run on their code in August 2026)."""

import pytest

from spatialvlm_jax.evaluation.reading.options import read_option
from spatialvlm_jax.evaluation.rules.letters import (
    after_answer,
    first_character,
    first_token,
    inferred,
    last_answer,
    within_backticks,
)

OPTIONS = {"A": "right", "B": "left"}


@pytest.mark.parametrize(
    ("reply", "first", "vlmevalkit", "cambrian", "ours"),
    [
        ("The answer is B.", "T", "B", "B", "B"),
        ("Based on the image, it is A.", "B", "A", "B", "A"),
        ("I think it is B, not A.", "I", None, "I", "B"),
        ("A chair is nearer, so B", "A", None, "A", "B"),
        ("left", "L", "B", "L", "B"),
        ("Answer: B\n\nA is wrong because it is far.", "A", None, "B", "B"),
        ("", None, None, None, None),
        ("Failed to obtain answer via API", "F", None, "F", None),
        ("Z", "Z", "Z", "Z", None),
    ],
)
def test_one_reply_has_many_letters(
    reply: str, first: str | None, vlmevalkit: str | None, cambrian: str | None, ours: str | None
) -> None:
    found = [rule(reply, OPTIONS) for rule in (first_character, inferred, after_answer)]
    assert found == [first, vlmevalkit, cambrian]
    assert read_option(reply, OPTIONS) == ours


@pytest.mark.parametrize(
    ("reply", "omni_spatial", "mmsi", "vsi"),
    [
        ("Answer: B", "B", "B", "ANSWER:"),
        ("Answer: B. Answer: C", "C", "B", "ANSWER:"),
        ("I cannot tell", "A", None, "I"),
        ("``C``", "A", "C", "``C``"),
        ("A chair, so `B`", "A", "B", "A"),
        ("A chair stands at B", "A", "B", "A"),
        ("b.", "A", None, "B"),
        ("", "A", None, None),
    ],
)
def test_forms_that_single_benchmarks_look_for(
    reply: str, omni_spatial: str, mmsi: str | None, vsi: str | None
) -> None:
    found = [rule(reply, OPTIONS) for rule in (last_answer, within_backticks, first_token)]
    assert found == [omni_spatial, mmsi, vsi]
