"""The picture of each question: from the benchmark's own files or from a folder, bounded."""

import dataclasses
import hashlib
from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from spatialvlm_jax.asking.question import BOXES, NAMES
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.evaluation.benchmarks.item import Benchmark, Box, Item
from spatialvlm_jax.evaluation.benchmarks.pictures import PictureFolder
from spatialvlm_jax.evaluation.benchmarks.regions import why_not_by_names
from spatialvlm_jax.evaluation.benchmarks.rows import MissingField, Row
from spatialvlm_jax.evaluation.tracks import CAMERA
from spatialvlm_jax.inference.picture import Picture, open_picture
from spatialvlm_jax.scene.camera import KnownCamera

SEVERAL = "it shows several pictures"
_COLORS = ((230, 30, 30), (30, 90, 230), (20, 150, 60), (200, 120, 0))


def show_pictures(
    benchmark: Benchmark,
    place: Path,
    items: Collection[Item],
    folder: PictureFolder | None,
    track: str,
) -> Iterator[tuple[Item, Picture | str]]:
    """Each of the questions with its picture, or with why there is none.

    Questions one after another that are about one picture have the same object.

    Args:
      folder: where pictures are by their names; None: they are in the benchmark's own files.
      track: what is shown of them.
    """
    read = _Reader(track)
    if folder is not None:
        for item in items:
            if track == NAMES and (why := why_not_by_names(item.prompt, item.names)):
                yield item, why
                continue
            path = folder.find(item.picture)
            yield item, read(item, path) if path else f"no picture {item.picture[:80]!r}"
        return
    if benchmark.stored is None:
        raise UserError(f"{benchmark.name} has its pictures in files of their own: --images=DIR")
    wanted = {item.id: item for item in items}
    for row in benchmark.stored.rows(place):
        found = _item_of(benchmark, row)
        if found is None or found.id not in wanted:
            continue
        try:
            pictures = benchmark.stored.of(row)
        except MissingField as error:
            yield wanted[found.id], str(error)
            continue
        if len(pictures) == 1:
            yield wanted[found.id], read(found, pictures[0])
        else:
            yield wanted[found.id], SEVERAL if pictures else "no picture is in its record"


def _item_of(benchmark: Benchmark, row: Row) -> Item | None:
    """The question of a record; None where it is none, or lacks a field and was left out."""
    try:
        return benchmark.item(row)
    except MissingField:
        return None


class _Reader:
    """Opens pictures; the last one is kept for the question after it."""

    def __init__(self, track: str):
        self._track, self._key = track, b""
        self._last: Picture | str = ""

    def __call__(self, item: Item, source: Path | bytes) -> Picture | str:
        known = source if isinstance(source, bytes) else str(source).encode()
        key = hashlib.sha256(repr(item.regions).encode() + known).digest()
        if key != self._key:
            self._key, self._last = key, self._open(item, source)
        return self._last

    def _open(self, item: Item, source: Path | bytes) -> Picture | str:
        try:
            picture = open_picture(source)
        except (UserError, OSError) as error:
            return str(error)
        if self._track == BOXES:
            if not item.regions:
                return "its record has no boxes of its regions"
            image = draw_regions(picture.image, item.regions)
            picture = dataclasses.replace(picture, image=image)
        if self._track != CAMERA:
            height, width = picture.image.shape[:2]
            picture = dataclasses.replace(picture, camera=KnownCamera((width, height)))
        return picture


def draw_regions(image: np.ndarray, regions: tuple[Box, ...]) -> np.ndarray:
    """uint8[H, W, 3] with a box around each region and its number, from 0, in the corner."""
    height, width = image.shape[:2]
    drawn = Image.fromarray(image)
    brush, line = ImageDraw.Draw(drawn), max(1, min(height, width) // 150)
    size = max(10, min(height, width) // 20)
    for number, (left, top, right, bottom) in enumerate(regions):
        color = _COLORS[number % len(_COLORS)]
        low = _within(min(left, right), width), _within(min(top, bottom), height)
        high = _within(max(left, right), width), _within(max(top, bottom), height)
        brush.rectangle([low, high], outline=color, width=line)
        box = brush.textbbox(low, str(number), font_size=size)
        brush.rectangle(box, fill=color)
        brush.text(low, str(number), fill=(255, 255, 255), font_size=size)
    return np.asarray(drawn)


def _within(share: float, length: int) -> float:
    return min(max(share, 0.0), 1.0) * (length - 1)
