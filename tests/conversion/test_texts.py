import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest

from spatialvlm_jax.conversion.texts import (
    MAX_CHARACTERS,
    Fault,
    about_one_picture,
    as_text,
    is_missing,
    joined_parts,
    said_text,
)


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("<image>\nWhat colour is it?", "What colour is it?"),
        ("What colour is it?\n<image>", "What colour is it?"),
        ("<image>caption en", "caption en"),
        ("<image 1> What colour?", "What colour?"),
        ("<|image|>What colour?", "What colour?"),
        ("<|image_1|>\nWhat?", "What?"),
        ("<|vision_start|><|image_pad|><|vision_end|>What?", "What?"),
        ("<img>white.jpg</img> What colour?", "What colour?"),
        ("<ImageHere>What?", "What?"),
        ("<im_start><image><im_end>\nWhat?", "What?"),
        ("First.\n<image>\nThen?", "First.\n\nThen?"),
        ("<image>", ""),
        ("Is a < b and [c] > d?", "Is a < b and [c] > d?"),
        ("<img src=x onerror=alert(2)>", "<img src=x onerror=alert(2)>"),
        ("the region on the left", "the region on the left"),
    ],
)
def test_the_place_holder_of_the_picture_is_taken_out(text: str, stored: str) -> None:
    assert about_one_picture(text) == stored


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<image>\nCompare it with <image>.", "a second picture: '<image>'"),
        ("<image>\n<image>\nWhich differ?", "a second picture"),
        ("What is in <image 2>?", "a second picture: '<image 2>'"),
        ("What is <image> of?", "'<image>' stands inside a sentence"),
        ("<video>\nWhat moves?", "'<video>'"),
        ("<|video_pad|>What moves?", "'<|video_pad|>'"),
        ("Which is wider, <mask> <depth>?", "'<mask>'"),
        ("<depth> is near", "'<depth>'"),
        ("How far is Region [0] from Region [1]?", "'Region [0]'"),
        ("What is <region1>?", "'<region1>'"),
        ("x" * (MAX_CHARACTERS + 1), f"a text of {MAX_CHARACTERS + 1} characters"),
    ],
)
def test_what_speaks_of_something_else_is_a_fault(text: str, reason: str) -> None:
    with pytest.raises(Fault) as fault:
        about_one_picture(text)
    assert reason in str(fault.value)


@hypothesis.given(st.text("<imag|>12 \nab[]region", max_size=60))
def test_no_place_holder_comes_through(text: str) -> None:
    try:
        stored = about_one_picture(text)
    except Fault:
        return
    assert "<image>" not in stored
    assert "<|image|>" not in stored


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (float("nan"), ""),
        (np.float32("inf"), ""),
        (None, ""),
        (True, "yes"),
        (np.bool_(False), "no"),
        (0, "0"),
        (1.5, "1.5"),
        ("\ufeff red\n", "red"),
        (b"red", "red"),
        ("null", "null"),
        ({"a": 1}, ""),
    ],
)
def test_values_as_texts(value: object, text: str) -> None:
    assert as_text(value) == text


def test_what_is_said_loses_no_characters() -> None:
    assert [said_text(value) for value in ("é", "é".encode(), 2, None)] == ["é", "é", "2", ""]
    with pytest.raises(Fault, match="not in UTF-8"):
        said_text("é".encode("latin-1"))
    with pytest.raises(Fault, match="a value of type dict in place of a text"):
        said_text({"a": 1})


def test_missing_values() -> None:
    values = (None, float("nan"), np.float64("nan"), "", 0)
    assert [is_missing(value) for value in values] == [True, True, True, False, False]


def test_parts_of_a_message_are_joined() -> None:
    parts = [{"type": "image", "index": 0, "text": None}, {"type": "text", "text": "What?"}]
    assert joined_parts(parts) == "<image>\nWhat?"
    assert joined_parts([{"type": "image", "index": 1}]) == "<image 2>"
    assert joined_parts("What?") == "What?"
    with pytest.raises(Fault, match="of type 'video'"):
        joined_parts([{"type": "video"}])
