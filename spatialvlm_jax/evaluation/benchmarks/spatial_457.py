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
# Shapes by the class that the official rule takes them for.
_CLASSES = {
    "car": ("suv", "wagon", "minivan", "sedan", "truck", "addi", "car"),
    "bus": ("articulated", "regular", "double", "school", "bus"),
    "motorbike": ("chopper", "dirtbike", "scooter", "cruiser", "motorbike"),
    "aeroplane": ("jet", "fighter", "biplane", "airliner", "aeroplane"),
    "bicycle": ("road", "utility", "mountain", "tandem", "bicycle"),
}
_CLASS_OF = {shape: name for name, shapes in _CLASSES.items() for shape in shapes}
_SAID = (
    re.compile(r"Answer': '(.*?)'"),
    re.compile(r'Answer": "(.*?)"'),
    re.compile(r"Answer': (\d)"),
)
_NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_LOOSE = re.compile(r"""["']?Answer["']?\s*:\s*["']?([^"'}\n]+)""", re.IGNORECASE)
_FORM = (
    "Answer with a size, shape, color or direction, an integer, or Yes or No.\n"
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
    begin = (
        "You are an intelligent chatbot designed to answer questions based on an image. Your task "
        f"is to analyze the images, identify attributes of {_LEVELS[level]}, and then determine "
        "the answer to the question."
    )
    return Item(
        id=key,
        question=question,
        prompt=f"{begin}\n{question}\n{_FORM}",
        answer=row.text("answer"),
        image_id=row.optional("image_filename") or key,
        group=level,
    )


def _official(item: Item, reply: str) -> Mark:
    found = next((match for form in _SAID if (match := form.search(reply))), None)
    said = found.group(1) if found else reply
    return Mark(float(_is_equal(said, item.answer)), said.strip() or None)


def _is_equal(said: str, truth: str) -> bool:
    """Equal but for capitals; "none" is no, a count is yes, shapes of one class are one."""
    said = "no" if said.lower() == "none" else said
    word = said.lower()
    return (
        word == truth.lower()
        or (said == "0" and truth == "No")
        or (word in _NUMBERS and str(_NUMBERS.index(word)) == truth)
        or (truth.lower() == "yes" and said in tuple("123456789"))
        or _class_of(said) == _class_of(truth) != ""
    )


def _class_of(name: str) -> str:
    return _CLASS_OF.get(name.lower().split(" ")[0], "")


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
    official_is="VLMEvalKit's, of the reply itself out of the template; the prompt is shortened",
)
