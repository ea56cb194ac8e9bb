"""SentencePiece: PaliGemma's vocabulary by path, or a small one that is shipped.

All number their special pieces alike: 0 padding, 1 end of sequence, 2 beginning of sequence; all
have a piece for the newline that ends a prefix and one for each digit.
"""

import functools
import hashlib
from pathlib import Path

import sentencepiece

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.experiment import DataConfig, ModelConfig
from spatialvlm_jax.weights.run_record import SHIPPED_TOKENIZERS

_CACHED_TEXTS = 1 << 16


class TokenizerError(UserError):
    """A tokenizer that cannot be used; one line says why and what to do."""


class Tokenizer:
    """Text to token ids and back.

    Encodings are cached, because questions and answers of generated data recur; so ids are tuples.
    """

    pad_id = 0
    eos_id = 1
    bos_id = 2

    def __init__(self, model: bytes):
        """`model`: a serialised SentencePiece model.

        Raises:
          TokenizerError: it is not one, or its special pieces are not where ours are.
        """
        self._model = model
        self._load()

    def _load(self) -> None:
        processor = sentencepiece.SentencePieceProcessor()
        try:
            processor.LoadFromSerializedProto(self._model)
        except RuntimeError as error:
            raise TokenizerError(f"the tokenizer is not a SentencePiece model ({error})") from None
        found = (processor.pad_id(), processor.eos_id(), processor.bos_id())
        if found != (self.pad_id, self.eos_id, self.bos_id):
            raise TokenizerError(
                f"the tokenizer has padding, end and beginning at {found}, not (0, 1, 2) as "
                "PaliGemma's and the shipped one have"
            )
        self.newline_id = processor.piece_to_id("\n")
        if self.newline_id == processor.unk_id():
            raise TokenizerError("the tokenizer has no piece for the newline that ends a prefix")
        self._processor = processor
        self._encode = functools.lru_cache(_CACHED_TEXTS)(self._encode_uncached)

    @classmethod
    def from_config(cls, name: str) -> "Tokenizer":
        """The shipped tokenizer of a `name`, else the SentencePiece model at that path.

        Raises:
          TokenizerError: there is no such file, or it is not a usable model.
        """
        try:
            model = SHIPPED_TOKENIZERS.get(name, Path(name)).read_bytes()
        except OSError as error:
            raise TokenizerError(
                f"tokenizer {name} cannot be read ({error.strerror}); give the path of a "
                f"SentencePiece model, or the name of one that is shipped: "
                f"{', '.join(SHIPPED_TOKENIZERS)}"
            ) from None
        try:
            return cls(model)
        except TokenizerError as error:
            raise TokenizerError(f"{name}: {error}") from None

    def __getstate__(self) -> dict[str, bytes]:
        return {"_model": self._model}

    def __setstate__(self, state: dict[str, bytes]) -> None:
        self._model = state["_model"]
        self._load()

    def _encode_uncached(self, text: str) -> tuple[int, ...]:
        return tuple(self._processor.encode(text))

    @property
    def digest(self) -> str:
        """SHA-256 of the file that it was read from."""
        return hashlib.sha256(self._model).hexdigest()

    @property
    def vocab_size(self) -> int:
        """How many pieces there are."""
        return self._processor.vocab_size()

    def encode(self, text: str) -> tuple[int, ...]:
        """Ids of a text alone, without special pieces."""
        return self._encode(text)

    def encode_prefix(self, text: str) -> tuple[int, ...]:
        """BOS, the text, newline."""
        return (self.bos_id, *self._encode(text), self.newline_id)

    def encode_suffix(self, text: str) -> tuple[int, ...]:
        """The text, EOS."""
        return (*self._encode(text), self.eos_id)

    def decode(self, ids: "list[int] | tuple[int, ...]") -> str:
        """The text of ids up to the first EOS; padding and BOS are left out."""
        kept = []
        for token in map(int, ids):
            if token == self.eos_id:
                break
            if token not in (self.pad_id, self.bos_id):
                kept.append(token)
        return self._processor.decode(kept).strip()


def load_tokenizer(data: DataConfig, model: ModelConfig) -> Tokenizer:
    """The tokenizer of a run.

    Raises:
      TokenizerError: it cannot be read, or has more pieces than the model has embeddings.
    """
    tokenizer = Tokenizer.from_config(data.tokenizer)
    if tokenizer.vocab_size > model.decoder.vocab_size:
        raise TokenizerError(
            f"tokenizer {data.tokenizer!r} has {tokenizer.vocab_size} pieces, but the model embeds "
            f"{model.decoder.vocab_size}; set model.decoder.vocab_size"
        )
    return tokenizer
