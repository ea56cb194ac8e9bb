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
        ("roughly 10^2 cm", 1.0),
        ("10^{-1} m", 0.1),
        ("about 10² cm", 1.0),
        ("10**2 cm", 1.0),
        ("1.5*10**2 cm", 1.5),
        ("**10** m", 10.0),
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
    ("text", "value"),
    [
        ("<think>The chair is 3 m.</think><answer>1.5 m</answer>", 1.5),
        ("<answer>1.5 m</answer> because the door is 2 m tall.", 1.5),
        ("<answer>1.5</answer>", 1.5),
        ("<think>3 m</think>\nThe lamp is 80 cm high, so \\boxed{1.2} m", 1.2),
        ("\\boxed{5 m} since a door is 2 m high and the wall is 3 m", 5),
        ("Two doors at 2 m each give 4 m, plus 1 m: \\boxed{5\\text{ m}}", 5),
        ("\\boxed{\\text{about } 3 \\text{ m}}", 3),
        ("\\boxed{\\text{unknown}}", None),
        ("\\scalar{80} \\distance_unit{cm}", 0.8),
        ("\\scalar{1,200} \\distance_unit{mm}", 1.2),
        ("\\scalar{.5} \\distance_unit{m}", 0.5),
        ("\\scalar{1/2}\\distance_unit{ m }", 0.5),
        ("\\scalar{10-20} \\distance_unit{cm}", 0.15),
        ("\\scalar{1}\\distance_unit{m} Again: \\scalar{2} \\distance_unit{m}", 2),
        ("{'Reasoning': 'the door is 2 m', 'Answer': '3 m'}", 3),
        ('{"value": 3, "unit": "feet", "explanation": "a door is 2 m"}', 0.9144),
        ('[{"distance": 2, "unit": "m"}]', 2),
        ("Answer: 3 m\n\nThe door is 2 m.", 3),
        ("3 (300 cm)", 3),
    ],
)
def test_forms_that_benchmarks_ask_for(text, value):
    assert metres(text) == (None if value is None else pytest.approx(value))


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("<answer>no</answer>", "no"),
        ("<think>yes?</think>no", "no"),
        ("\\boxed{\\text{No}} since yes-sayers err", "no"),
        ('{"Reasoning": "no lamp is nearer", "Answer": "Yes"}', "yes"),
        ("Answer: No\n\nIt is true that the lamp is tall.", "no"),
        ("It does.", "yes"),
        ("It is not the case.", "no"),
        ("I doubt it.", "no"),
        ("n", "no"),
        ("Yes/No", None),
    ],
)
def test_forms_and_phrases_that_decide(text, verdict):
    assert read_yes_no(text) == verdict


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("<answer>4</answer> of 7 seats", 4),
        ("<think>1, 2, 3, 4</think>\\boxed{4}", 4),
        ("\\boxed{6} chairs around 2 tables", 6),
        ("{'Reasoning': '2 are red and 3 blue', 'Answer': '5'}", 5),
        ("Total: 8 (3 red, 5 blue)", 8),
        ("one, two, three: 3", 3),
        ("Not a single one.", 0),
        ("Nobody is there.", 0),
    ],
)
def test_counts_in_forms_and_words(text, count):
    assert read_count(text) == count


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2 m? No, 3 m.", 3),
        ("1 m... no wait, 2 m.", 2),
        ("I said 2 m before, but it is actually 3 m.", 3),
        ("3 m, or rather 3.5 m", 3.5),
        ("So if the mug is 10 cm tall, the plant is 40 cm tall.", 0.4),
        ("The gap comes out as 35 cm. The table is 1.2 m wide.", 0.35),
        ('The 65" TV is 2 m from the couch.', 2),
        ("a 3-meter gap", 3),
        ("at least 2 m and at most 4 m", 3),
        ("from about 1 m to about 3 m", 2),
        ("from 5 up to 7 feet", 1.8288),
        ("[1.0, 2.0] m", 1.5),
        ("1,5 à 2 m", 1.75),
        ("1.5·10² cm", 1.5),
        ("1.5*10^2 cm", 1.5),
        ("half a dozen inches", 0.1524),
        ("eighty-odd centimeters", 0.8),
        ("one meter eighty", 1.8),
    ],
)
def test_corrections_and_rarer_notations(text, value):
    assert metres(text) == pytest.approx(value)


@pytest.mark.parametrize(
    "text",
    [
        "The ratio is 3:2.",
        "Call 555-0134.",
        "My phone number is 555 0199.",
        "The camera has a 50 mm lens, but no distance can be derived from the picture.",
        "It depends on the camera's 24 mm focal length.",
        "The score was 3-1.",
        "The table seats 6.",
        "He is 35.",
        "The bus leaves at 9.",
        "24/7",
        "ISO 400, f/2.8",
        "At (3, 5) it is unclear; cm are shown.",
    ],
)
def test_numbers_of_other_things_are_no_lengths(text):
    assert metres(text) is None


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
