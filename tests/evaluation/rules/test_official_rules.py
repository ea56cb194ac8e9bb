"""Each rule beside a second, plain implementation of it, on a thousand random cases."""

import random
import re
from fractions import Fraction
from statistics import fmean

import pytest

from spatialvlm_jax.evaluation.rules.anls import anls
from spatialvlm_jax.evaluation.rules.gqa import gqa_accuracy
from spatialvlm_jax.evaluation.rules.pope import pope_figures, read_pope
from spatialvlm_jax.evaluation.rules.q_spatial import (
    is_within_ratio,
    read_boxed_length,
    unit_in_centimetres,
)
from spatialvlm_jax.evaluation.rules.relative_accuracy import (
    mean_relative_accuracy,
    read_first_number,
)
from spatialvlm_jax.evaluation.rules.spatial_rgpt import (
    clock_error,
    is_within_quarter,
    relative_error,
)

CASES = 1_000


def texts(seed: int, words: str, signs: str = " ") -> list[str]:
    """Random sequences of words, each followed by a sign or a space."""
    draw = random.Random(seed)
    return [
        "".join(
            draw.choice(words.split()) + draw.choice(signs) for _ in range(draw.randrange(0, 6))
        )
        for _ in range(CASES)
    ]


def plain_pope(text: str) -> str:
    first_sentence = text.split(".")[0] if "." in text else text
    words = first_sentence.replace(",", "").split(" ")
    return "no" if {"No", "no", "not"} & set(words) else "yes"


def test_pope() -> None:
    said = texts(1, "No no not NO yes Yes cannot know there is", " .,!  \n")
    assert [read_pope(text) for text in said] == [plain_pope(text) for text in said]
    draw = random.Random(2)
    for _ in range(CASES):
        count = draw.randrange(1, 12)
        replies = [draw.choice(("yes", "no")) for _ in range(count)]
        labels = [draw.choice(("yes", "no")) for _ in range(count)]
        pairs = list(zip(replies, labels, strict=True))
        both, false_yes = pairs.count(("yes", "yes")), pairs.count(("yes", "no"))
        missed, neither = pairs.count(("no", "yes")), pairs.count(("no", "no"))
        figures = pope_figures(replies, labels)
        assert figures["accuracy"] == pytest.approx((both + neither) / count, abs=1e-9)
        assert figures["yes_share"] == pytest.approx((both + false_yes) / count, abs=1e-9)
        if both:
            f1 = 2 * both / (2 * both + false_yes + missed)
            assert figures["precision"] == pytest.approx(both / (both + false_yes), abs=1e-9)
            assert figures["recall"] == pytest.approx(both / (both + missed), abs=1e-9)
            assert figures["f1"] == pytest.approx(f1, abs=1e-9)


@pytest.mark.parametrize("reply", ["", "NO", "no!", "I cannot tell", "Nothing", "yes. not"])
def test_pope_takes_all_but_three_words_for_yes(reply: str) -> None:
    assert read_pope(reply) == "yes"


def test_pope_counts_what_is_neither_as_wrong_and_not_as_yes() -> None:
    figures = pope_figures(["yes", None, None, "no"], ["yes", "yes", "no", "no"])
    expected = {"accuracy": 0.5, "precision": 1.0, "recall": 0.5, "f1": 2 / 3, "yes_share": 0.25}
    assert figures == pytest.approx(expected)


def test_gqa() -> None:
    said, true = texts(3, "yes Yes left table", " ."), texts(4, "yes left table", " ")
    pairs = list(zip(said, true, strict=True)) + [(text, text) for text in said]
    for reply, answer in pairs:
        same = len(reply) == len(answer) and all(a == b for a, b in zip(reply, answer, strict=True))
        assert gqa_accuracy(reply, answer) == (1.0 if same else 0.0)


def test_mean_relative_accuracy() -> None:
    """In exact fractions: an error of k twentieths is near enough under the thresholds up to it."""
    draw = random.Random(5)
    twentieths = [Fraction(k, 20) for k in range(1, 11)]
    compared = 0
    for _ in range(CASES):
        true = draw.choice((draw.uniform(0.01, 20), float(draw.randrange(1, 12))))
        said = draw.choice((true * draw.uniform(0, 2.5), float(draw.randrange(0, 12))))
        error = abs(Fraction(said) - Fraction(true)) / Fraction(true)
        if any(abs(error - bound) < Fraction(1, 10**12) for bound in twentieths):
            continue  # at a bound floats decide: below
        compared += 1
        hits = sum(error < bound for bound in twentieths)
        assert mean_relative_accuracy(said, true) == pytest.approx(hits / 10, abs=1e-9)
    assert compared > 0.9 * CASES


# What `linspace` makes of .5, .55 ... .95: its .9 is a hair less, so that 9 for 10 is near enough.
THETAS = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.8999999999999999, 0.95)


def test_mean_relative_accuracy_at_its_bounds_is_that_of_floats() -> None:
    for true in range(1, 41):
        for said in range(81):
            hits = [abs(said - true) / true <= 1 - theta for theta in THETAS]
            found = mean_relative_accuracy(float(said), float(true))
            assert found == pytest.approx(sum(hits) / 10, abs=1e-9)


