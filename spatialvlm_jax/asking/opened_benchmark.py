"""A benchmark's questions from its files, and what is shown with each."""

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

from spatialvlm_jax.asking.gather import ShowQuestions
from spatialvlm_jax.asking.pictures import show_pictures
from spatialvlm_jax.asking.question import (
    BOXES,
    NAMES,
    Manner,
    Question,
    check_can_be_asked,
)
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.evaluation.benchmarks.item import Benchmark, Item
from spatialvlm_jax.evaluation.benchmarks.loading import as_found, load_questions
from spatialvlm_jax.evaluation.benchmarks.pictures import PictureFolder
from spatialvlm_jax.evaluation.benchmarks.regions import why_not_by_names
from spatialvlm_jax.evaluation.tracks import PIXELS
from spatialvlm_jax.experiment import PictureProbe
from spatialvlm_jax.inference.picture import Picture
from spatialvlm_jax.scene.altered_pictures import grey_like, next_in_ring

Shown = Iterator[tuple[Question, Picture | str]]


@dataclasses.dataclass(frozen=True)
class OpenedBenchmark:
    """A benchmark whose questions are asked.

    place: its files. folder: its pictures, None where they are in its files. items: its questions.
    left_out: how many of its records lacked a field or a picture. manner: how they are asked.
    """

    benchmark: Benchmark
    place: Path
    folder: PictureFolder | None
    items: tuple[Item, ...]
    left_out: int
    manner: Manner

    def pictures(
        self, items: Sequence[Item], track: str = ""
    ) -> Iterator[tuple[Item, Picture | str]]:
        """Each of some questions with its picture, or with why there is none.

        Args:
          track: what is shown of them; "" as they are asked.
        """
        track = track or self.manner.track
        return show_pictures(self.benchmark, self.place, items, self.folder, track)

    def show(self, pending: Sequence[Question]) -> Shown:
        """The same of questions as they are put."""
        questions = {question.item.id: question for question in pending}
        for item, picture in self.pictures([question.item for question in pending]):
            yield questions[item.id], picture


def open_benchmark(
    benchmark: Benchmark,
    place: Path,
    images: Path | None,
    manner: Manner,
    *,
    allow_missing: bool = False,
    most: int | None = None,
) -> OpenedBenchmark:
    """Reads a benchmark's questions, and finds that each has its picture.

    Args:
      images: the folder of its pictures; None: they are in its files, or in the folder of those.
      most: questions, as `Benchmark.some` takes them; None takes all.

    Raises:
      UserError: it cannot be asked, or a record lacks a field or a picture.
    """
    check_can_be_asked(benchmark, manner)
    benchmark = as_found(benchmark, place)
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
    if most is not None:
        items = benchmark.some(items, most)
    return OpenedBenchmark(benchmark, place, folder, items, len(questions.missing), manner)


@dataclasses.dataclass(frozen=True)
class AlteredPictures:
    """What a probe shows in the stead of each question's own picture.

    names: what tells it, by the ids of the questions. show: finds it.
    """

    names: dict[str, str]
    show: ShowQuestions


def alter_pictures(
    opened: OpenedBenchmark, items: Sequence[Item], probe: PictureProbe
) -> AlteredPictures:
    """A grey picture of the same size, or that of another question.

    The latter is shown as it is with its own question: with its regions drawn, and with its camera
    told, where such is the track.

    Args:
      items: that are asked; the pictures of these alone are shown.

    Raises:
      UserError: there is no other picture.
    """
    if probe == "blind":
        return AlteredPictures(
            {item.id: "grey" for item in items}, lambda pending: _grey(opened.show(pending))
        )
    try:
        following = next_in_ring(item.image_id for item in items)
    except ValueError as error:
        raise UserError(f"{opened.benchmark.name}: {error}: leave out --probes={probe}") from None
    first = {item.image_id: item for item in reversed(items)}
    by_names = opened.manner.track == NAMES

    def show(pending: Sequence[Question]) -> Shown:
        asked: dict[str, list[Question]] = {}
        for question in pending:
            item = question.item
            if by_names and (why := why_not_by_names(item.prompt, item.names)):
                yield question, why
            else:
                asked.setdefault(following[item.image_id], []).append(question)
        # Names are in the prompt: the other question's do not matter for its picture.
        track = PIXELS if by_names else ""
        for item, picture in opened.pictures([first[name] for name in asked], track):
            for question in asked[item.image_id]:
                yield question, picture

    return AlteredPictures({item.id: following[item.image_id] for item in items}, show)


def _grey(shown: Shown) -> Shown:
    last: tuple[Picture, Picture] | None = None
    for question, picture in shown:
        if isinstance(picture, str):
            yield question, picture
            continue
        if last is None or last[0] is not picture:
            last = picture, dataclasses.replace(picture, image=grey_like(picture.image))
        yield question, last[1]
