"""MSMU-Bench: sizes, distances, counts, places and relations in photos of rooms."""

import functools
import re
from collections.abc import Callable, Sequence
from typing import Any

from spatialvlm_jax.evaluation.benchmarks.free_text import answered_part
from spatialvlm_jax.evaluation.benchmarks.headline import nested_weights
from spatialvlm_jax.evaluation.benchmarks.item import Benchmark, Item, Mark
from spatialvlm_jax.evaluation.benchmarks.marking import mean_of_groups
from spatialvlm_jax.evaluation.benchmarks.rows import Row, parquet_rows
from spatialvlm_jax.evaluation.benchmarks.stored_pictures import StoredPictures
from spatialvlm_jax.evaluation.reading import lengths, verdicts
from spatialvlm_jax.evaluation.reading.spans import find_spans
from spatialvlm_jax.evaluation.reading.tokens import tokenize
from spatialvlm_jax.evaluation.rules import msmu as rule
from spatialvlm_jax.evaluation.vqa_accuracy import normalize_vqa_answer
from spatialvlm_jax.units import UNITS

Near = Callable[[Item, Sequence[float], Sequence[float]], bool]
_LENGTHS = ("scale_estimation", "absolute_distance", "refer_obj_estimation")
_COUNT, _PLACE = "count", "grounding"
_WORDS = ("relative_position", "scale_compare", "existence")
_IMAGE = re.compile(r"\s*<image>\s*")
_DECIMAL = re.compile(r"(?<![\w.])\d{0,9}\.\d{1,20}(?![\w.])")
# Where in a picture something is, by the words for it.
_PLACES = {
    word: place
    for place, words in {
        "left": "left",
        "right": "right",
        "top": "top upper above up",
        "bottom": "bottom lower below down",
        "middle": "middle center centre central",
        "front": "front",
        "behind": "behind back",
    }.items()
    for word in words.split()
}
_PICTURE = "image_base64"
_APART = re.compile(r"[,;:.?!]|\b(?:and|or|between|among|of)\b")
_ASKS = frozenset(
    "which what who whose where how is are was were do does did has have can could one "
    "tell please".split()
)


def _item(row: Row) -> Item:
    kind = row.text("type")
    if kind not in (*_LENGTHS, _COUNT, _PLACE, *_WORDS):
        known = ", ".join((*_LENGTHS, _COUNT, _PLACE, *_WORDS))
        raise row.missing("type", f"is {kind[:40]!r}, none of {known}")
    question, answer = (_turn(row, place) for place in (0, 1))
    numbers = _numbers(kind, question, answer)
    if kind in (*_LENGTHS, _COUNT) and not numbers:
        raise row.missing("conversations", f"has an answer that tells no {kind}")
    return Item(
        id=str(row.index),
        question=question,
        prompt=question,
        answer=answer,
        answers=(answer,),
        image_id=row.digest(_PICTURE),
        value=numbers[0] if len(numbers) == 1 and kind != _PLACE else None,
        unit="m" if len(numbers) == 1 and kind in _LENGTHS else "",
        group=kind,
    )


def _turn(row: Row, place: int) -> str:
    """What is said in a turn, without the mark of the picture."""
    turns: list[Any] = row.sequence("conversations")
    said = turns[place].get("value") if len(turns) > place and isinstance(turns[place], dict) else 0
    if not isinstance(said, str) or not _IMAGE.sub("", said).strip():
        raise row.missing("conversations", f"has no text in turn {place + 1}")
    return _IMAGE.sub(" ", said).strip()


@functools.lru_cache(maxsize=4_096)  # of the truth, which every rule reads for each reply
def _numbers(kind: str, question: str, text: str) -> tuple[float, ...]:
    """What a text gives as numbers: lengths in metres, one count, or a place in the picture."""
    if kind in _LENGTHS:
        return _lengths(question, text)
    if kind == _COUNT:
        count = verdicts.read_count(text)
        return () if count is None else (float(count),)
    return tuple(map(float, _DECIMAL.findall(text))) if kind == _PLACE else ()


