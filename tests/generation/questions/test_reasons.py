"""Answers that state their reason first: what they say, and that they are judged as meant."""

import collections
import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spatialvlm_jax.evaluation.answers import judge
from spatialvlm_jax.evaluation.rows import PredictionRow
from spatialvlm_jax.generation.questions.generate import QAConfig, generate_pairs
from spatialvlm_jax.generation.wording.qualitative import OPPOSITES, RELATION_WORDS
from spatialvlm_jax.scene.records import QA, Scene
from tests.generation.scenes import make_scene, random_scene, thing

REASONED = QAConfig(pairs_per_image=400, max_per_type=40, max_per_pair=99, reasons_first=True)
SHORT = dataclasses.replace(REASONED, question_phrasings=1, answer_phrasings=1)


def two() -> Scene:
    return make_scene(
        thing("red mug", (-1, 3, -0.5), (0.2, 0.3, 0.4)),
        thing("blue box", (1, 5, 0.5), (0.6, 0.5, 0.9)),
    )


def answers(scene: Scene, name: str) -> dict[str, str]:
    """All that is asked of a type under some seed, with the answers."""
    config = dataclasses.replace(SHORT, types=(name,))
    pairs = [pair for seed in range(12) for pair in generate_pairs(scene, config, seed)]
    return {pair.question: pair.answer for pair in pairs}


@pytest.mark.parametrize(
    ("name", "asked", "of_mug", "of_box", "winner"),
    [
        ("which_left", "further left", "left", "right", "red mug"),
        ("which_right", "further right", "left", "right", "blue box"),
        ("which_above", "higher up", "below", "above", "blue box"),
        ("which_below", "lower down", "below", "above", "red mug"),
        ("which_front", "in front", "in front", "behind", "red mug"),
        ("which_behind", "behind the other", "in front", "behind", "blue box"),
        ("which_nearer", "nearer", "nearer", "farther", "red mug"),
        ("which_farther", "farther", "nearer", "farther", "blue box"),
        ("which_taller", "taller", "shorter", "taller", "blue box"),
        ("which_shorter", "shorter", "shorter", "taller", "red mug"),
        ("which_wider", "wider", "narrower", "wider", "blue box"),
        ("which_narrower", "narrower", "narrower", "wider", "red mug"),
        ("which_bigger", "bigger", "smaller", "bigger", "blue box"),
        ("which_smaller", "smaller", "smaller", "bigger", "red mug"),
    ],
)
def test_a_choice_says_how_the_first_named_stands_to_the_second(
    name: str, asked: str, of_mug: str, of_box: str, winner: str
) -> None:
    assert answers(two(), name) == {
        f"which is {asked}, the red mug or the blue box?": f"{of_mug}, so the {winner}",
        f"which is {asked}, the blue box or the red mug?": f"{of_box}, so the {winner}",
    }


def shelf() -> Scene:
    """Chairs in the order blue, red, blue from left to right, and a mug without a colour."""
    chairs = (("red chair", 20), ("blue chair", 40), ("blue chair", 0))
    found = [thing(caption, (left / 20 - 1, 4, -1)) for caption, left in chairs]
    placed = [
        dataclasses.replace(each, box=each.box + np.array([left, 0, left, 0], np.float32))
        for each, (_, left) in zip(found, chairs, strict=True)
    ]
    mug = thing("plain mug", (0, 3, 0), attributes={})
    return make_scene(*placed, mug)


def test_a_count_says_what_colors_there_are_from_left_to_right() -> None:
    assert answers(shelf(), "count") == {
        "how many chairs are there?": "blue, red, blue, so 3",
        "how many red chairs are there?": "blue, red, blue, so 1",
        "how many blue chairs are there?": "blue, red, blue, so 2",
        "how many mugs are there?": "mug, so 1",
    }


def test_none_of_a_color_is_counted_by_the_colors_that_there_are() -> None:
    scene = make_scene(thing("red mug", (0, 3, 0)), thing("blue box", (1, 4, 0)))
    found = answers(scene, "count")
    assert found["how many blue mugs are there?"] == "red, so 0"
    assert found["how many red mugs are there?"] == "red, so 1"


def test_existence_has_the_same_reason() -> None:
    found = answers(make_scene(*shelf().objects[:3], thing("green mug", (0, 3, 0))), "existence")
    assert found["is there a red chair?"] == "blue, red, blue, so yes"
    assert found["is there a green chair?"] == "blue, red, blue, so no"


def test_long_counts_are_sentences() -> None:
    config = dataclasses.replace(REASONED, types=("count",), question_phrasings=1)
    pairs = [pair for seed in range(60) for pair in generate_pairs(shelf(), config, seed)]
    chairs = {pair.answer for pair in pairs if pair.question == "how many red chairs are there?"}
    assert chairs == {
        "blue, red, blue, so 1",
        "The chairs are red and blue, so there is 1 red chair.",
        "As the chairs are red and blue, there is 1 red chair.",
        "I see that the chairs are red and blue, so 1.",
    }
    mugs = {pair.answer for pair in pairs if pair.question == "how many mugs are there?"}
    assert "Every mug is in view, so there is 1 mug." in mugs


def test_without_the_setting_answers_are_as_they_were() -> None:
    bare = dataclasses.replace(SHORT, reasons_first=False)
    reasoned = generate_pairs(two(), SHORT, 3)
    for plain, pair in zip(generate_pairs(two(), bare, 3), reasoned, strict=True):
        assert (plain.question, plain.verdict) == (pair.question, pair.verdict)
        if pair.type.startswith("which"):
            assert plain.answer == plain.verdict
            assert pair.answer.endswith(f", so the {pair.verdict}")
            assert pair.template == f"{pair.type}.q0/{pair.type}.r0"


def marks(pairs: list[QA], said: dict[str, str]) -> collections.Counter[str]:
    """How what is said to each question is judged."""
    vocabulary = collections.defaultdict(set)
    for pair in pairs:
        vocabulary[pair.type].add(pair.verdict)
    return collections.Counter(
        judge(PredictionRow("", "", pair, said[pair.question]), vocabulary[pair.type]).mark
        for pair in pairs
    )


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_the_truth_is_judged_right_in_every_wording(seed: int) -> None:
    config = dataclasses.replace(REASONED, units="human", precision="exact")
    pairs = generate_pairs(random_scene(seed, 4), config, seed)
    found = marks(pairs, {pair.question: pair.answer for pair in pairs})
    assert found == {"right": len(pairs)}


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_a_wrong_verdict_or_the_opposite_reason_is_judged_wrong(seed: int) -> None:
    pairs = [
        pair
        for pair in generate_pairs(random_scene(seed, 4), SHORT, seed)
        if pair.type.startswith("which")
    ]
    turned, other = {}, {}
    for pair in pairs:
        reason, verdict = pair.answer.split(", so the ")
        word = next(word for word, (short, _) in RELATION_WORDS.items() if short == reason)
        opposite = RELATION_WORDS[OPPOSITES[word]][0]
        loser = next(
            f"{color} {noun}"
            for color, noun in (thing.caption.split() for thing in random_scene(seed, 4).objects)
            if f"{color} {noun}" in pair.question and f"{color} {noun}" != verdict
        )
        turned[pair.question] = f"{opposite}, so the {verdict}"
        other[pair.question] = f"{reason}, so the {loser}"
    assert marks(pairs, turned) == marks(pairs, other) == collections.Counter(wrong=len(pairs))
