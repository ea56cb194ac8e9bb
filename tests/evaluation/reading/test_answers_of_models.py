"""Answers as models word them: markup, notations, conclusions, refusals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spatialvlm_jax.evaluation.reading import plain, spans, tokens
from spatialvlm_jax.evaluation.reading.lengths import find_quantity
from spatialvlm_jax.evaluation.reading.verdicts import read_count, read_yes_no


def metres(text: str) -> float | None:
    found = find_quantity(text)
    return None if found is None else found.metres


@pytest.mark.parametrize(
    "text",
    [
        "**45** cm",
        "$45\\,\\text{cm}$",
        "\\boxed{45\\text{ cm}}",
        "45 (cm)",
        "Distance (cm): 45",
        '{"distance": 45, "unit": "cm"}',
        "\\scalar{45} \\distance_unit{cm}",
    ],
)
def test_markup_does_not_part_a_number_from_its_unit(text):
    assert metres(text) == pytest.approx(0.45)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5'-11\"", 1.8034),
        ("5'11''", 1.8034),
        ("5 ft11in", 1.8034),
        ("1m50", 1.5),
        ("2~3 m", 2.5),
        ("1 200 mm", 1.2),
        ("12 000 mm", 12),
        ("1.234,5 mm", 1.2345),
        ("1·5 m", 1.5),
        ("1٫5 m", 1.5),
        ("500 µm", 0.0005),
        ("10 センチ", 0.1),
        ("1.2 ± 10% m", 1.2),
        ("1,23,456 mm", 123.456),
        ("1.2 × 10^-1 m", 0.12),
        ("1.2 \\times 10^{-1} m", 0.12),
        ("0 m", 0),
    ],
)
def test_notations(text, value):
    assert metres(text) == pytest.approx(value)


@pytest.mark.parametrize(
    "text",
    [
        "The distance cannot be determined from a single 2D image.",
        "As GPT-4 I can't measure.",
        "45 pixels",
        "two chair widths",
        "3 chairs",
        "60%",
        "20 °C",
        "1e400",
        "1e400 m",
        "5 m/s",
        "2 m²",
        "not 1 m",
        "at 12:30",
        '{"distance": null, "confidence": 0.8}',
        "²",
    ],
)
def test_other_things_with_digits_are_no_lengths(text):
    assert metres(text) is None


@pytest.mark.parametrize(
    ("text", "first", "concluded"),
    [
        ("The chair is 45 cm wide, so the distance is about 1.2 meters.", 0.45, 1.2),
        ("Using the standard door height of 2 meters as a reference, the gap is 3 m.", 2, 3),
        ("not 1 m but 2 m", 1, 2),
        ("The chair is 45 cm wide. Final answer: 2 m (the lamp is 3 m tall)", 0.45, 2),
    ],
)
def test_the_concluding_length_or_plainly_the_first(text, first, concluded):
    assert metres(text) == pytest.approx(concluded)
    plainly = find_quantity(text, which="first")
    assert plainly is not None
    assert plainly.metres == pytest.approx(first)


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("That is not true.", "no"),
        ("Not correct.", "no"),
        ("Definitely not.", "no"),
        ("No doubt, yes.", "yes"),
        ("so the answer is yes, no question.", "yes"),
        ("That isn't wrong.", "yes"),
        ("I have no idea.", None),
        ("There is no way to tell.", None),
        ("I cannot say whether that is true.", None),
    ],
)
def test_negation_turns_a_verdict_and_not_knowing_is_none(text, verdict):
    assert read_yes_no(text) == verdict


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("In the 2D image there are 3 cups", 3),
        ("none of the 3", 0),
        ("2 here and 1 there, so 3", 3),
        ("1e400", None),
        ("I have no idea", None),
    ],
)
def test_counts_among_other_numbers(text, count):
    assert read_count(text) == count


@pytest.mark.parametrize(
    "piece",
    ["1 m ", "a ", "5'", "\\frac{", '{"a":', "1,200", "between 1 and ", "so ", "not ", "<b"],
)
def test_work_grows_with_the_length_of_a_text_and_no_faster(piece, monkeypatch):
    calls = 0
    whole = tokens.word_at

    def counted(*place):
        nonlocal calls
        calls += 1
        return whole(*place)

    for module in (spans, spans.numerals):
        monkeypatch.setattr(module, "word_at", counted)
    work = []
    for size in (200, 400):
        calls = 0
        find_quantity(piece * size)
        work.append(calls)
    assert work[1] <= 2.2 * work[0] + 100


@given(st.text(max_size=200))
def test_plain_text_of_any_text(text):
    assert isinstance(plain.plain(text), str)
    assert read_yes_no(text) in ("yes", "no", None)
    assert (read_count(text) or 0) >= 0