def _lengths(question: str, text: str) -> tuple[float, ...]:
    """The lengths of a text in its order, metres, without those that the question tells.

    One alone is read as any answer is, of several that it says the one it concludes with.
    """
    told = _all_lengths(question)
    found = []
    for metres in _all_lengths(text):
        if metres in told:
            told.remove(metres)
        else:
            found.append(metres)
    if len(found) > 1:
        return tuple(found)
    said = lengths.find_quantity(text)
    return tuple(found) if found or said is None else (said.metres,)


def _all_lengths(text: str) -> list[float]:
    """Every length with a unit; in "0.8 x 0.6 x 0.5 m" all have the last one's."""
    found: list[float] = []
    waiting: list[float] = []
    for span in find_spans(tokenize(text)):
        if span.unit in UNITS and UNITS[span.unit].dimension == "length":
            found += [value * UNITS[span.unit].si for value in (*waiting, span.value)]
            waiting = []
        else:
            waiting = [*waiting, span.value] if span.unit == "times" else []
    return found


def _word(question: str, truth: str, reply: str) -> str | None:
    """What a reply decides, in the form of the truth: yes or no, which thing, which directions."""
    if verdicts.read_yes_no(truth):
        return verdicts.read_yes_no(reply)
    names = _names(question)
    if verdicts.read_phrase(truth, names):
        said = verdicts.read_phrase(reply, names)
        return None if said is None else names[said]
    if _places(truth):
        return " ".join(sorted(_places(reply))) or None
    return normalize_vqa_answer(reply.lower()) or None


def _names(question: str) -> dict[str, str]:
    """The things that a question lets choose between, by what they may be called in short."""
    parts = [verdicts.words_of(part) for part in _APART.split(question.lower())]
    full = [" ".join(part) for part in parts if part and _ASKS.isdisjoint(part)]
    if len(full) < 2:
        return {}
    short = [name.split()[-1] for name in full]
    heads = {head: name for head, name in zip(short, full, strict=True) if short.count(head) == 1}
    return heads | {name: name for name in full}


def _places(text: str) -> set[str]:
    return {_PLACES[word] for word in verdicts.words_of(text) if word in _PLACES}


def _mark(near: Near, item: Item, reply: str) -> Mark:
    truth = item.answers[0]
    true = _numbers(item.group, item.question, truth)
    if true:
        said = _numbers(item.group, item.question, reply)
        shown = ", ".join(f"{number:g}" for number in said)
        return Mark(float(near(item, said, true)), shown or None)
    word = _word(item.question, truth, reply)
    return Mark(float(word is not None and word == _word(item.question, truth, truth)), word)


def _by_mean(item: Item, said: Sequence[float], true: Sequence[float]) -> bool:
    near = rule.is_at_place if item.group == _PLACE else rule.is_within_mean_ratio
    return near(said, true)


def _each(item: Item, said: Sequence[float], true: Sequence[float]) -> bool:
    """Counts as they are, every length within the ratio, and as many numbers as the truth has."""
    if item.group == _COUNT:
        return list(said) == list(true)
    if len(said) != len(true):
        return False
    if item.group == _PLACE:
        return rule.is_at_place(said, true)
    return all(rule.ratio(one, other) < rule.RATIO for one, other in zip(said, true, strict=True))


def _official(item: Item, reply: str) -> Mark:
    return _mark(_by_mean, item, reply)


def _robust(item: Item, reply: str) -> Mark:
    return _mark(_each, item, answered_part(reply))


BENCHMARK = Benchmark(
    name="msmu",
    measures="sizes, distances, counts, places and relations, in rooms",
    size="987 in 8 types",
    licence="as its project states; pictures: those of scanned rooms",
    project="MSMU, SD-VLM (Chen et al., 2025)",
    site="https://github.com/cpystan/SD-VLM",
    files="test.parquet",
    rows=parquet_rows,
    item=_item,
    stored=StoredPictures(parquet_rows, (_PICTURE,)),
    official=_official,
    robust=_robust,
    figures=mean_of_groups("mean of types"),
    weights=nested_weights(lambda item: item.group),
    official_is="mean ratio below 1.25, also of counts; a language model and a sentence encoder "
    "read officially, here our parser, and words of place must be the same",
)
