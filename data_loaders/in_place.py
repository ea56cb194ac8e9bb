"""Question-answer records and the pictures they name, read where they lie, without conversion.

The records are read and checked when a run starts; pictures are decoded each time they are asked
for. There is no ledger here: whatever is missing or cannot be used is an error.
"""

import dataclasses
import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from data_loaders.errors import DataError
from spatialvlm_jax.conversion.formats import Request, build_reader
from spatialvlm_jax.conversion.images import DECODING, Images, open_images
from spatialvlm_jax.conversion.items import AskedImage, group_by_image
from spatialvlm_jax.conversion.rows import parse_answer_map, parse_fields
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.experiment import DatasetConfig
from spatialvlm_jax.generation.outcomes import Rejected
from spatialvlm_jax.generation.sources.images import decode, read_camera
from spatialvlm_jax.scene.camera import KnownCamera
from spatialvlm_jax.scene.records import QA

_REMEDY = "mend it, or leave it out with: spatialvlm convert --format=jsonl"


@dataclasses.dataclass(frozen=True)
class InPlaceExample:
    """A picture in a folder or zip file, and the records that name it.

    type: of its pairs that name none.
    """

    item: AskedImage
    images: Images
    type: str

    @property
    def image_id(self) -> str:
        return self.item.image_id

    def image(self) -> np.ndarray:
        """uint8[H, W, 3].

        Raises:
          DataError: it cannot be read or decoded.
        """
        try:
            return decode(self.images.read(self.item.image), DECODING).image
        except Rejected as error:
            raise self._unusable(error) from None

    def camera(self) -> KnownCamera:
        """What the file tells of its camera.

        Raises:
          DataError: it cannot be read.
        """
        try:
            return read_camera(self.images.read(self.item.image), DECODING)
        except Rejected as error:
            raise self._unusable(error) from None

    def _unusable(self, error: Rejected) -> DataError:
        return DataError(f"{self.item.image} of {self.type!r}: {error}; {_REMEDY}")

    def pairs(self) -> list[QA]:
        """All its pairs, in the order of the file."""
        return self.item.records(self.type)


def open_in_place(config: DatasetConfig) -> list[InPlaceExample]:
    """One example a picture, in the order in which the records name them first.

    Raises:
      DataError: records or pictures are missing, or a record cannot be used.
    """
    try:
        images = open_images(Path(config.images))
        request = Request(
            config.format,
            questions=Path(config.path),
            images=Path(config.images),
            fields=parse_fields(config.fields),
            answer_map=parse_answer_map(config.answer_map),
            kind=config.kind,
        )
        reader = build_reader(request)
        items = group_by_image(reader.rows())
    except UserError as error:
        raise DataError(f"data set {config.name!r}: {error}") from None
    for item in items:
        if item.faults:
            where = f"a record of {item.image_id} in {config.path}"
            raise DataError(f"data set {config.name!r}: {where}: {item.faults[0]}; {_REMEDY}")
    missing = [why for item in items if (why := _why_missing(images, item.image))]
    if missing:
        raise DataError(
            f"data set {config.name!r}: {len(missing)} of {len(items)} pictures are not in "
            f"{config.images}; the first is {missing[0]}: put them there, or leave them out with: "
            "spatialvlm convert --format=jsonl"
        )
    if not items:
        raise DataError(f"data set {config.name!r}: there is no record in {config.path}")
    return [InPlaceExample(item, images, config.name) for item in items]


def digest_pictures(examples: Sequence[InPlaceExample]) -> str:
    """SHA-256 of which pictures there are, in order, without reading them.

    Raises:
      DataError: one is missing.
    """
    digest = hashlib.sha256()
    for example in examples:
        try:
            mark = example.images.mark(example.item.image)
        except Rejected as error:
            raise DataError(f"{example.item.image} of {example.type!r}: {error}") from None
        digest.update(f"{example.item.image}\0{mark}\n".encode())
    return digest.hexdigest()


def _why_missing(images: Images, name: str) -> str:
    """The name of a picture that cannot be had, with the reason where there is one; or ""."""
    try:
        return "" if images.find(name) is not None else name
    except Rejected as error:
        return f"{name} ({error})"
