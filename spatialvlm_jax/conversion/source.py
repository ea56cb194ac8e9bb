"""A public set as a source of the generator: answered scenes with a picture, and no objects."""

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from spatialvlm_jax.conversion.images import DECODING
from spatialvlm_jax.conversion.items import AskedImage
from spatialvlm_jax.conversion.rows import DatasetReader
from spatialvlm_jax.foreign_files.fingerprints import fingerprint_bytes
from spatialvlm_jax.generation.outcomes import Rejected
from spatialvlm_jax.generation.sources.images import decode
from spatialvlm_jax.generation.stages import AnsweredScene
from spatialvlm_jax.scene.camera import FOCAL_STD
from spatialvlm_jax.scene.records import Scene


class ConvertedSource:
    """A `generation.pipeline.Source` of the items in a file.

    name: the type of its pairs that name none, and the beginning of every image id.
    description: everything its output depends on.
    """

    def __init__(
        self, reader: DatasetReader, items: Path, name: str, description: Mapping[str, Any]
    ):
        self._reader, self._path, self.name = reader, items, name
        self._description = dict(description)
        # What was read last: reading twice could decode a table twice.
        self._contents: dict[int, str] = {}

    def __reduce__(self) -> tuple[type["ConvertedSource"], tuple[Any, ...]]:
        return type(self), (self._reader, self._path, self.name, self._description)

    @functools.cached_property
    def _items(self) -> Sequence[bytes]:
        from array_record.python.array_record_data_source import ArrayRecordDataSource

        return ArrayRecordDataSource([str(self._path)])

    def __len__(self) -> int:
        return len(self._items)

    def describe(self) -> dict[str, Any]:
        return dict(self._description)

    def item(self, index: int) -> AskedImage:
        """The item at an index."""
        return AskedImage.decode(self._items[index])

    def image_id(self, index: int) -> str:
        return self._id(self.item(index))

    def _id(self, item: AskedImage) -> str:
        return f"{self.name}/{item.image_id}"

    def fingerprint(self, index: int, contents: bool) -> str:
        if contents and index in self._contents:
            return self._contents[index]
        item = self.item(index)
        if not item.pairs:
            return ""
        try:
            if contents:
                return fingerprint_bytes(self._reader.image(item.image))
            return self._reader.fingerprint(item.image)
        except Rejected as outcome:
            return str(outcome)

    def observe(self, indices: Sequence[int]) -> list[AnsweredScene | Rejected]:
        self._contents.clear()
        seen: list[AnsweredScene | Rejected] = []
        for index in indices:
            try:
                seen.append(self._answered(index))
            except Rejected as outcome:
                seen.append(outcome)
        return seen

    def _answered(self, index: int) -> AnsweredScene:
        item = self.item(index)
        if not item.pairs:
            raise Rejected("questions", "; ".join(dict.fromkeys(item.faults)))
        data = self._reader.image(item.image)
        self._contents[index] = fingerprint_bytes(data)
        picture = decode(data, DECODING)
        scene = Scene(
            image_id=self._id(item),
            image=picture.image,
            intrinsics=np.full((3, 3), np.nan),
            objects=(),
            source=self.name,
            encoded=picture.encoded,
            extra=_lens(picture.focal),
        )
        return AnsweredScene(scene, tuple(item.records(self.name)))


def _lens(focal: float | None) -> dict[str, Any]:
    """For `Scene.extra`: the focal length that a file tells, pixels, and its error; or nothing.

    Not as the scene's intrinsics, which tell readers that its space is known.
    """
    return {} if focal is None else {"camera": {"focal": focal, "focal_std": FOCAL_STD}}
