"""Numbers in text that people write: what they mean is read, all else is named."""

import argparse
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spatialvlm_jax import cli
from spatialvlm_jax.bounds import Range, SettingError
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.flags import (
    FlagParser,
    is_whole_number,
    number,
    parse_number,
    parse_whole_number,
    place,
    whole_number,
)


def test_nothing_is_no_place(capsys: pytest.CaptureFixture[str]) -> None:
    assert place("runs/a") == Path("runs/a")
    for text in ("", " "):
        with pytest.raises(argparse.ArgumentTypeError, match=r"the current folder is \."):
            place(text)
    assert cli.main(["generate", "--out="]) == 2
    assert "argument --out: it is empty" in capsys.readouterr().err


@pytest.mark.parametrize("flag", ["--validation-images", "--data", "--kind", "--prompt"])
def test_a_flag_with_nothing_behind_it_is_told(
    flag: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["convert", "--format=csv", "--out=a", f"{flag}="]) == 2
    error = capsys.readouterr().err
    assert f"argument {flag}: it is empty; give it a value, or leave it out" in error


def test_a_field_of_a_configuration_may_be_empty() -> None:
    _, rest = FlagParser(allow_abbrev=False).parse_known_args(["--config.train.init_from="])
    assert rest == ["--config.train.init_from="]


def test_a_folder_that_is_gone_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with pytest.raises(UserError, match="the current folder is gone"):
        FlagParser().parse_known_args([])


@given(st.integers(0, 2**63 - 1))
def test_whole_numbers_are_read(value: int) -> None:
    assert is_whole_number(str(value))
    assert parse_whole_number(str(value), "steps") == value


@pytest.mark.parametrize("text", ["0", "007", "12"])
def test_zeros_before_a_number_do_not_matter(text: str) -> None:
    assert parse_whole_number(text, "steps") == int(text)


@pytest.mark.parametrize(
    "text", ["", " 1", "1\n", "²", "１", "٣", "1_0", "+1", "1.0", "1e3", "0x1", "nan", "9" * 5000]
)
def test_what_is_no_whole_number_is_named(text: str) -> None:
    assert not is_whole_number(text)
    with pytest.raises(SettingError) as error:
        parse_whole_number(text, "steps")
    assert str(error.value).startswith("steps: ")
    assert str(error.value).endswith(" is not a whole number")
    assert len(str(error.value)) < 100


def test_whole_numbers_outside_are_named() -> None:
    with pytest.raises(SettingError, match="steps: -1 is less than 0"):
        parse_whole_number("-1", "steps")
    with pytest.raises(SettingError, match="steps: 11 is more than 10"):
        parse_whole_number("11", "steps", 1, 10)


@given(st.floats(-1e300, 1e300))
def test_decimals_are_read(value: float) -> None:
    assert parse_number(f"{value:.17e}", "std", Range(-1e300, 1e300)) == value


@pytest.mark.parametrize(("text", "value"), [("3", 3.0), (".5", 0.5), ("2.", 2.0), ("3E-1", 0.3)])
def test_ways_to_write_a_decimal(text: str, value: float) -> None:
    assert parse_number(text, "std", Range(0, 10)) == value


@pytest.mark.parametrize("text", ["", ".", "nan", "inf", "１", "1_0", "²", "1 m", "1,5", " 1"])
def test_what_is_no_number_is_named(text: str) -> None:
    with pytest.raises(SettingError, match=r"std: .* is not a number"):
        parse_number(text, "std", Range(0, 10))
    with pytest.raises(SettingError, match="std: inf is not a finite number"):
        parse_number("1e999", "std", Range(0, 10))


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("--count=0", "argument --count: 0 is less than 1 (see --help)"),
        ("--count=²", "argument --count: '²' is not a whole number (see --help)"),
        ("--share=nan", "argument --share: 'nan' is not a number (see --help)"),
        ("--share=2", "argument --share: 2.0 is more than 1 (see --help)"),
    ],
)
def test_a_wrong_flag_is_a_mistake_in_one_line(word: str, message: str) -> None:
    parser = FlagParser()
    parser.add_argument("--count", type=whole_number(1, 9))
    parser.add_argument("--share", type=number(0, 1))
    assert parser.parse_args(["--count=3", "--share=.5"]) == argparse.Namespace(count=3, share=0.5)
    with pytest.raises(UserError) as error:
        parser.parse_args([word])
    assert str(error.value) == message
