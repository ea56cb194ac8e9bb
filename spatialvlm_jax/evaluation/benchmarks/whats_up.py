"""What'sUp: one preposition of two or four; captions that were scored, asked here as options."""

import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from spatialvlm_jax.evaluation.benchmarks.item import Benchmark, Item, Marked
from spatialvlm_jax.evaluation.benchmarks.marking import (
    by_option,
    listed_options,
    mean,
    means_by,
)
from spatialvlm_jax.evaluation.benchmarks.rows import LETTERS, Row, find_files, number_rows
from spatialvlm_jax.foreign_files.json_files import read_placed_records
from spatialvlm_jax.foreign_files.places import Placed

_ASKED = "Which caption is true of the picture?"
_LETTER = "Answer with the option's letter from the given choices directly."
_PAIRS = (("left", "right"), ("on", "under"), ("in-front", "behind"))


def _rows(place: Path) -> Iterator[Row]:
    return number_rows(find_files(place, ".json"), _records)


def _records(path: Path) -> Iterator[Placed]:
    """Records of both kinds of files: four captions by name, or [image, right, wrong]."""
    for where, record in read_placed_records(path):
        if isinstance(record, list) and len(record) == 3:
            image, *captions = record
            yield where, {"image_path": image, "caption_options": captions}
        else:
            yield where, record


def _item(row: Row) -> Item:
    captions = list(row.options("caption_options").values())
    key = f"{row.path.stem}/{row.number}"
    # The right one comes first in the files; a model that says A always would be right always.
    turn = zlib.crc32(key.encode()) % len(captions)
    options = dict(zip(LETTERS, captions[-turn:] + captions[:-turn], strict=False))
    image = row.text("image_path")
    pair, preposition = _named(image)
    return Item(
        id=key,
        question=_ASKED,
        prompt=f"{_ASKED}\n{listed_options(options)}\n{_LETTER}",
        answer=LETTERS[turn],
        picture=image if pair else _file_of(image, row.path.stem),
        image_id=image,
        options=options,
        group=preposition or row.path.stem,
        part=pair,
    )


def _file_of(image: str, files: str) -> str:
    """The file of a picture that is named by its number in COCO or Visual Genome."""
    return f"{image:0>12}.jpg" if files.startswith("coco") else f"{image}.jpg"


def _named(image: str) -> tuple[str, str]:
    """The objects and the preposition in a name such as mug_left_of_table.jpeg; or "" of both."""
    words = Path(image).stem.split("_")
    known = {name for pair in _PAIRS for name in pair}
    if len(words) < 3 or words[1] not in known:
        return "", ""
    return f"{words[0]} {words[-1]}", words[1]


def _figures(marked: Marked) -> dict[str, float]:
    """Accuracy, and where names tell them: pairs of opposites and all four of two objects."""
    sets: dict[str, dict[str, float]] = {}
    for item, mark in marked:
        if item.part:
            sets.setdefault(item.part, {})[item.group] = mark.score
    named = sum(bool(item.part) for item, _ in marked)
    grouped = {}
    if named:
        pairs = sum(_is_right(of, *pair) for of in sets.values() for pair in _PAIRS)
        whole = sum(sum(of.values()) == 4 for of in sets.values())
        grouped = {"pairs": pairs / (named / 2), "sets": whole / (named / 4)}
    return {"accuracy": mean(marked)} | grouped | means_by(marked, lambda item: item.group)


def _is_right(of: Mapping[str, float], one: str, other: str) -> bool:
    return of.get(one, 0.0) == 1 and of.get(other, 0.0) == 1


BENCHMARK = Benchmark(
    name="whats_up",
    measures="on, under, left, right, in front, behind: nothing else differs",
    size="408 and 412 (controlled, four captions), COCO and GQA with two",
    licence="MIT; pictures of COCO and GQA: their terms",
    project="What'sUp (Kamath et al., 2023)",
    site="https://github.com/amitakamath/whatsup_vlms",
    files="controlled_images_dataset.json and the like, each in a run of its own",
    rows=_rows,
    item=_item,
    picture_field="image_path",
    official=by_option,
    robust=by_option,
    figures=_figures,
    together=lambda item: item.part or item.id,
    official_is="the likeliest caption, a tie is right; here letters of turned-round options",
)
