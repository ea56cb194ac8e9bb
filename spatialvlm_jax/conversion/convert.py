"""From a public set to a stored one, with the generator's pipeline: sharded, resumable, counted.

Beside what the pipeline writes lies what became of the questions (`question_counts`).
"""

import collections
import contextlib
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from spatialvlm_jax import progress
from spatialvlm_jax.conversion.formats import FORMATS, Format, Request, build_reader
from spatialvlm_jax.conversion.held_out import HoldOut, check_apart, hold_out
from spatialvlm_jax.conversion.items import AskedImage, Tally, group_by_image, write_items
from spatialvlm_jax.conversion.question_counts import QuestionCounts, write_questions
from spatialvlm_jax.conversion.rows import SourceRow
from spatialvlm_jax.conversion.source import ConvertedSource
from spatialvlm_jax.conversion.truths import says_number
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.flags import shorten
from spatialvlm_jax.generation.execution.making import Making
from spatialvlm_jax.generation.outcomes import Rejected
from spatialvlm_jax.generation.pipeline import Report, generate_dataset
from spatialvlm_jax.generation.stages import NO_STAGES
from spatialvlm_jax.storage.only_writer import FolderInUseError

VALIDATION = "validation"
_PROBES = 16


def convert(
    request: Request,
    directory: Path,
    *,
    name: str = "",
    split: str = "train",
    held_out: HoldOut | None = None,
    workers: int = 1,
    quiet: bool = False,
    making: Making | None = None,
) -> tuple[Report, QuestionCounts]:
    """Makes, or goes on making, a stored data set of a public one, or a split beside others.

    The questions are read anew each time, which takes seconds to minutes; images that are stored
    already are not. Bytes do not depend on `workers`.

    Args:
      name: the type of its pairs and the beginning of its image ids; by default the format's.
      split: what the stored split is called.
      held_out: images that go to the split "validation" instead.
      making: by which command this is, for the card; None if it shall not tell.

    Returns:
      What became of the images, and of the questions, of these splits.

    Raises:
      UserError: the files cannot be read, do not belong together, `directory` holds another set, or
        another split with one of the pictures.
    """
    name, reader = name or request.format, build_reader(request)
    directory.mkdir(parents=True, exist_ok=True)
    items = group_by_image(_counted(reader.rows(), quiet), reader.image)
    if not items:
        raise UserError(f"there is no question in {request.questions or request.data}")
    _check_some_question_is_good(items)
    items, splits = _divide(items, reader.image, split, held_out, quiet)
    check_apart(items, reader.image, directory, splits, quiet=quiet)
    with _items_file(items, directory) as (path, tally):
        rejections = _rejections(items, name)
        unread = _unread_numbers(items) if request.kind == "auto" else ""
        del items
        source = ConvertedSource(reader, path, name, _description(request, tally))
        _check_some_image_is_there(source, FORMATS[request.format])
        report = generate_dataset(
            source,
            splits,
            directory,
            stages=NO_STAGES,
            workers=workers,
            quiet=quiet,
            adds=True,
            making=making,
        )
    counts = _count_questions(tally, stored=report.pairs)
    write_questions(directory, splits, counts, rejections)
    if unread:
        logging.warning("%s: %s", directory, unread)
    return report, counts


def _count_questions(tally: Tally, stored: int) -> QuestionCounts:
    """What became of the questions; those that are neither stored nor rejected went with images."""
    rejected = sum(tally.faults.values())
    lost = tally.questions - rejected - stored
    return QuestionCounts(tally.questions, stored, rejected, lost, tally.faults)


@contextlib.contextmanager
def _items_file(items: Sequence[AskedImage], directory: Path) -> Iterator[tuple[Path, Tally]]:
    """The file of the items while the set is made, and what is in it.

    Another conversion in this directory, which the pipeline refuses, writes a file of its own, and
    leaves the one that is in use if it holds the same.
    """
    partial = directory / f".items-{os.getpid()}.array_record"
    tally = write_items(items, partial)
    del items
    path = directory / f".items-{tally.digest[:16]}.array_record"
    of_another = path.exists()
    partial.rename(path)
    try:
        yield path, tally
    except FolderInUseError:
        if not of_another:
            path.unlink()
        raise
    except BaseException:
        path.unlink()
        raise
    path.unlink()


def _rejections(items: Iterable[AskedImage], name: str) -> list[dict[str, str]]:
    """Image and reason of each question that cannot be used."""
    return [
        {"image_id": f"{name}/{item.image_id}", "reason": fault}
        for item in items
        for fault in item.faults
    ]


def _unread_numbers(items: Iterable[AskedImage]) -> str:
    """How many answers say a number and are no quantity all the same, "" if none does."""
    answers = [
        pair.answer
        for item in items
        for pair in item.pairs
        if pair.truth.kind == "general" and says_number(pair.answer)
    ]
    if not answers:
        return ""
    return (
        f"{len(answers)} answers with a number stay general, as {shorten(answers[0])!r}: give "
        "value and unit of those that measure"
    )


def _divide(
    items: list[AskedImage],
    image: Callable[[str], bytes],
    split: str,
    held_out: HoldOut | None,
    quiet: bool,
) -> tuple[list[AskedImage], dict[str, int]]:
    """The items, split after split, and the images of each."""
    if held_out is None:
        return items, {split: len(items)}
    items, number = hold_out(items, image, held_out, quiet=quiet)
    return items, {split: len(items) - number, VALIDATION: number}


def _description(request: Request, tally: Tally) -> dict[str, Any]:
    """What the stored bytes depend on: whatever of the request matters shows in the items."""
    words = {"answer_map": dict(request.answer_map)} if request.answer_map else {}
    return {"format": request.format, "items": tally.digest, **words}


def _counted(rows: Iterable[SourceRow], quiet: bool) -> Iterator[SourceRow]:
    yield from progress.bar(rows, desc="read", unit="record", quiet=quiet)


def _check_some_question_is_good(items: Sequence[AskedImage]) -> None:
    """Raises UserError if not one question can be used, naming the reason of most."""
    if not any(item.pairs for item in items):
        faults = collections.Counter(fault for item in items for fault in item.faults)
        (fault, count), *_ = faults.most_common(1)
        raise UserError(
            f"not one of {faults.total()} questions can be used; of {count} the reason is: {fault}"
        )


def _check_some_image_is_there(source: ConvertedSource, form: Format) -> None:
    """Raises UserError if none of a few images, spread over all, can be found."""
    size = len(source)
    spread = sorted({size * probe // _PROBES for probe in range(_PROBES)})
    seen = source.observe(spread)
    lost = [entry for entry in seen if isinstance(entry, Rejected) and entry.stage == "image"]
    if len(lost) == len(seen):
        names = " and, if its files have other names, --image-name"
        raise UserError(
            f"of {len(seen)} images tried not one is there; the first: {lost[0]}. Check "
            f"--{'images' if 'images' in form.needs else 'data'}"
            + (names if "image_name" in form.uses else "")
        )
