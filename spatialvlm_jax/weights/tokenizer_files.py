"""The tokenizer of a Hugging Face folder, made from the SentencePiece model that a run read.

`tokenizer.json` says the same as the model in the terms of the tokenizers library: no class of
transformers rebuilds it, because those know Gemma's vocabulary alone.
"""

import json
from collections.abc import Iterator
from typing import Any

from spatialvlm_jax.weights.pieces import WeightsError

IMAGE_TOKEN = "<image>"
_SPACE = "\N{LOWER ONE EIGHTH BLOCK}"
# Kinds of pieces and of models, as SentencePiece numbers them.
_NORMAL, _UNKNOWN, _CONTROL, _USER_DEFINED = 1, 2, 3, 4
_UNIGRAM, _BPE = 1, 2


def tokenizer_files(model: bytes, image_id: int) -> dict[str, bytes]:
    """The files from which `AutoProcessor` makes a PaliGemma's tokenizer, by name.

    Args:
      model: a serialised SentencePiece model; pieces 0 to 2 are padding, end and beginning.
      image_id: the token that stands for a place of the image, the first that is no word.

    Raises:
      WeightsError: the vocabulary does not fit the model, or needs what tokenizers does not have.
    """
    proto = _parse(model)
    description = describe_tokenizer(proto, image_id)
    names = {
        "bos_token": proto.pieces[2].piece,
        "eos_token": proto.pieces[1].piece,
        "pad_token": proto.pieces[0].piece,
        "unk_token": _unknown(proto)[1],
        "additional_special_tokens": [IMAGE_TOKEN],
    }
    added = {
        str(token["id"]): {name: value for name, value in token.items() if name != "id"}
        for token in description["added_tokens"]
    }
    settings = {
        "added_tokens_decoder": added,
        **names,
        "add_bos_token": False,  # the processor puts it behind the image
        "add_eos_token": False,
        "clean_up_tokenization_spaces": False,
        "padding_side": "left",  # answers go on where questions end
        "processor_class": "PaliGemmaProcessor",
        "tokenizer_class": "PreTrainedTokenizerFast",
    }
    return {
        "tokenizer.model": model,
        "tokenizer.json": _json(description, indent=None),
        "tokenizer_config.json": _json(settings),
        "special_tokens_map.json": _json(names),
    }


def _json(content: Any, *, indent: int | None = 2) -> bytes:
    return (json.dumps(content, ensure_ascii=False, indent=indent) + "\n").encode()


def _parse(model: bytes) -> Any:
    import sentencepiece
    from sentencepiece import sentencepiece_model_pb2

    try:
        sentencepiece.SentencePieceProcessor().LoadFromSerializedProto(model)
    except RuntimeError as error:
        raise WeightsError(f"the tokenizer is not a SentencePiece model ({error})") from None
    messages: Any = sentencepiece_model_pb2
    return messages.ModelProto.FromString(model)


def describe_tokenizer(proto: Any, image_id: int) -> dict[str, Any]:
    """The content of `tokenizer.json`.

    Args:
      proto: a SentencePiece model.
      image_id: of the token for the image.

    Raises:
      WeightsError: as `tokenizer_files`.
    """
    _check(proto, image_id)
    is_unigram = proto.trainer_spec.model_type == _UNIGRAM
    added = [_added(number, piece, is_unigram) for number, piece in enumerate(proto.pieces)]
    image = {"id": image_id, "content": IMAGE_TOKEN, **_taken_as_is(special=True)}
    prefixed = proto.normalizer_spec.add_dummy_prefix
    begins = [{"type": "Prepend", "prepend": _SPACE}] if prefixed else []
    replaced = {"type": "Replace", "pattern": {"String": " "}, "content": _SPACE}
    restored = {"type": "Replace", "pattern": {"String": _SPACE}, "content": " "}
    stripped = [{"type": "Strip", "content": " ", "start": 1, "stop": 0}] if prefixed else []
    decoders = [restored, {"type": "ByteFallback"}, {"type": "Fuse"}, *stripped]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [*(token for token in added if token), image],
        "normalizer": {"type": "Sequence", "normalizers": [*begins, replaced]},
        "pre_tokenizer": None,
        "post_processor": None,
        "decoder": {"type": "Sequence", "decoders": decoders},
        "model": _unigram(proto, image_id) if is_unigram else _bpe(proto, image_id),
    }


