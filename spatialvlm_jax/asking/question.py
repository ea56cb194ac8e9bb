"""A question as it is put to a model, and what comes back."""

import argparse
import dataclasses
import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, Protocol

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.evaluation.benchmarks.item import Benchmark, Item
from spatialvlm_jax.evaluation.benchmarks.regions import call_by_names
from spatialvlm_jax.evaluation.tracks import CAMERA, PIXELS
from spatialvlm_jax.inference.picture import Picture

BOXES = "boxes"  # the track on which regions are drawn
NAMES = "names"  # on which they are called by their names
By = Literal["words", "likelihood", "texts", "texts_per_token"]
# What a reply is, where there is a choice and it is not generated.
CHOSEN: Mapping[str, str] = {
    "likelihood": "the likeliest letter, or yes or no",
    "texts": "the option whose text is likeliest, log-likelihoods of tokens summed",
    "texts_per_token": "the option whose text is likeliest, the mean log-likelihood of its tokens",
}
_BOXES_SAID = "Each region is drawn as a box with its number."


class AskingStopped(UserError):
    """No other question can be asked now; what was answered is kept."""


@dataclasses.dataclass(frozen=True)
class Manner:
    """How questions are put.

    track: what is shown. by: a reply is generated ("words"), or the likeliest is taken, as `CHOSEN`
    tells. max_tokens: of a reply; None leaves it to the model.
    temperature: of replies that are drawn; 0 takes the likeliest words. seed: of the draws.
    """

    track: str
    by: By = "words"
    max_tokens: int | None = None
    temperature: float = 0.0
    seed: int = 0

    def seed_of(self, question: "Question") -> int:
        """Of a question's own draws, 0 to 2**32 - 1."""
        return zlib.crc32(f"{self.seed} {question.item.id} {question.digest}".encode())


@dataclasses.dataclass(frozen=True)
class Question:
    """One question.

    prompt: as it is put. candidates: replies to choose from by likelihood; none: one is generated.
    digest: of all that may change the reply, but for the model and the picture.
    by: how it is answered. texts: whose likelihoods are taken, one of each candidate.
    """

    item: Item
    prompt: str
    candidates: tuple[str, ...]
    digest: str
    by: By = "words"
    texts: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Reply:
    """What a model said to the question of an id, or why it said nothing.

    tied: options that are likeliest alike, `text` among them; () where one alone is.
    """

    id: str
    text: str = ""
    failure: str = ""
    tied: tuple[str, ...] = ()


def manner_of(args: argparse.Namespace, track: str, by: By = "words") -> Manner:
    """How questions are put.

    Raises:
      UserError: flags of draws are given where nothing is drawn.
    """
    if args.draws_seed is not None and not args.temperature:
        raise UserError("--draws-seed is of replies that are drawn: give --temperature, too")
    if args.temperature and by != "words":
        raise UserError(f"--by={by} takes the likeliest: leave out --temperature")
    return Manner(track, by, args.max_tokens, args.temperature, args.draws_seed or 0)


class Respondent(Protocol):
    """A model that is asked."""

    @property
    def name(self) -> str:
        """In tables."""

    @property
    def identity(self) -> str:
        """What tells it from others, changed weights too."""

    @property
    def is_told_cameras(self) -> bool:
        """Whether what is known of a picture's camera reaches it."""

    def check(self, manner: Manner) -> None:
        """Raises UserError where it cannot be asked so."""

    def replies(self, asked: Iterable[tuple[Question, Picture]], manner: Manner) -> Iterator[Reply]:
        """Its reply to each question, in any order, as they come."""


def shows_one_picture(benchmark: Benchmark) -> bool:
    """Whether questions show one, or some of them do."""
    return benchmark.pictures not in ("several", "video")


def check_can_be_asked(benchmark: Benchmark, manner: Manner) -> None:
    """Raises UserError where one picture does not suffice, or no model here is shown so."""
    benchmark.check_track(manner.track)
    if not shows_one_picture(benchmark):
        shown = "a video" if benchmark.pictures == "video" else "several pictures"
        raise UserError(
            f"each question of {benchmark.name} shows {shown}, and a model is asked about one "
            "here: mark what others' models said, by --said=DIR or by spatialvlm score "
            f"--benchmark={benchmark.name}"
        )
    if manner.track not in (PIXELS, CAMERA, BOXES, NAMES):
        remedy = f"--track={BOXES}" if benchmark.tracks else f"--track={PIXELS}"
        raise UserError(
            f"no model can be asked with track {manner.track} here: its files tell nothing of it; "
            f"ask with {remedy}, or score what others' models said"
        )


def put_question(item: Item, manner: Manner, shown: str = "") -> Question:
    """The question as it is put.

    Args:
      shown: names what is shown in the stead of its own picture.
    """
    candidates = candidates_of(item, manner.by)
    by_text = bool(candidates and item.options) and manner.by.startswith("texts")
    texts = tuple(item.options.values()) if by_text else candidates
    prompt = item.question if by_text else item.prompt  # which asks for a letter
    if manner.track == BOXES:
        prompt = f"{_BOXES_SAID}\n{prompt}"
    elif manner.track == NAMES:
        prompt = call_by_names(prompt, item.names)
    told: list[Any] = [prompt, manner.track, list(candidates), manner.max_tokens]
    told += [shown] if shown else []
    told += [{"by": manner.by, "texts": texts}] if by_text else []
    if manner.temperature and not candidates:
        told += [{"temperature": manner.temperature, "seed": manner.seed}]
    digest = hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]
    return Question(item, prompt, candidates, digest, manner.by if candidates else "words", texts)


def candidates_of(item: Item, by: By) -> tuple[str, ...]:
    """The replies that a question lets one choose from: letters, yes and no, or none.

    Letters are no choice by texts where these stand in the question alone.
    """
    if by == "words" or (by != "likelihood" and not all(item.options.values())):
        return ()
    if item.options:
        return tuple(item.options)
    return ("yes", "no") if item.answer in ("yes", "no") else ()
