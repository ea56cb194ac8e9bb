"""SPAR-Bench: depth, distance, relations and a camera's motion in one or several pictures."""

import re
from collections.abc import Iterator
from pathlib import Path

from spatialvlm_jax.evaluation.benchmarks.headline import nested_weights
from spatialvlm_jax.evaluation.benchmarks.item import Benchmark, Item, Mark
from spatialvlm_jax.evaluation.benchmarks.marking import (
    by_option,
    letter_rule,
    mean_of_groups,
    number_rule,
)
from spatialvlm_jax.evaluation.benchmarks.rows import Row, parquet_rows
from spatialvlm_jax.evaluation.benchmarks.stored_pictures import StoredPictures
from spatialvlm_jax.evaluation.rules.found_numbers import last_number
from spatialvlm_jax.evaluation.rules.last_line_letters import in_last_lines
from spatialvlm_jax.evaluation.rules.view_change import (
    motion_accuracy,
    read_motion,
    read_motion_parts,
    read_motion_strictly,
    relative_or_absolute,
)

_MOTION = "view_change_infer"
_MEASURED = ("depth_prediction", "distance_prediction")
_NUMBER = re.compile(r"(?<!\^)\d{1,40}\.\d{1,40}|(?<!\^)\d{1,40}")
_OPTIONS = dict.fromkeys("ABCD", "")  # their texts stand in the question
_LETTER = "Answer with the option's letter from the given choices directly."
_BOXES = (
    "The values represent the bounding box coordinates normalized to a 0-1000 scale, with the "
    "top-left corner as the origin of the image."
)
_BOXED = ("position_matching", "camera_motion_infer")
_SHORT = "Please answer the question using a single word or phrase."


def _rows(place: Path) -> Iterator[Row]:
    return parquet_rows(place, without=("image",))


def _item(row: Row) -> Item:
    task, question, key = row.text("task"), row.text("question"), str(row.index)
    if task.startswith(_MEASURED):
        answer, value = row.text("answer"), row.number_of("answer")
        prompt = f"{question}\n{_SHORT}"
        return Item(key, question, prompt, answer, key, value=value, unit="m", group=task)
    if task == _MOTION:
        answer = row.text("answer")
        if read_motion_strictly(answer) is None:
            raise row.missing("answer", "is no motion such as move_right:0.3,rotate_left:20")
        return Item(key, question, question, answer, key, group=task)
    answer = row.letter("answer", _OPTIONS)
    told = f"{_BOXES}\n{_LETTER}" if task in _BOXED else _LETTER
    prompt = f"{question}\n{told}"
    return Item(key, question, prompt, answer, key, options=_OPTIONS, group=task)


def _official(item: Item, reply: str) -> Mark:
    if item.value is not None:
        numbers = [float(number) for number in _NUMBER.findall(reply)]
        if not numbers:
            return Mark(0.0)
        said = numbers[-1 if item.group.endswith("_mv") else 0]
        return Mark(relative_or_absolute(said, item.value), f"{said:g}")
    if item.group == _MOTION:
        motion, true = read_motion_strictly(reply), read_motion_strictly(item.answer)
        if motion is None or true is None:
            return Mark(0.0)
        return Mark(motion_accuracy(motion, true, swapped=True), reply)
    small, letter = reply.lower(), item.answer.lower()
    return Mark(float(small in letter or small[0] == letter), reply.strip() or None)


def _by_vlmevalkit(item: Item, reply: str) -> Mark:
    if item.value is not None:
        said = last_number(reply)
        return (
            Mark(0.0) if said is None else Mark(relative_or_absolute(said, item.value), f"{said:g}")
        )
    if item.group != _MOTION:
        return _by_last_lines(item, reply)
    motion, true = read_motion_parts(reply), read_motion_strictly(item.answer)
    assert true is not None  # `_item` has read it
    return Mark(motion_accuracy(motion, true, swapped=False), reply.strip() or None)


def _robust(item: Item, reply: str) -> Mark:
    if item.value is not None:
        return _by_length(item, reply)
    if item.group != _MOTION:
        return by_option(item, reply)
    motion, true = read_motion(reply), read_motion_strictly(item.answer)
    if motion is None or true is None:
        return Mark(0.0)
    return Mark(motion_accuracy(motion, true, swapped=False), reply)


_by_length = number_rule(relative_or_absolute)
_by_last_lines = letter_rule(in_last_lines)

BENCHMARK = Benchmark(
    name="spar_bench",
    measures="depth, distance, relations, imagination and motion across pictures",
    size="7,207",
    licence="as its project states; pictures: ScanNet's, ScanNet++'s and Structured3D's terms",
    project="SPAR-Bench (Zhang et al., 2025)",
    site="https://logosroboticsgroup.github.io/SPAR",
    files="the parquet files",
    rows=_rows,
    item=_item,
    stored=StoredPictures(parquet_rows, ("image",)),
    official=_official,
    robust=_robust,
    figures=mean_of_groups("mean of tasks"),
    weights=nested_weights(lambda item: item.group),
    official_is="the reply begins with the letter or is empty; the first number",
    rules={"lmms-eval": _official, "VLMEvalKit": _by_vlmevalkit},
    pictures="one or several",
)
