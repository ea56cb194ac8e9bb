"""Thin grain shells over `functional.py` and `dense.py`: tokenised image -> row -> `Batch`."""

import dataclasses
import zlib
from collections.abc import Sequence

import grain
import numpy as np

from data_loaders.batch import Batch, DenseTargets
from data_loaders.dense import DenseReader
from data_loaders.functional import Row, choose_pairs, pack_row, resize_image
from data_loaders.sources import TokenizedImage
from spatialvlm_jax.experiment import Resize
from spatialvlm_jax.generation.store import StoredExample


@dataclasses.dataclass(frozen=True)
class ImageRow:
    """One row of a `Batch`, without its batch axis.

    image: uint8[S, S, 3]. dense: targets of one image, or None.
    """

    image: np.ndarray
    text: Row
    dataset_id: int
    dense: DenseTargets | None


@dataclasses.dataclass(frozen=True)
class PackRow(grain.transforms.MapWithIndex):
    """Chooses pairs of an image, packs them, decodes the picture.

    Which pairs are chosen depends on `seed`, the image's id, the epoch and the data set only.

    dense: reads dense targets; None leaves them out.
    """

    dataset_id: int
    examples: int
    length: int
    block_length: int
    pairs_per_image: int
    seed: int
    image_size: int
    dense: DenseReader | None
    resize: Resize = "squash"

    def choose(self, index: int, image: TokenizedImage) -> list[int]:
        """Which pairs the row at `index` of the endlessly repeated data set packs, in order."""
        epoch = index // self.examples
        name = zlib.crc32(image.example.image_id.encode())
        rng = np.random.default_rng([self.seed, name, epoch, self.dataset_id])
        return choose_pairs(
            image.lengths(), self.length, self.pairs_per_image, rng, self.block_length
        )

    def text(self, index: int, image: TokenizedImage) -> Row:
        """The text fields of the row at `index`."""
        pairs = [image.pairs[place] for place in self.choose(index, image)]
        return pack_row(pairs, self.length, self.block_length)

    def map_with_index(self, index: int, element: TokenizedImage) -> ImageRow:
        taken = self.choose(index, element)
        pairs = [element.pairs[place] for place in taken]
        row = pack_row(pairs, self.length, self.block_length)
        dense = None
        if self.dense is not None:
            assert isinstance(element.example, StoredExample)
            records = [element.records[place] for place in taken]
            dense = self.dense(element.example, row, pairs, records)
        image = resize_image(element.example.image(), self.image_size, self.resize)
        return ImageRow(image, row, self.dataset_id, dense)


def stack_rows(rows: Sequence[ImageRow]) -> Batch:
    """A `Batch` of numpy arrays from its rows."""

    def stacked(name: str) -> np.ndarray:
        return np.stack([getattr(row.text, name) for row in rows])

    segment_ids = stacked("segment_ids")
    dataset_ids = np.array([[row.dataset_id] for row in rows], np.int32)
    dense = [row.dense for row in rows if row.dense is not None]
    return Batch(
        images=np.stack([row.image for row in rows]),
        tokens=stacked("tokens"),
        targets=stacked("targets"),
        segment_ids=segment_ids,
        positions=stacked("positions"),
        suffix_mask=stacked("suffix_mask"),
        loss_mask=stacked("loss_mask"),
        dataset_ids=np.broadcast_to(dataset_ids, segment_ids.shape).copy(),
        dense=DenseTargets(
            **{
                field.name: np.stack([getattr(targets, field.name) for targets in dense])
                for field in dataclasses.fields(DenseTargets)
            }
        )
        if dense
        else None,
    )
