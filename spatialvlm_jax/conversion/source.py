"""A public set as a source of the generator: scenes with a picture and pairs, and no objects."""

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from spatialvlm_jax.conversion.images import DECODING
from spatialvlm_jax.conversion.items import Item
from spatialvlm_jax.conversion.rows import Asked, Reader
from spatialvlm_jax.generation.outcomes import Rejected
from spatialvlm_jax.generation.sources.images import decode
from spatialvlm_jax.scene.records import QA, Scene


@dataclasses.dataclass(frozen=True)
class Seen:
    """An item with the bytes of its picture."""

    item: Item
    data: bytes


@dataclasses.dataclass(frozen=True, eq=False)
class AskedScene(Scene):
    """A scene of which nothing is known but what was asked about it."""

    asked: tuple[Asked, ...] = ()


class ConvertedSource:
    """A `generation.pipeline.Source` of the items in a file.

    name: the type of all its pairs, and the beginning of every image id.
    description: everything its output depends on.
    """

    def __init__(self, reader: Reader, items: Path, name: str, description: Mapping[str, Any]):
        self._reader, self._path, self._name = reader, items, name
        self._description = dict(description)

    def __reduce__(self) -> tuple[type["ConvertedSource"], tuple[Any, ...]]:
        return type(self), (self._reader, self._path, self._name, self._description)

    @functools.cached_property
    def _items(self) -> Sequence[bytes]:
        from array_record.python.array_record_data_source import ArrayRecordDataSource

        return ArrayRecordDataSource([str(self._path)])

    def __len__(self) -> int:
        return len(self._items)

    def describe(self) -> dict[str, Any]:
        return dict(self._description)

    def item(self, index: int) -> Item:
        """The item at an index."""
        return Item.decode(self._items[index])

    def image_id(self, index: int) -> str:
        return self._id(self.item(index))

    def _id(self, item: Item) -> str:
        return f"{self._name}/{item.image_id}"

    def observe(self, indices: Sequence[int]) -> list[Seen | Rejected]:
        seen: list[Seen | Rejected] = []
        for index in indices:
            item = self.item(index)
            try:
                if not item.pairs:
                    raise Rejected("questions", "; ".join(dict.fromkeys(item.faults)))
                seen.append(Seen(item, self._reader.image(item.image)))
            except Rejected as outcome:
                seen.append(outcome)
        return seen

    def scene(self, observed: Seen) -> AskedScene:
        picture = decode(observed.data, DECODING)
        return AskedScene(
            image_id=self._id(observed.item),
            image=picture.image,
            intrinsics=np.full((3, 3), np.nan),
            objects=(),
            source=self._name,
            encoded=picture.encoded,
            asked=observed.item.pairs,
        )

    def pairs(self, scene: Scene) -> list[QA]:
        assert isinstance(scene, AskedScene)
        return [
            QA(pair.question, pair.answer, self._name, "general", answers=pair.answers)
            for pair in scene.asked
        ]
