import pytest
from hypothesis import given
from hypothesis import strategies as st

from spatialvlm_jax.evaluation.reading.numerals import read_number, tokenize
from spatialvlm_jax.evaluation.reading.plain import plain_lowercase

ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
)
TENS = "twenty thirty forty fifty sixty seventy eighty ninety"


def spell(number: int) -> str:
    """English words of 0 <= number < 1,000,000, written independently of the reader."""
    if number >= 1000:
        rest = f" {spell(number % 1000)}" if number % 1000 else ""
        return f"{spell(number // 1000)} thousand{rest}"
    if number >= 100:
        rest = f" and {spell(number % 100)}" if number % 100 else ""
        return f"{spell(number // 100)} hundred{rest}"
    if number < 20:
        return ONES.split()[number]
    rest = f"-{spell(number % 10)}" if number % 10 else ""
    return TENS.split()[number // 10 - 2] + rest


def value_of(text: str) -> float | None:
    number = read_number(tokenize(text), 0)
    return None if number is None else number.value


@given(st.integers(0, 999_999))
def test_cardinals_in_words_round_trip(number):
    tokens = tokenize(spell(number))
    read = read_number(tokens, 0)
    assert read is not None
    assert (read.value, read.end) == (number, len(tokens))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.25", 1.25),
        (".5", 0.5),
        ("1,5", 1.5),
        ("0,125", 0.125),
        ("1,200", 1200),
        ("12,345,678.5", 12_345_678.5),
        ("1\u202f200", 1200),
        ("1\u00a0200", 1200),
        ("1e-3", 0.001),
        ("1/2", 0.5),
        ("2 1/2", 2.5),
        ("2-1/2", 2.5),
        ("2½", 2.5),
        ("⅔", 2 / 3),
        ("٣", 3),
        ("５", 5),
        ("half", 0.5),
        ("a half", 0.5),
        ("three quarters", 0.75),
        ("two-thirds", 2 / 3),
        ("two and a half", 2.5),
        ("2 and a half", 2.5),
        ("one and three quarters", 1.75),
        ("one point five", 1.5),
        ("zero point two five", 0.25),
        ("point five", 0.5),
        ("3 hundred", 300),
        ("a hundred", 100),
        ("a dozen", 12),
        ("a couple of", 2),
        ("mug", None),
        ("and", None),
        ("", None),
    ],
)
def test_forms_of_numbers(text, value):
    assert value_of(text) == (None if value is None else pytest.approx(value))


def test_words_that_rarely_measure_do_not_stand_alone():
    for text in ("one", "half", "a couple"):
        number = read_number(tokenize(text), 0)
        assert number is not None
        assert not number.alone
    two = read_number(tokenize("two"), 0)
    assert two is not None
    assert two.alone


def test_two_cardinals_in_a_row_are_two_numbers():
    read = read_number(tokenize("two three"), 0)
    assert read is not None
    assert (read.value, read.end) == (2, 1)


def test_normalize_unifies_quotes_dashes_fractions_and_widths():
    assert plain_lowercase("６’２″ – １½㎝") == "6'2\" - 1 1/2 cm"


@given(st.text(max_size=40))
def test_any_text_can_be_tokenized(text):
    tokens = tokenize(text)
    for index in range(len(tokens)):
        number = read_number(tokens, index)
        assert number is None or index < number.end <= len(tokens)
