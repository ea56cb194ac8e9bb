"""Spatial457: attributes, places, poses and collisions of rendered vehicles, in seven levels."""

import re
from collections.abc import Iterator
from pathlib import Path

from spatialvlm_jax.evaluation.benchmarks.free_text import answered_part
from spatialvlm_jax.evaluation.benchmarks.item import Benchmark, Item, Mark
from spatialvlm_jax.evaluation.benchmarks.marking import accuracy_by_group
from spatialvlm_jax.evaluation.benchmarks.rows import Row, parquet_rows, picture_table_rows
from spatialvlm_jax.evaluation.benchmarks.stored_pictures import StoredPictures
from spatialvlm_jax.evaluation.reading import verdicts
from spatialvlm_jax.evaluation.rules.spatial_457 import (
    answer_of_loose_template,
    answer_of_template,
    is_same_class,
    is_same_word,
)

# What the prompt of a level says is to be looked at.
_LEVELS = {
    "L1_single": "the objects",
    "L2_objects": "multiple objects",
    "L3_2d_spatial": (
        "multiple objects and their spatial relationship from 2D projected camera view"
    ),
    "L4_occ": "multiple objects and their occlusion relationships",
    "L4_pose": "multiple objects and their facing direction in 3D space from the camera view",
    "L5_6d_spatial": (
        "multiple objects and their spatial relationship from objects’ perspective in 3D space"
    ),
    "L5_collision": (
        "multiple objects and their potential collision given the assumption of moving direction "
        "in 3D space"
    ),
}
_LOOSE = re.compile(r"""["']?Answer["']?\s*:\s*["']?([^"'}\n]+)""", re.IGNORECASE)
# The prompt is VLMEvalKit's (Apache-2.0), by which the benchmark's project has it run.
_SIZES = "Small Large".split()
_SHAPES = (
    "Airliner,Dirtbike,Road bike,Tandem bike,Suv,Wagon,Scooter,Mountain bike,Minivan,Sedan,"
    "School bus,Fighter,Chopper,Double bus,Truck,Articulated bus,Cruiser,Jet,Utility bike,"
    "Regular bus,Biplane"
).split(",")
_COLORS = "Gray Blue Purple Brown Green Cyan Red Yellow".split()
_DIRECTIONS = "Left Right Front Back".split()
_BEGINS = (
    "You are an intelligent chatbot designed to answer questions based on an image. Your task is "
    "to analyze the images, identify attributes of {}, and then determine the answer to the "
    "question."
)
_FORM = (
    "First, you should identify the related objects refered in the questions, including their "
    "shape, color, size; then add a brief reasoning process about the questions. Each object in "
    "the image has a shape (e.g., 'airliner'), a size (only can be 'small' or 'large'), a color "
    "(e.g. 'blue'). The size of the object is either 'small' or 'large'. The color of the object "
    "is one of the following: 'gray', 'blue', 'purple', 'brown', 'green', 'cyan', 'red', 'yellow'. "
    "The direction of the object is one of the following: 'left', 'right', 'front', 'back'.\n\n"
    "Second, give the answer based on the reasoning process. The answer should only be (1) a "
    "phrase chosen from the following options: "
    f"{', '.join([*_SIZES, *_SHAPES, *_COLORS, *_DIRECTIONS])}, or (2) an integer [0-10] when "
    "asked for 'How many' or 'What is the number of', or (3) 'Yes' or 'No' when asked for 'Is "
    "there'. If you think there are no possible answers or the question is not clear, choose the "
    "best answer that fits the question.\n\n"
    "Write your response into this json template: "
    "{'Reasoning': '<your reasons>', 'Answer': '<Your answer>'}"
)


def _rows(place: Path) -> Iterator[Row]:
    if place.suffix == ".tsv" or (place.is_dir() and any(place.rglob("*.tsv"))):
        return picture_table_rows(place)
    return parquet_rows(place)


def _item(row: Row) -> Item:
    level, question = row.text("category"), row.text("question")
    if level not in _LEVELS:
        raise row.missing("category", f"is {level[:40]!r}, none of {', '.join(_LEVELS)}")
    number = row.optional("question_index")
    key = f"{level}/{number}" if number else row.text("index")
    return Item(
        id=key,
        question=question,
        prompt=f"{_BEGINS.format(_LEVELS[level])}\n{question}\n{_FORM}",
        answer=row.text("answer"),
        image_id=row.optional("image_filename") or key,
        group=level,
    )


def _official(item: Item, reply: str) -> Mark:
    said = answer_of_template(reply)
    return Mark(float(is_same_class(said, item.answer)), said.strip() or None)


def _by_lmms_eval(item: Item, reply: str) -> Mark:
    said = answer_of_loose_template(reply)
    return Mark(float(is_same_word(said, item.answer)), said or None)


def _robust(item: Item, reply: str) -> Mark:
    """What is answered, in the template or not; shapes are as exact as the question asks."""
    said = answered_part(reply)
    found = _LOOSE.findall(said)
    said = found[-1].strip() if found else said
    truth = item.answer.lower()
    if truth in ("yes", "no"):
        word: str | None = "no" if said.lower() == "none" else verdicts.read_yes_no(said)
        if word is None and (count := verdicts.read_count(said)) is not None:
            word = "yes" if count else "no"
    elif truth.isdecimal():
        number = verdicts.read_count(said)
        word = None if number is None else str(number)
    else:
        word = " ".join(verdicts.words_of(said)) or None
    return Mark(float(word == truth), word)


BENCHMARK = Benchmark(
    name="spatial_457",
    measures="attributes, places, occlusion, poses and collisions, in seven levels",
    size="questions of seven levels",
    licence="as its project states",
    project="Spatial457 (Wang et al., 2025)",
    site="https://xingruiwang.github.io/projects/Spatial457",
    files="VLMEvalKit's Spatial457.tsv, or its parquet files",
    rows=_rows,
    item=_item,
    stored=StoredPictures(_rows, ("image",)),
    official=_official,
    robust=_robust,
    figures=accuracy_by_group,
    official_is="VLMEvalKit's: shapes of one class are one, all of a reply without the template",
    rules={"lmms-eval": _by_lmms_eval},
)
