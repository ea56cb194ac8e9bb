import copy
from pathlib import Path

import pytest
import sentencepiece
from hypothesis import given
from hypothesis import strategies as st

from spatialvlm_jax.inputs.tokenizer import Tokenizer, TokenizerError
from spatialvlm_jax.worlds.catalog import CATEGORIES, COLORS

SMALL = Tokenizer.from_config("small")


def pieces(text: str) -> list[str]:
    return [SMALL.decode([token]) for token in SMALL.encode(text)]


def test_special_pieces_are_where_paligemma_has_them() -> None:
    assert SMALL.vocab_size == 1024
    assert (SMALL.pad_id, SMALL.eos_id, SMALL.bos_id) == (0, 1, 2)
    prefix = SMALL.encode_prefix("what color is the mug?")
    assert prefix[0] == 2
    assert prefix[-1] == SMALL.newline_id
    assert SMALL.encode_suffix("red") == (*SMALL.encode("red"), 1)


def test_every_digit_is_a_piece_of_its_own() -> None:
    assert pieces("1.25 m") == ["", "1", ".", "2", "5", "m"]
    digits = {SMALL.encode(digit)[-1] for digit in "0123456789"}
    assert len(digits) == 10


def test_words_of_the_worlds_are_single_pieces() -> None:
    words = {*COLORS, *(word for category in CATEGORIES for word in category.split())}
    words |= {"left", "right", "behind", "taller", "meters", "centimeters", "yes", "no", "How"}
    assert [word for word in sorted(words) if len(SMALL.encode(word)) != 1] == []


@given(st.text(alphabet=st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=20))
def test_any_word_comes_back(text: str) -> None:
    assert SMALL.decode(SMALL.encode(text)) == text.replace("▁", " ").strip()


def test_decoding_stops_at_the_end_and_skips_padding() -> None:
    ids = [SMALL.bos_id, *SMALL.encode("red mug"), SMALL.eos_id, *SMALL.encode("lamp"), 0]
    assert SMALL.decode(ids) == "red mug"
    assert SMALL.decode([0, 0]) == ""


def test_a_newline_in_a_text_is_the_newline_piece() -> None:
    assert SMALL.newline_id in SMALL.encode("red\nmug")


def test_it_travels_to_another_process() -> None:
    twin = copy.deepcopy(SMALL)  # by the state that a pickle would carry
    assert twin.encode_prefix("how far?") == SMALL.encode_prefix("how far?")


def test_unreadable_tokenizers_are_named(tmp_path: Path) -> None:
    with pytest.raises(TokenizerError, match=r"nowhere\.model cannot be read \(No such file"):
        Tokenizer.from_config(str(tmp_path / "nowhere.model"))
    bad = tmp_path / "bad.model"
    bad.write_bytes(b"not a model")
    with pytest.raises(TokenizerError, match=r"bad\.model: the tokenizer is not a SentenceP"):
        Tokenizer.from_config(str(bad))


def test_a_tokenizer_with_other_special_pieces_is_refused(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("the red mug\n" * 10)
    sentencepiece.SentencePieceTrainer.train(
        input=str(text), model_prefix=str(tmp_path / "other"), vocab_size=12, minloglevel=2
    )
    with pytest.raises(TokenizerError, match=r"at \(-1, 2, 1\), not \(0, 1, 2\)"):
        Tokenizer.from_config(str(tmp_path / "other.model"))
