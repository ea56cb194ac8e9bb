"""Held-out questions as other models than a run's own are asked them, here or elsewhere."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from data_loaders.evaluation import held_out_questions
from data_loaders.held_out import HeldOut
from spatialvlm_jax.asking.question import Question
from spatialvlm_jax.atomic_write import whole_file, write_json_lines
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.evaluation.answers import people_said
from spatialvlm_jax.evaluation.benchmarks.item import Item
from spatialvlm_jax.experiment import Experiment, Probe
from spatialvlm_jax.inference.picture import Picture
from spatialvlm_jax.scene.altered_pictures import grey_like
from spatialvlm_jax.scene.camera import tell
from spatialvlm_jax.storage.codec import encode_png


@dataclasses.dataclass(frozen=True, eq=False)
class WordedQuestion:
    """A held-out question as another model is asked it.

    chosen: the image's, all its questions. slot: which of them. item: its id and its prompt.
    """

    chosen: HeldOut
    slot: int
    item: Item

    @property
    def shown_instead(self) -> str:
        """What names another picture than its own; "" for its own."""
        if self.chosen.shown is None:
            return "grey"
        source, index = self.chosen.shown
        return "" if self.chosen.shown == self.chosen.place else f"{source.name}/{index}"


def word_questions(experiment: Experiment, probe: Probe | None = None) -> list[WordedQuestion]:
    """The questions of a configuration, in its order.

    A prompt is the question as the set has it, in `eval.prefix_template` where that is set.
    """
    template = experiment.eval.prefix_template or "{question}"
    return [
        WordedQuestion(chosen, slot, _item(chosen, slot, template))
        for chosen in held_out_questions(experiment, probe)
        for slot in range(len(chosen.records))
    ]


def _item(chosen: HeldOut, slot: int, template: str) -> Item:
    record = chosen.records[slot]
    return Item(
        id=chosen.ids[slot],
        question=record.question,
        prompt=template.replace("{question}", record.question),
        answer=record.answer,
        answers=people_said(record),
        image_id=f"{chosen.source.name}/{chosen.image_id}",
    )


def show_held_out(
    pending: Sequence[Question], places: Mapping[str, HeldOut]
) -> Iterator[tuple[Question, Picture]]:
    """The questions with their pictures; those one after another about one have the same object.

    Of the camera a picture tells what its set lets it.

    Args:
      places: by the ids of the questions, which must be in the order of their pictures.
    """
    last: tuple[HeldOut, Picture] | None = None
    for question in pending:
        chosen = places[question.item.id]
        if last is None or last[0] is not chosen:
            last = chosen, picture_of(chosen)
        yield question, last[1]


def picture_of(chosen: HeldOut) -> Picture:
    """What is shown with its questions."""
    source, index = chosen.shown or chosen.place
    example = source.at(index).example
    image = example.image()
    shown = image if chosen.shown else grey_like(image)
    return Picture(shown, tell(example.camera(), source.told))


def save_worded_questions(questions: Sequence[WordedQuestion], folder: Path) -> None:
    """Writes the questions for models that are asked elsewhere, without the truths.

    FOLDER/questions.jsonl has {"id", "image", "prompt", "image_id"} a line, and FOLDER/pictures the
    pictures; "image" is relative to FOLDER.

    Raises:
      UserError: the folder is not empty, or a picture cannot be read.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"--questions-out={folder} is not an empty folder: name a new one")
    lines, last, pictures = [], None, 0
    for each in questions:
        if each.chosen is not last:
            last, pictures = each.chosen, pictures + 1
            name = f"pictures/{pictures:06d}.png"
            with whole_file(folder / name) as temporary:
                temporary.write_bytes(encode_png(picture_of(each.chosen).image))
        item = each.item
        line = {"id": item.id, "image": name, "prompt": item.prompt, "image_id": item.image_id}
        lines.append(line)
    write_json_lines(folder / "questions.jsonl", lines)
    print(f"{folder}/questions.jsonl: {len(lines):,} questions about {pictures:,} pictures")