def _check(proto: Any, image_id: int) -> None:
    """Refuses a vocabulary that the files would not read as SentencePiece does."""
    if len(proto.pieces) > image_id:
        raise WeightsError(
            f"the tokenizer has {len(proto.pieces):,} pieces and the model {image_id:,} words: it "
            "is not the one that the run read"
        )
    normalizer, trainer = proto.normalizer_spec, proto.trainer_spec
    has_own = any(piece.type == _USER_DEFINED for piece in proto.pieces)
    found = {
        "is neither Unigram nor BPE": trainer.model_type not in (_UNIGRAM, _BPE),
        "normalises characters": bool(normalizer.precompiled_charsmap),
        "drops spaces": normalizer.remove_extra_whitespaces,
        "keeps spaces": not normalizer.escape_whitespaces,
        "puts spaces behind words": trainer.treat_whitespace_as_suffix,
        f"has an {IMAGE_TOKEN} among its words": any(x.piece == IMAGE_TOKEN for x in proto.pieces),
        "has a line end within a piece": any(
            "\n" in piece.piece and piece.piece.strip("\n") for piece in proto.pieces
        ),
        "is BPE with pieces of its user and a space in front of texts": (
            trainer.model_type == _BPE and has_own and normalizer.add_dummy_prefix
        ),
    }
    reasons = [reason for reason, holds in found.items() if holds]
    if reasons:
        raise WeightsError(
            f"the tokenizer {', '.join(reasons)}, which a tokenizer.json cannot say in the same "
            "words: --tokenizer=none leaves it out, and whoever serves the folder brings their own"
        )


def _taken_as_is(*, special: bool, normalized: bool = False) -> dict[str, bool]:
    flags = {"single_word": False, "lstrip": False, "rstrip": False}
    return {**flags, "normalized": normalized, "special": special}


def _added(number: int, piece: Any, is_unigram: bool) -> dict[str, Any] | None:
    """A piece that is looked for in texts before the model sees them."""
    if piece.type in (_UNKNOWN, _CONTROL):
        return {"id": number, "content": piece.piece, **_taken_as_is(special=True)}
    if piece.type == _USER_DEFINED and not is_unigram:
        flags = _taken_as_is(special=False, normalized=True)
        return {"id": number, "content": piece.piece, **flags}
    return None


def _unknown(proto: Any) -> tuple[int, str]:
    """Number and text of the piece for what no other piece covers; SentencePiece always has it."""
    return next((i, x.piece) for i, x in enumerate(proto.pieces) if x.type == _UNKNOWN)


def _fillers(proto: Any, image_id: int) -> list[str]:
    """Names for words of the model that the tokenizer does not have, so that the image follows."""
    return [f"<unused_word_{number}>" for number in range(len(proto.pieces), image_id)]


def _unigram(proto: Any, image_id: int) -> dict[str, Any]:
    """A user's pieces win over any other spelling, by the score that SentencePiece gives them."""
    scores = [piece.score for piece in proto.pieces if piece.type == _NORMAL]
    best, worst = max(scores, default=0.0), min(scores, default=0.0)

    def score(piece: Any) -> float:
        is_own = piece.type == _USER_DEFINED
        return len(piece.piece.encode()) * best - 0.1 if is_own else float(piece.score)

    vocabulary: list[list[Any]] = [[piece.piece, score(piece)] for piece in proto.pieces]
    return {
        "type": "Unigram",
        "unk_id": _unknown(proto)[0],
        "vocab": vocabulary + [[name, worst] for name in _fillers(proto, image_id)],
        "byte_fallback": proto.trainer_spec.byte_fallback,
    }


def _bpe(proto: Any, image_id: int) -> dict[str, Any]:
    names = [*(piece.piece for piece in proto.pieces), *_fillers(proto, image_id)]
    return {
        "type": "BPE",
        "dropout": None,
        "unk_token": _unknown(proto)[1],
        "continuing_subword_prefix": None,
        "end_of_word_suffix": None,
        "fuse_unk": True,
        "byte_fallback": proto.trainer_spec.byte_fallback,
        "ignore_merges": False,
        "vocab": {name: number for number, name in enumerate(names)},
        "merges": list(_merges(proto)),
    }


def _merges(proto: Any) -> Iterator[list[str]]:
    """Pairs in the order in which SentencePiece joins them: those of the best piece first."""
    known = {piece.piece for piece in proto.pieces if piece.type == _NORMAL}
    for piece in sorted(proto.pieces, key=lambda piece: -piece.score):
        text = piece.piece
        for cut in range(1, len(text)) if piece.type == _NORMAL else ():
            if text[:cut] in known and text[cut:] in known:
                yield [text[:cut], text[cut:]]
