"""What an encoder makes of every picture of a data set, in files that a loader reads at random.

FOLDER/index.json                                whose features they are (`feature_cache.py`)
FOLDER/DIGEST.array_record-00000-of-00004        one picture a record: float[N, E], in compute dtype

DIGEST tells the pictures; data sets of a mixture that ask about the same ones share their features.
"""

import dataclasses
import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np

from data_loaders.errors import DataError
from data_loaders.fresh import FreshExamples
from data_loaders.in_place import digest_pictures
from data_loaders.sources import Examples, StoredExamples, TokenizedSource
from spatialvlm_jax.batch import feature_spec
from spatialvlm_jax.experiment import DataConfig, DatasetConfig, ModelConfig
from spatialvlm_jax.storage.shards import digest_split

SHARD_BYTES = 128 * 2**20  # of a file: as much as a kill can cost each process
MOST_SHARDS = 512  # above that files are larger: a reader holds all of them open
_DIGITS = 16  # of a digest, in the name of a file


@dataclasses.dataclass(frozen=True)
class FeatureFiles:
    """Random access to the features of one data set; the files are opened when first read.

    digest: of the pictures. examples: how many there are. spec: of one picture's features.
    """

    folder: Path
    digest: str
    examples: int
    spec: jax.ShapeDtypeStruct

    @property
    def bytes_each(self) -> int:
        """Of one picture's features."""
        return self.spec.size * self.spec.dtype.itemsize

    @property
    def _each(self) -> int:
        return max(1, SHARD_BYTES // self.bytes_each, -(-self.examples // MOST_SHARDS))

    @property
    def shards(self) -> int:
        """How many files there are; depends on nothing but examples and their size."""
        return -(-self.examples // self._each)

    def path(self, shard: int) -> Path:
        """Of one file."""
        name = f"{self.digest[:_DIGITS]}.array_record-{shard:05d}-of-{self.shards:05d}"
        return self.folder / name

    def indices(self, shard: int) -> range:
        """The examples whose features are in a file."""
        return range(shard * self._each, min((shard + 1) * self._each, self.examples))

    def missing(self) -> list[int]:
        """The files that are not there yet; those that are there are whole."""
        return [shard for shard in range(self.shards) if not self.path(shard).exists()]

    def check(self) -> None:
        """Raises DataError unless the features of every example are there."""
        if len(self._records) != self.examples:
            raise DataError(
                f"{self.path(0)} and the files that belong to it hold the features of "
                f"{len(self._records)} pictures, not of {self.examples}: remove {self.folder} to "
                "compute them again"
            )

    def __getitem__(self, index: int) -> np.ndarray:
        """[N, E] of the example at `index`, which must not be written to.

        Raises:
          DataError: it is not there, or damaged.
        """
        try:
            record = self._records[index]
            return np.frombuffer(record, self.spec.dtype).reshape(self.spec.shape)
        except (RuntimeError, ValueError, OSError, IndexError) as error:
            raise self._damaged(error) from None

    @functools.cached_property
    def _records(self) -> Any:
        from array_record.python.array_record_data_source import ArrayRecordDataSource

        if self.missing():
            raise DataError(
                f"{self.folder} lacks {self.path(self.missing()[0]).name}: train.py computes it"
            )
        try:
            return ArrayRecordDataSource([str(self.path(i)) for i in range(self.shards)])
        except (RuntimeError, ValueError, OSError) as error:
            raise self._damaged(error) from None

    def _damaged(self, error: Exception) -> DataError:
        return DataError(
            f"features in {self.folder} cannot be read ({error}): remove the folder to compute "
            "them again"
        )


@dataclasses.dataclass(frozen=True)
class FeatureSet:
    """A data set: its pictures, and where their features are."""

    config: DatasetConfig
    examples: Examples
    files: FeatureFiles


def feature_sets(
    sources: Sequence[TokenizedSource],
    data: DataConfig,
    model: ModelConfig,
) -> list[FeatureSet]:
    """Where the features of each member of a mixture are, in its order.

    Raises:
      DataError: pictures are missing.
    """
    found: dict[tuple[str, ...], FeatureSet] = {}
    for source, config in zip(sources, data.datasets, strict=True):
        place = place_of(config)
        if place not in found:
            files = FeatureFiles(
                Path(data.features),
                _digest(source.examples, config),
                len(source.examples),
                feature_spec(model),
            )
            found[place] = FeatureSet(config, source.examples, files)
    return [found[place_of(config)] for config in data.datasets]


def place_of(config: DatasetConfig) -> tuple[str, ...]:
    """Where the pictures of a data set lie: what members of a mixture may have in common."""
    split = config.split if config.format == "stored" else ""
    return (config.format, config.path, split, config.images)


def _digest(examples: Examples, config: DatasetConfig) -> str:
    if isinstance(examples, StoredExamples):
        return digest_split(Path(config.path), config.split)
    assert not isinstance(examples, FreshExamples)  # which `DataConfig` refuses
    return digest_pictures(examples)
