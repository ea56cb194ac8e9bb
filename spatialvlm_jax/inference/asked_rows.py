"""Pictures and what is asked about them, filled up to few shapes: each is compiled once."""

import dataclasses
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax

from spatialvlm_jax.batch import CameraInput
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.inference.asked_questions import PutWords
from spatialvlm_jax.inference.picture import Picture
from spatialvlm_jax.inputs.pictures import Placement

# Questions are filled up to one of these, and their tokens too, so that few shapes are compiled.
QUESTION_BUCKETS = (1, 4, 16, 32)
# The longest prompt of a benchmark, Spatial457's, has some 1,050 tokens of the small vocabulary.
PREFIX_BUCKETS = (32, 64, 128, 256, 512, 1024, 1536)
_SHORT_PREFIXES, _MANY = 16, 16  # another one, where so many are asked that it pays
PICTURE_BUCKETS = (1, 2, 4, 8)  # likewise of pictures
MOST_PICTURES, MOST_QUESTIONS = PICTURE_BUCKETS[-1], QUESTION_BUCKETS[-1]


@dataclasses.dataclass(frozen=True, eq=False)
class AskedRow:
    """What is asked about one picture, as words and as it is put.

    told: what the model is told of its camera. place: where it comes to lie in the square.
    """

    picture: Picture
    told: CameraInput
    place: Placement | None
    asked: Sequence[PutWords]
    prefixes: Sequence[tuple[int, ...]]


class ReadyRows(NamedTuple):
    """What programs take of B pictures with S questions about each, of P tokens.

    embeddings: one of each picture. tokens: int32[B, S, P]. lengths: int32[B, S].
    words: of `CameraInput`, or None.
    """

    embeddings: Sequence[jax.Array]
    tokens: Any
    lengths: Any
    words: Any


def filled_shape(rows: Sequence[AskedRow]) -> tuple[int, int, int]:
    """Pictures, questions about each and their tokens, filled up: each is compiled once."""
    slots = filled_up(max(len(row.asked) for row in rows), QUESTION_BUCKETS)
    pictures = filled_up(len(rows), PICTURE_BUCKETS)
    widths = (_SHORT_PREFIXES, *PREFIX_BUCKETS) if slots * pictures >= _MANY else PREFIX_BUCKETS
    width = filled_up(max(len(tokens) for row in rows for tokens in row.prefixes), widths)
    return pictures, slots, width


def filled_up(count: int, buckets: Sequence[int]) -> int:
    """The smallest of `buckets` that holds `count`; raises UserError where none does."""
    if count > buckets[-1]:
        raise UserError(f"{count} at once: ask about at most {buckets[-1]}")
    return next(each for each in buckets if each >= count)


def plain_words(question: str) -> str:
    """A question in one line, as a line end ends a prefix; raises UserError where it is none."""
    words = " ".join(question.split())
    try:
        words.encode()
    except UnicodeEncodeError:
        raise UserError("a question is not in UTF-8") from None
    if not words:
        raise UserError("a question is empty")
    return words
