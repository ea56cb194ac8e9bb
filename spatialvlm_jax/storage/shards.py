"""The files of a stored data set: ArrayRecord shards and the TFDS description beside them.

DIR/dataset_info.json   splits and how many examples each shard holds
DIR/features.json       what an example holds
DIR/checksums.json      what the shards were when they were written (`storage.checksums`)
DIR/spatialvlm-train.array_record-00000-of-00004
"""

import dataclasses
import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from spatialvlm_jax.atomic_write import whole_file
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.foreign_files.errors import FileError
from spatialvlm_jax.foreign_files.json_files import read_object
from spatialvlm_jax.storage.checksums import damaged_shards, describe_damage

DATASET_NAME = "spatialvlm"
VERSION = "2.0.0"
_END_BYTES = 2**16
# Splits of at most so many bytes are read whole when they are opened: a tenth of a second.
_SMALL_BYTES = 2**26


class StoreError(UserError):
    """A directory does not hold a readable data set."""


@dataclasses.dataclass(frozen=True)
class SplitSize:
    """Examples in each shard of a split, and its bytes on disk."""

    shard_lengths: tuple[int, ...]
    num_bytes: int


def shard_path(directory: Path, split: str, shard: int, shards: int) -> Path:
    """Path of one shard, named as TFDS names it."""
    return directory / f"{DATASET_NAME}-{split}.array_record-{shard:05d}-of-{shards:05d}"


def write_shard(path: Path, records: Iterable[bytes], *, compressed: bool = True) -> None:
    """Writes records as one ArrayRecord file, which is whole or absent."""
    from array_record.python.array_record_module import ArrayRecordWriter

    # One record a group: any single example can be read without its neighbours.
    options = "group_size:1" if compressed else "group_size:1,uncompressed"
    with whole_file(path) as temporary:
        writer = ArrayRecordWriter(str(temporary), options)
        for record in records:
            writer.write(record)
        writer.close()


def read_shard(path: Path) -> Iterator[bytes]:
    """The records of one file of `write_shard`, in order."""
    from array_record.python.array_record_module import ArrayRecordReader

    reader = ArrayRecordReader(str(path))
    try:
        for _ in range(reader.num_records()):
            yield reader.read()
    finally:
        reader.close()


def write_dataset_info(
    directory: Path, splits: Mapping[str, SplitSize], *, description: str
) -> None:
    """Writes `dataset_info.json` and `features.json`, which make the shards a TFDS data set."""
    import tensorflow_datasets as tfds
    from tensorflow_datasets.core.dataset_info import DatasetIdentity

    from spatialvlm_jax.storage.schema import features

    identity = DatasetIdentity(
        name=DATASET_NAME,
        version=tfds.core.Version(VERSION),
        data_dir=str(directory),
        module_name="spatialvlm_jax.storage.examples",
    )
    info = tfds.core.DatasetInfo(builder=identity, description=description, features=features())
    info.set_file_format("array_record")
    split_infos = [
        tfds.core.SplitInfo(
            name=name, shard_lengths=list(size.shard_lengths), num_bytes=size.num_bytes
        )
        for name, size in splits.items()
    ]
    info.set_splits(tfds.core.splits.SplitDict(split_infos))
    info.write_to_directory(directory)


def split_sizes(directory: Path) -> dict[str, SplitSize]:
    """The splits of a stored data set.

    Raises:
      StoreError: the directory is missing or is not a data set in TFDS layout.
    """
    return _read_info(directory)[1]


def _read_info(directory: Path) -> tuple[str, dict[str, SplitSize]]:
    """The name that a data set's files begin with, and its splits; raises StoreError."""
    if directory.is_file():
        raise StoreError(f"{directory} is a file; name the folder of a data set")
    if not directory.is_dir():
        raise StoreError(
            f"data directory {directory} does not exist; "
            f"make it with: spatialvlm generate (or convert) --out={directory}"
        )
    path = directory / "dataset_info.json"
    if not path.exists():
        raise StoreError(
            f"{directory} has no dataset_info.json: it is not a data set in TFDS layout, or its "
            "generation did not finish (run the same generate command again)"
        )
    try:
        info = read_object(path, "the description of a data set in TFDS layout")
        if info["fileFormat"] != "array_record":
            raise StoreError(
                f"{directory} is stored as {info['fileFormat']}; only array_record can be read"
            )
        if info["name"] == DATASET_NAME and info["version"] != VERSION:
            raise StoreError(
                f"{directory} is stored in layout {info['version']}, and this program reads "
                f"{VERSION}: generate it again (what was asked is in its generation.json)"
            )
        sizes = {split["name"]: _split_size(split) for split in info["splits"]}
        for name in (info["name"], *sizes):
            if Path(name).name != name:
                raise ValueError(f"{name!r} is no part of a file's name")
        return info["name"], sizes
    except FileError as error:
        raise StoreError(f"{error}; copy it again, or make the set again") from None
    except StoreError:
        raise
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise StoreError(f"{path} cannot be read: {error!r}") from None


