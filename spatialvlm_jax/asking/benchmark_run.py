"""One model asked the questions of one benchmark, from its files to marked replies."""

import dataclasses
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from spatialvlm_jax.asking.gather import ShowQuestions, gather_replies
from spatialvlm_jax.asking.kept_replies import KeptReplies
from spatialvlm_jax.asking.pictures import SEVERAL, show_pictures
from spatialvlm_jax.asking.question import (
    BOXES,
    NAMES,
    Manner,
    Question,
    Respondent,
    check_can_be_asked,
    put_question,
)
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.evaluation.benchmarks.item import Benchmark, Item
from spatialvlm_jax.evaluation.benchmarks.loading import load_questions
from spatialvlm_jax.evaluation.benchmarks.pictures import PictureFolder
from spatialvlm_jax.evaluation.benchmarks.predictions import Prediction
from spatialvlm_jax.evaluation.benchmarks.report import ModelScores
from spatialvlm_jax.evaluation.benchmarks.scoring import score_replies
from spatialvlm_jax.inference.picture import Picture


@dataclasses.dataclass(frozen=True)
class BenchmarkRun:
    """A benchmark whose questions are asked.

    place: its files. folder: its pictures, None where they are in its files. items: its questions.
    left_out: how many of its records lacked a field or a picture.
    """

    benchmark: Benchmark
    place: Path
    folder: PictureFolder | None
    items: tuple[Item, ...]
    left_out: int


def open_benchmark(
    benchmark: Benchmark,
    place: Path,
    images: Path | None,
    manner: Manner,
    *,
    allow_missing: bool = False,
    most: int | None = None,
) -> BenchmarkRun:
    """Reads a benchmark's questions, and finds that each has its picture.

    Args:
      images: the folder of its pictures; None: they are in its files, or in the folder of those.
      most: questions, evenly spread over all; None takes all.

    Raises:
      UserError: it cannot be asked, or a record lacks a field or a picture.
    """
    check_can_be_asked(benchmark, manner)
    named = bool(benchmark.picture_field)
    if images is None and benchmark.stored is None:
        images = place if place.is_dir() else place.parent
    folder = PictureFolder(images) if images is not None and named else None
    questions = load_questions(benchmark, place, allow_missing, folder)
    items = questions.items
    if manner.track == NAMES and not any(item.names for item in items):
        raise UserError(
            f"no record of {place} has a field 'names', which the published files lack: add the "
            f"names of its regions in their order to each, or ask with --track={BOXES}"
        )
    if most is not None and most < len(items):
        items = tuple(items[len(items) * number // most] for number in range(most))
    return BenchmarkRun(benchmark, place, folder, items, len(questions.missing))


def ask_benchmark(
    respondent: Respondent, asked: BenchmarkRun, path: Path, manner: Manner
) -> ModelScores:
    """Asks what is not answered yet, keeps the replies, and marks all.

    Args:
      path: the file of the replies.

    Raises:
      AskingStopped: no other question can be asked now; the replies up to there are kept.
      UserError: the model cannot be asked so, or the file is of another one.
    """
    respondent.check(manner)
    kept = _open_kept(respondent, asked, path, manner)
    doing = f"{respondent.name}: {asked.benchmark.name}"
    show = _showing(asked, manner)
    gather_replies(respondent, kept, show, manner, doing=doing, keep=_is_lasting)
    return mark_kept(respondent.name, asked, kept, manner)


def marked_so_far(
    respondent: Respondent, asked: BenchmarkRun, path: Path, manner: Manner
) -> ModelScores | None:
    """What the file of replies holds, marked; None where it holds none."""
    kept = _open_kept(respondent, asked, path, manner)
    return mark_kept(respondent.name, asked, kept, manner) if kept.replies else None


def _open_kept(
    respondent: Respondent, asked: BenchmarkRun, path: Path, manner: Manner
) -> KeptReplies:
    constant = {
        "model": respondent.name,
        "weights": respondent.identity,
        "benchmark": asked.benchmark.name,
        "track": manner.track,
    }
    return KeptReplies(path, [put_question(item, manner) for item in asked.items], constant)


def _is_lasting(failure: str) -> bool:
    return failure == SEVERAL


def _showing(asked: BenchmarkRun, manner: Manner) -> ShowQuestions:
    """What finds the pictures of its questions."""

    def show(pending: Sequence[Question]) -> Iterator[tuple[Question, Picture | str]]:
        questions = {question.item.id: question for question in pending}
        items = [question.item for question in pending]
        for item, picture in show_pictures(
            asked.benchmark, asked.place, items, asked.folder, manner.track
        ):
            yield questions[item.id], picture

    return show


def mark_kept(name: str, asked: BenchmarkRun, kept: KeptReplies, manner: Manner) -> ModelScores:
    """The replies, marked; questions of several pictures are left out.

    Raises:
      UserError: there is no other question.
    """
    several = {key for key, reply in kept.replies.items() if reply.failure == SEVERAL}
    items = [item for item in asked.items if item.id not in several]
    if not items:
        raise UserError(
            f"all questions of {asked.benchmark.name} show several pictures: none was asked"
        )
    replies = {
        key: Prediction(reply.text, key, failure=reply.failure)
        for key, reply in kept.replies.items()
    }
    failures = Counter(
        reply.failure for key, reply in kept.replies.items() if reply.failure and key not in several
    )
    return ModelScores(
        model=name,
        track=manner.track,
        scores=score_replies(asked.benchmark, items, replies),
        several=len(several),
        left_out=asked.left_out,
        unasked=sum(item.id not in kept.replies for item in items),
        failures=dict(failures.most_common()),
    )
