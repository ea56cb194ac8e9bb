"""Thin grain shells over `functional.py` and `dense.py`: tokenised image -> row -> `Batch`."""

import dataclasses
import zlib
from collections.abc import Callable, Sequence

import grain
import jax
import numpy as np

from data_loaders.camera import CameraReader
from data_loaders.dense import DenseReader
from data_loaders.features import FeatureFiles
from data_loaders.functional import BatchRow, Pair, choose_pairs, pack_row
from data_loaders.sources import TokenizedImage
from spatialvlm_jax.batch import NOT_TOLD, Batch, CameraInput, DenseTargets
from spatialvlm_jax.experiment import Resize
from spatialvlm_jax.inputs.camera import CameraEncoder, stack_cameras
from spatialvlm_jax.inputs.pictures import resize_image
from spatialvlm_jax.scene.camera import KnownCamera
from spatialvlm_jax.scene.records import QA
from spatialvlm_jax.storage.examples import StoredExample


@dataclasses.dataclass(frozen=True)
class ImageRow:
    """One row of a `Batch`, without its batch axis.

    image: uint8[S, S, 3], or None. dense: targets of one image, or None. features: float[N, E], in
    place of the image, or None. camera: what is told of it.
    """

    image: np.ndarray | None
    text: BatchRow
    dataset_id: int
    dense: DenseTargets | None
    features: np.ndarray | None
    camera: CameraInput


@dataclasses.dataclass(frozen=True)
class PackRow(grain.transforms.MapWithIndex):
    """Chooses pairs of an image, packs them, decodes the picture or reads its features.

    Which pairs are chosen depends on `seed`, the image's id, the epoch and the data set only.

    dense: reads dense targets; None leaves them out.
    features: of the pictures, which are then not decoded.
    camera: reads cameras, and `told` makes of them what the model takes; None where it is not told.
    retell: makes the tokens of a pair with the camera told before the question; None where it is
      not told there.
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
    features: FeatureFiles | None = None
    camera: CameraReader | None = None
    told: CameraEncoder | None = None
    retell: Callable[[QA, KnownCamera], Pair] | None = None

    def choose(self, index: int, image: TokenizedImage) -> list[int]:
        """Which pairs the row at `index` of the endlessly repeated data set packs, in order."""
        epoch = index // self.examples
        name = zlib.crc32(image.example.image_id.encode())
        rng = np.random.default_rng([self.seed, name, epoch, self.dataset_id])
        return choose_pairs(
            image.lengths(), self.length, self.pairs_per_image, rng, self.block_length
        )

    def text(self, index: int, image: TokenizedImage) -> BatchRow:
        """The text fields of the row at `index`."""
        pairs = [image.pairs[place] for place in self.choose(index, image)]
        return pack_row(pairs, self.length, self.block_length)

    def map_with_index(self, index: int, element: TokenizedImage) -> ImageRow:
        taken = self.choose(index, element)
        pairs = [element.pairs[place] for place in taken]
        told, where = NOT_TOLD, None
        if self.camera is not None and self.told is not None:
            camera = self.camera(element.example, index // self.examples, self.dataset_id)
            told, where = self.told(camera), self.told.place(camera)
            if self.retell is not None:
                pairs = [self.retell(element.records[place], camera) for place in taken]
        row = pack_row(pairs, self.length, self.block_length)
        dense = None
        if self.dense is not None:
            assert isinstance(element.example, StoredExample)
            records = [element.records[place] for place in taken]
            dense = self.dense(element.example, row, pairs, records, where)
        if self.features is not None:
            return ImageRow(None, row, self.dataset_id, dense, self.features[element.index], told)
        image = resize_image(element.example.image(), self.image_size, self.resize, where)
        return ImageRow(image, row, self.dataset_id, dense, None, told)


def stack_targets(targets: Sequence[DenseTargets]) -> DenseTargets:
    """Those of several pictures, with a batch axis."""
    return jax.tree.map(lambda *arrays: np.stack(arrays), *targets)


def stack_rows(rows: Sequence[ImageRow]) -> Batch:
    """A `Batch` of numpy arrays from its rows."""

    def stacked(name: str) -> np.ndarray:
        return np.stack([getattr(row.text, name) for row in rows])

    segment_ids = stacked("segment_ids")
    dataset_ids = np.array([[row.dataset_id] for row in rows], np.int32)
    dense = [row.dense for row in rows if row.dense is not None]
    images = [row.image for row in rows if row.image is not None]
    features = [row.features for row in rows if row.features is not None]
    return Batch(
        images=np.stack(images) if images else None,
        tokens=stacked("tokens"),
        targets=stacked("targets"),
        segment_ids=segment_ids,
        positions=stacked("positions"),
        suffix_mask=stacked("suffix_mask"),
        loss_mask=stacked("loss_mask"),
        dataset_ids=np.broadcast_to(dataset_ids, segment_ids.shape).copy(),
        dense=stack_targets(dense) if dense else None,
        features=np.stack(features) if features else None,
        camera=stack_cameras([row.camera for row in rows]),
    )
