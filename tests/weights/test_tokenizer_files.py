"""`tokenizer.json` reads texts as the SentencePiece model does."""

import io
import json
from typing import Any

import pytest
import sentencepiece
from hypothesis import given, settings
from hypothesis import strategies as st

from spatialvlm_jax.weights.pieces import WeightsError
from spatialvlm_jax.weights.run_record import SHIPPED_TOKENIZERS
from spatialvlm_jax.weights.tokenizer_files import tokenizer_files

SHIPPED = SHIPPED_TOKENIZERS["small"].read_bytes()
TEXT = ["How far is the red mug from the lamp?", "About 0.25 m.", "the mug is 1.2 m away"] * 20
TEXTS = st.text("How far is the mug? 0123.\n<>/é漢🙂▁", max_size=40)


def trained(kind: str, **changes: Any) -> bytes:
    """A vocabulary of the kind that PaliGemma's is, but for changes."""
    model = io.BytesIO()
    plain = {
        "normalization_rule_name": "identity",
        "remove_extra_whitespaces": False,
        "add_dummy_prefix": False,
        "byte_fallback": True,
        "user_defined_symbols": ["\n", "\n\n", "<loc0000>"],
    }
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TEXT),
        model_writer=model,
        model_type=kind,
        vocab_size=310,
        hard_vocab_limit=False,
        pad_id=0,
        eos_id=1,
        bos_id=2,
        unk_id=3,
        minloglevel=2,
        num_threads=1,
        **{**plain, **changes},
    )
    return model.getvalue()


PREFIXED_BPE = {"add_dummy_prefix": True, "user_defined_symbols": []}
MODELS = {
    "shipped": lambda: SHIPPED,
    "bpe": lambda: trained("bpe"),
    "bpe with a space in front": lambda: trained("bpe", **PREFIXED_BPE),
    "unigram": lambda: trained("unigram"),
}


@pytest.mark.experts
@pytest.mark.parametrize("name", MODELS)
def test_texts_become_the_same_ids(name: str) -> None:
    from tokenizers import Tokenizer

    model = MODELS[name]()
    ours = sentencepiece.SentencePieceProcessor()
    ours.LoadFromSerializedProto(model)
    theirs = Tokenizer.from_str(tokenizer_files(model, 2000)["tokenizer.json"].decode())
    assert theirs.token_to_id("<image>") == 2000

    @settings(max_examples=300, deadline=None)
    @given(TEXTS)
    def same(text: str) -> None:
        assert theirs.encode(text, add_special_tokens=False).ids == ours.encode(text)

    same()
    text = "How far is the <loc0000> mug, 0.25 m?"
    assert theirs.decode(ours.encode(text)) == text


def test_pieces_of_the_user_are_looked_for_first() -> None:
    files = tokenizer_files(trained("bpe"), 2000)
    tokenizer = json.loads(files["tokenizer.json"])
    added = {token["content"]: token for token in tokenizer["added_tokens"]}
    assert added["<loc0000>"]["special"] is False
    assert added["<image>"]["id"] == len(tokenizer["model"]["vocab"]) == 2000
    scores = dict(json.loads(tokenizer_files(SHIPPED, 1024)["tokenizer.json"])["model"]["vocab"])
    assert scores["7"] == pytest.approx(-0.1)


@pytest.mark.parametrize(
    ("model", "image_id", "message"),
    [
        (lambda: b"none", 2000, "not a SentencePiece model"),
        (lambda: SHIPPED, 1000, "1,024 pieces and the model 1,000 words"),
        (lambda: trained("bpe", normalization_rule_name="nfkc"), 2000, "normalises characters"),
        (lambda: trained("bpe", remove_extra_whitespaces=True), 2000, "drops spaces"),
        (lambda: trained("bpe", add_dummy_prefix=True), 2000, "BPE with pieces of its user"),
        (lambda: trained("bpe", user_defined_symbols=["<image>"]), 2000, "<image> among its words"),
        (lambda: trained("word", byte_fallback=False), 2000, "neither Unigram nor BPE"),
    ],
)
def test_what_cannot_be_said_is_refused(model: Any, image_id: int, message: str) -> None:
    with pytest.raises(WeightsError, match=message):
        tokenizer_files(model(), image_id)