def _split_size(split: Mapping[str, Any]) -> SplitSize:
    lengths = tuple(int(length) for length in split["shardLengths"])
    if min(lengths, default=0) < 0:
        raise ValueError(f"a shard of {min(lengths)} examples")
    return SplitSize(lengths, int(split.get("numBytes", 0)))


def shard_files(directory: Path, split: str) -> list[Path]:
    """The files of one split, in order.

    Raises:
      StoreError: no such data set, split or file.
    """
    name, sizes = _read_info(directory)
    if split not in sizes:
        raise StoreError(f"{directory} has no split {split!r}; it has {', '.join(sorted(sizes))}")
    count = len(sizes[split].shard_lengths)
    paths = [
        directory / f"{name}-{split}.array_record-{shard:05d}-of-{count:05d}"
        for shard in range(count)
    ]
    missing = [path.name for path in paths if not path.exists()]
    if missing:
        raise StoreError(f"{directory} lacks {len(missing)} of its {count} shards: {missing[0]}")
    return paths


def digest_split(directory: Path, split: str) -> str:
    """SHA-256 of what tells a split from another without reading it all.

    That is the data set's description, and of each file its size and its end, where an ArrayRecord
    says how long its records are. Where the directory lies does not matter.

    Raises:
      StoreError: no such data set, split or file.
    """
    digest = hashlib.sha256(f"{split}\n".encode())
    digest.update((directory / "dataset_info.json").read_bytes())
    for path in shard_files(directory, split):
        size = path.stat().st_size
        digest.update(f"{path.name} {size}\n".encode())
        with path.open("rb") as file:
            file.seek(max(0, size - _END_BYTES))
            digest.update(file.read())
    return digest.hexdigest()


class _Records(Sequence[bytes]):
    """Records whose checksums hold; one that was changed is named by `place`."""

    def __init__(self, source: Sequence[bytes], place: str):
        self._source, self._place = source, place

    def __len__(self) -> int:
        return len(self._source)

    def __iter__(self) -> Iterator[bytes]:
        # The source says ValueError, not IndexError, behind its last record.
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: Any) -> Any:
        """Raises StoreError if the record cannot be read, IndexError if there is none."""
        if isinstance(index, int) and not -len(self) <= index < len(self):
            raise IndexError(index)  # which ends an iteration
        try:
            return self._source[index]
        except Exception as error:  # the reader raises what damaged files lead it to
            reason = str(error).partition(";")[0]
            raise StoreError(
                f"{self._place.format(index)} is damaged ({reason}); copy the file again, or make "
                "it again: remove it and run the command that made the set"
            ) from None


def open_split(directory: str | os.PathLike[str], split: str) -> Sequence[bytes]:
    """Random access to the serialised examples of a split.

    Raises:
      StoreError: no such data set, split or file, a file of another size or number of records than
        was written, or one that is not an ArrayRecord; on reading, a record that was changed.
    """
    from array_record.python.array_record_data_source import ArrayRecordDataSource

    folder = Path(directory)
    paths = shard_files(folder, split)
    damage = damaged_shards(folder, [path.name for path in paths]) or _exchanged(folder, paths)
    if damage:
        raise StoreError(describe_damage(folder, damage))
    try:
        source = ArrayRecordDataSource([str(path) for path in paths])
    except Exception as error:  # the reader raises what damaged files lead it to
        raise StoreError(f"{directory}: split {split!r} cannot be opened: {error}") from None
    examples = sum(split_sizes(folder)[split].shard_lengths)
    if len(source) != examples:
        raise StoreError(
            f"{directory}: split {split!r} has {len(source)} records, and dataset_info.json says "
            f"{examples}: copy the set again, or make it again"
        )
    return _Records(source, f"{directory}: record {{}} (from 0) of split {split!r}")


def _exchanged(directory: Path, paths: Sequence[Path]) -> dict[str, str]:
    """Files of a small split that are whole and not those that were written, with what is wrong.

    Damage within a file is left to the record that it is found in.
    """
    if sum(path.stat().st_size for path in paths) > _SMALL_BYTES:
        return {}
    changed = damaged_shards(directory, [path.name for path in paths], contents=True)
    return {name: problem for name, problem in changed.items() if _is_whole(directory / name)}


def _is_whole(path: Path) -> bool:
    try:
        return all(True for _ in read_shard(path))
    except Exception:  # the reader raises what damaged files lead it to
        return False
