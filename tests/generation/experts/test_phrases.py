"""Captions become noun phrases of one to six words."""

import pytest

from spatialvlm_jax.generation.experts.phrases import short_phrase


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("A Red Mug", "red mug"),
        ("mug", "mug"),
        ("The image shows a red mug on the table. It is large.", "red mug on the table"),
        ("this is an office chair", "office chair"),
        ("a close-up of a vase", "vase"),
        ("turquoise car parked in front of a yellow building", "turquoise car parked"),
        ("an old dirty wooden brown kitchen arm chair", "dirty wooden brown kitchen arm chair"),
        ("red mug on the", "red mug"),
        ("", ""),
        ("The.", ""),
    ],
)
def test_captions_are_cut_to_their_noun_phrase(text: str, phrase: str) -> None:
    assert short_phrase(text) == phrase
