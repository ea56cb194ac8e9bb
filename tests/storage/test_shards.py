import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from spatialvlm_jax.storage import shards
from spatialvlm_jax.storage.shards import (
    SplitSize,
    StoreError,
    open_split,
    shard_path,
    write_dataset_info,
    write_shard,
)
from tests.generation.pictures import PictureSource, store_pictures

# TensorFlow made impossible to import, as where it is not installed.
READ_WITHOUT_TENSORFLOW = """
import importlib.machinery, sys
found = importlib.machinery.PathFinder.find_spec
importlib.machinery.PathFinder.find_spec = classmethod(
    lambda cls, name, *rest: None if name.split(".")[0] == "tensorflow" else found(name, *rest)
)
import grain
import tensorflow_datasets as tfds
from array_record.python.array_record_data_source import ArrayRecordDataSource
from spatialvlm_jax.storage.examples import StoredExample

directory = sys.argv[1]
builder = tfds.builder_from_directory(directory)
source = builder.as_data_source("train")
assert len(source) == builder.info.splits["train"].num_examples == 5
ids = [example["image_id"].decode() for example in source]
assert len(builder.as_data_source("train[:2]")) == 2
raw = ArrayRecordDataSource([str(path) for path in builder.info.splits["train"].filepaths])
rows = grain.MapDataset.source(raw).map(lambda record: StoredExample(record).image_id)
assert list(rows) == ids, (list(rows), ids)
assert [example["qa"]["answer"][0] for example in source] == [b"left, so yes"] * 5
assert "tensorflow" not in sys.modules
print(ids)
"""


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("stored")
    splits = {"train": 5, "validation": 2}
    store_pictures(PictureSource(), splits, directory, shards={"train": 2})
    return directory


def test_tfds_and_grain_read_it_without_tensorflow(directory: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", READ_WITHOUT_TENSORFLOW, str(directory)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str([f"fake-000{index}" for index in range(5)])


def test_split_sizes_and_files(directory: Path) -> None:
    sizes = shards.split_sizes(directory)
    assert sizes["train"].shard_lengths == (2, 3)
    assert sizes["validation"].shard_lengths == (2,)
    files = shards.shard_files(directory, "train")
    assert [file.name for file in files] == [
        "spatialvlm-train.array_record-00000-of-00002",
        "spatialvlm-train.array_record-00001-of-00002",
    ]
    assert sizes["train"].num_bytes == sum(file.stat().st_size for file in files)


def test_missing_and_wrong_directories_are_named(directory: Path, tmp_path: Path) -> None:
    with pytest.raises(shards.StoreError, match="nowhere does not exist; make it with"):
        shards.open_split(tmp_path / "nowhere", "train")
    with pytest.raises(shards.StoreError, match=r"has no dataset_info\.json"):
        shards.open_split(tmp_path, "train")
    with pytest.raises(shards.StoreError, match="no split 'test'; it has train, validation"):
        shards.open_split(directory, "test")
    (tmp_path / "dataset_info.json").write_text('{"fileFormat": "tfrecord", "splits": []}')
    with pytest.raises(shards.StoreError, match="stored as tfrecord"):
        shards.open_split(tmp_path, "train")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is not JSON: .*; copy it again"),
        ("[" * 100_000, "nested too deeply"),
        ("[]", "holds no JSON object"),
        ("{}", "cannot be read: KeyError"),
        ('{"fileFormat": "array_record", "name": "a", "splits": [7]}', "cannot be read"),
        (
            '{"fileFormat": "array_record", "name": "../a", "splits": []}',
            "no part of a file's name",
        ),
        (
            '{"fileFormat": "array_record", "name": "a", "splits": '
            '[{"name": "train", "shardLengths": ["-1"]}]}',
            "a shard of -1 examples",
        ),
    ],
)
def test_a_damaged_description_is_told_in_a_line(
    tmp_path: Path, content: str, message: str
) -> None:
    (tmp_path / "dataset_info.json").write_text(content)
    with pytest.raises(shards.StoreError, match=message):
        shards.open_split(tmp_path, "train")


def test_shards_that_changed_places_are_told(tmp_path: Path) -> None:
    store_pictures(PictureSource(), {"train": 3, "validation": 3}, tmp_path)
    train, other = (shard_path(tmp_path, name, 0, 1) for name in ("train", "validation"))
    assert train.stat().st_size == other.stat().st_size
    kept = train.read_bytes()
    train.write_bytes(other.read_bytes())
    other.write_bytes(kept)
    with pytest.raises(StoreError, match="train.* has changed since it was written"):
        open_split(tmp_path, "train")


def test_another_number_of_records_than_described_is_told(tmp_path: Path) -> None:
    path = shard_path(tmp_path, "train", 0, 1)
    write_shard(path, [b"one", b"two"])
    write_dataset_info(tmp_path, {"train": SplitSize((3,), 1)}, description="three, it says")
    with pytest.raises(StoreError, match="has 2 records, and dataset_info.json says 3"):
        open_split(tmp_path, "train")


def test_a_set_of_an_older_layout_is_refused(directory: Path, tmp_path: Path) -> None:
    info = (directory / "dataset_info.json").read_text()
    (tmp_path / "dataset_info.json").write_text(info.replace(shards.VERSION, "1.0.0"))
    with pytest.raises(shards.StoreError, match=r"layout 1\.0\.0, .* reads 2\.0\.0: generate it"):
        shards.open_split(tmp_path, "train")


def test_a_missing_shard_is_named(tmp_path: Path) -> None:
    store_pictures(PictureSource(), {"train": 4}, tmp_path, shards={"train": 2})
    shards.shard_path(tmp_path, "train", 1, 2).unlink()
    with pytest.raises(shards.StoreError, match=r"lacks 1 of its 2 shards: .*00001-of-00002"):
        shards.open_split(tmp_path, "train")


def test_a_file_that_is_no_array_record_is_refused(tmp_path: Path) -> None:
    store_pictures(PictureSource(), {"train": 2}, tmp_path)
    path = shards.shard_path(tmp_path, "train", 0, 1)
    path.write_bytes(b"not a record".ljust(path.stat().st_size))
    with pytest.raises(shards.StoreError, match="cannot be opened"):
        shards.open_split(tmp_path, "train")


def test_a_shard_that_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    def records() -> Iterator[bytes]:
        yield b"one"
        raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError):
        shards.write_shard(tmp_path / "shard", records())
    assert list(tmp_path.iterdir()) == []


def test_a_flipped_byte_names_the_data_set_and_the_record(tmp_path: Path) -> None:
    path = shard_path(tmp_path, "train", 0, 1)
    noise = np.random.default_rng(0)
    write_shard(path, [noise.bytes(1000) for _ in range(5)])
    sizes = {"train": SplitSize((5,), path.stat().st_size)}
    write_dataset_info(tmp_path, sizes, description="five records")
    whole = [open_split(tmp_path, "train")[number] for number in range(5)]
    data = bytearray(path.read_bytes())
    data[data.index(whole[3][500:520])] ^= 1
    path.write_bytes(data)
    records, lost = open_split(tmp_path, "train"), []
    for number in range(5):
        try:
            assert records[number] == whole[number]
        except StoreError as error:
            lost.append(number)
            assert f"{tmp_path}: record {number} (from 0) of split 'train' is damaged" in str(error)
            assert "\n" not in str(error)
    assert lost == [3]
