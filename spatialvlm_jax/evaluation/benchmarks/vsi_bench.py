"""VSI-Bench: sizes, distances, counts and routes in rooms that a video walks through."""

from collections.abc import Callable, Iterator
from pathlib import Path

from spatialvlm_jax.evaluation.benchmarks.headline import nested_weights
from spatialvlm_jax.evaluation.benchmarks.item import Benchmark, Item, Mark, Marked, Rule
from spatialvlm_jax.evaluation.benchmarks.marking import (
    by_option,
    letter_rule,
    means_by,
    number_rule,
)
from spatialvlm_jax.evaluation.benchmarks.rows import Row, json_rows, parquet_rows
from spatialvlm_jax.evaluation.rules import letters
from spatialvlm_jax.evaluation.rules.found_numbers import first_number, last_number
from spatialvlm_jax.evaluation.rules.last_line_letters import in_last_lines
from spatialvlm_jax.evaluation.rules.relative_accuracy import (
    mean_relative_accuracy,
    read_first_number,
)

_UNITS = {
    "object_abs_distance": "m",
    "object_counting": "",
    "object_size_estimation": "cm",
    "room_size_estimation": "m^2",
}
_DIRECTIONS = "object_rel_direction"
_SHOWN = "These are frames of a video."
_LETTER = "Answer with the option's letter from the given choices directly."
_SHORT = "Please answer the question using a single word or phrase."


def _rows(place: Path) -> Iterator[Row]:
    if place.suffix == ".parquet" or (place.is_dir() and any(place.rglob("*.parquet"))):
        return parquet_rows(place)
    return json_rows(place, ".jsonl", ".json")


def _item(row: Row) -> Item:
    kind, question = row.text("question_type"), row.text("question")
    scene = f"{row.text('dataset')}/{row.text('scene_name')}"
    if kind in _UNITS:
        value = row.number_of("ground_truth")
        if value <= 0:
            raise row.missing("ground_truth", f"is {value:g}; a quantity is more than 0")
        prompt = f"{_SHOWN}\n{question}\n{_SHORT}"
        return Item(
            *(row.text("id"), question, prompt, row.text("ground_truth"), scene),
            value=value,
            unit=_UNITS[kind],
            group=kind,
        )
    options = row.options("options")
    listed = "\n".join(map(str, row.sequence("options")))
    prompt = f"{_SHOWN}\n{question}\nOptions:\n{listed}\n{_LETTER}"
    answer = row.letter("ground_truth", options)
    return Item(row.text("id"), question, prompt, answer, scene, options=options, group=kind)


def _rule(letter: Rule, read: Callable[[str], float | None]) -> Rule:
    def mark(item: Item, reply: str) -> Mark:
        if item.value is None:
            return letter(item, reply)
        said = read(reply)
        if said is None:
            return Mark(0.0)
        return Mark(mean_relative_accuracy(said, item.value), f"{said:g}")

    return mark


def _robust(item: Item, reply: str) -> Mark:
    return (by_option if item.value is None else _by_quantity)(item, reply)


_by_quantity = number_rule(mean_relative_accuracy)


def _task(item: Item) -> str:
    return _DIRECTIONS if item.group.startswith(_DIRECTIONS) else item.group


def _figures(marked: Marked) -> dict[str, float]:
    """The mean of the tasks; directions are the mean of their three levels."""
    levels = means_by(marked, lambda item: item.group)
    tasks: dict[str, list[float]] = {}
    for name, value in levels.items():
        task = _DIRECTIONS if name.startswith(_DIRECTIONS) else name
        tasks.setdefault(task, []).append(value)
    means = {task: sum(values) / len(values) for task, values in tasks.items()}
    return {"mean of tasks": sum(means.values()) / len(means) if means else 0.0} | means


BENCHMARK = Benchmark(
    name="vsi_bench",
    measures="sizes, distances, counts, directions and routes in rooms",
    size="5,130",
    licence="as its project states; videos: ScanNet's, ScanNet++'s and ARKitScenes' terms",
    project="VSI-Bench of Thinking in Space (Yang et al., 2024)",
    site="https://github.com/vision-x-nyu/thinking-in-space",
    files="its JSON Lines or parquet file",
    rows=_rows,
    item=_item,
    official=_rule(letter_rule(letters.first_token), read_first_number),
    robust=_robust,
    figures=_figures,
    weights=nested_weights(_task, lambda item: item.group),
    official_is="the first word as letter or number; numbers by mean relative accuracy",
    rules={
        "lmms-eval's first number": _rule(letter_rule(letters.first_token), first_number),
        "VLMEvalKit's last number": _rule(letter_rule(in_last_lines), last_number),
    },
    pictures="video",
)