@pytest.mark.parametrize(
    ("said", "true", "expected"),
    [
        (3.0, 3.0, 1.0),
        (0.0, 3.0, 0.0),
        (1.5, 3.0, 0.1),
        (4.1, 5.0, 0.7),
        (4.0, 5.0, 0.6),
        (9.0, 10.0, 0.9),
        (19.0, 20.0, 1.0),
        (float("nan"), 1.0, 0.0),
    ],
)
def test_mean_relative_accuracy_of_single_numbers(said: float, true: float, expected: float):
    assert mean_relative_accuracy(said, true) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("reply", "number"),
    [("3.0", 3.0), ("3.0m", None), ("3 (300 cm)", 3.0), ("4.", 4.0), ("about 3", None), ("", None)],
)
def test_vsi_reads_the_first_word_only(reply: str, number: float | None) -> None:
    assert read_first_number(reply) == number


CENTIMETRES = {"m": 100, "Meters": 100, "cm": 1, "FT": 30.48, "inches": 2.54, "mm": 0.1, " m ": 1}


def test_q_spatial() -> None:
    draw = random.Random(6)
    for _ in range(CASES):
        unit = draw.choice([*CENTIMETRES, "yards", "km"])
        number = draw.choice(("1,200", ".5", "1/2", "80", "1.25", "2-3", "0", "none", "12.5 or 13"))
        reply = draw.choice(("", r"\scalar{7} \distance_unit{m} ")) + (
            rf"so \scalar{{{number}}} \distance_unit{{{unit}}}."
        )
        inside = reply.split("scalar{")[-1].split("}")[0]
        digits = [part for part in re.split(r"[^\d.]+|(?<!\d)\.", inside) if part]
        found = read_boxed_length(reply)
        if not digits:
            assert found is None
            continue
        assert found is not None
        length = fmean(map(float, digits)) * CENTIMETRES.get(unit, 1)
        assert found == pytest.approx(length, rel=1e-9, abs=1e-9)
        true = draw.uniform(1, 400)
        good = found > 0 and found / true < 2 and true / found < 2
        assert is_within_ratio(found, true) == good


@pytest.mark.parametrize(
    ("reply", "centimetres"),
    [
        (r"\scalar{1,200} \distance_unit{mm}", 10.05),
        (r"\scalar{.5} \distance_unit{m}", 500.0),
        (r"\scalar{1/2} \distance_unit{m}", 150.0),
        (r"\scalar{80} \distance_unit{ m }", 80.0),
        (r"\scalar{80}", None),
        ("80 cm", None),
        ("", None),
    ],
)
def test_q_spatial_reads_forms_as_it_does(reply: str, centimetres: float | None) -> None:
    assert read_boxed_length(reply) == (
        centimetres if centimetres is None else pytest.approx(centimetres, rel=1e-9)
    )


def test_q_spatial_is_strict_at_its_bound() -> None:
    assert not is_within_ratio(200.0, 100.0)
    assert not is_within_ratio(50.0, 100.0)
    assert is_within_ratio(199.9, 100.0)
    assert not is_within_ratio(0.0, 100.0)
    assert unit_in_centimetres("furlong") == 1


def test_spatial_rgpt() -> None:
    draw = random.Random(7)
    for _ in range(CASES):
        true = draw.choice((4.0, draw.uniform(0.1, 30)))
        said = draw.choice((3.0, 5.0, draw.uniform(0, 60)))
        ratio = Fraction(said) / Fraction(true)
        assert is_within_quarter(said, true) == (Fraction(3, 4) <= ratio <= Fraction(5, 4))
        error = abs(Fraction(said) - Fraction(true)) / (Fraction(true) + Fraction(1, 10_000))
        assert relative_error(said, true) == pytest.approx(float(error), abs=1e-9)
        hour, other = draw.randrange(1, 13), draw.randrange(1, 13)
        forward, backward = (hour - other) % 12, (other - hour) % 12
        assert clock_error(hour, other) == min(forward, backward)


@pytest.mark.parametrize(
    ("said", "true", "within"),
    [
        (3.0, 4.0, True),
        (5.0, 4.0, True),
        (2.999, 4.0, False),
        (5.001, 4.0, False),
        (0.0, 4.0, False),
        (0.75, 1.0, True),
        (1.25, 1.0, True),
        (1.2501, 1.0, False),
    ],
)
def test_spatial_rgpt_takes_a_quarter_with_its_bounds(
    said: float, true: float, within: bool
) -> None:
    assert is_within_quarter(said, true) == within


def test_anls() -> None:
    assert anls("Red  Mug", ["red mug", "cup"]) == 1
    assert anls("red mud", ["red mug"]) == pytest.approx(6 / 7)
    assert anls("abcd", ["abxy"]) == 0
    assert anls("", ["x"]) == 0
    assert anls("", [""]) == 1
    assert anls("kitten", ["sitting", "kitchen"]) == pytest.approx(5 / 7)
    assert anls("x" * 100_000, ["mug"]) == 0
