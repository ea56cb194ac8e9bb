"""Files that change between two runs of one command are told, and made again where they were."""

import dataclasses
import json
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from spatialvlm_jax.foreign_files.fingerprints import fingerprint_file
from spatialvlm_jax.generation.execution.inputs import (
    describe_contents,
    describe_files,
    have_changed,
)
from spatialvlm_jax.generation.execution.plan import CHUNK
from spatialvlm_jax.generation.pipeline import GenerationError
from spatialvlm_jax.storage.examples import StoredExample
from spatialvlm_jax.storage.shards import open_split, shard_files
from tests.generation.pictures import PictureSource, store_pictures

SPLITS, SHARDS = {"train": 4}, {"train": 2}


@dataclasses.dataclass(frozen=True)
class FileSource(PictureSource):
    """Pictures whose answers follow the number in a file of their own."""

    folder: str = ""
    stop_at: int = -1

    def path(self, index: int) -> Path:
        return Path(self.folder) / f"{index}.txt"

    def fingerprint(self, index: int, contents: bool) -> str:
        return fingerprint_file(self.path(index), contents)

    def observe(self, indices: Sequence[int]) -> list[Any]:
        if self.stop_at in indices:
            raise KeyboardInterrupt
        return [self.answered(int(self.path(index).read_text())) for index in indices]


def source(folder: Path, count: int, **options: Any) -> FileSource:
    folder.mkdir(exist_ok=True)
    for index in range(count):
        path = folder / f"{index}.txt"
        if not path.exists():
            path.write_text(str(index))
    return FileSource(folder=str(folder), **options)


def numbers(out: Path) -> list[str]:
    return [StoredExample(record).image_id for record in open_split(out, "train")]


def test_shards_of_changed_files_are_made_again_and_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    files, out = source(tmp_path / "files", 4), tmp_path / "out"
    store_pictures(files, SPLITS, out, shards=SHARDS)
    first, second = shard_files(out, "train")
    before = first.stat().st_mtime_ns
    files.path(3).write_text("33")
    caplog.set_level(logging.WARNING)
    store_pictures(files, SPLITS, out, shards=SHARDS)
    assert numbers(out) == ["fake-0000", "fake-0001", "fake-0002", "fake-0033"]
    assert first.stat().st_mtime_ns == before
    (record,) = caplog.records
    assert record.getMessage() == (
        f"{second} is stale: files of one or more of fake-0002 to fake-0003 have changed since; "
        "it is made again"
    )


def test_a_folder_that_was_only_copied_is_the_same(tmp_path: Path) -> None:
    files, out = source(tmp_path / "files", 4), tmp_path / "out"
    report = store_pictures(files, SPLITS, out, shards=SHARDS)
    stamps = [path.stat().st_mtime_ns for path in shard_files(out, "train")]
    for index in range(4):
        os.utime(files.path(index), ns=(1, 1))
    assert store_pictures(files, SPLITS, out, shards=SHARDS) == report
    assert [path.stat().st_mtime_ns for path in shard_files(out, "train")] == stamps


def test_parts_of_a_run_that_was_cut_off_follow_their_files(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    splits, out = {"train": 3 * CHUNK}, tmp_path / "out"
    cut = source(tmp_path / "files", 3 * CHUNK, stop_at=2 * CHUNK)
    with pytest.raises(KeyboardInterrupt):
        store_pictures(cut, splits, out)
    cut.path(CHUNK).write_text("700")
    store_pictures(dataclasses.replace(cut, stop_at=0), splits, out)
    assert numbers(out)[CHUNK - 1 : CHUNK + 2] == ["fake-0063", "fake-0700", "fake-0065"]
    assert "files of one or more of fake-0064 to fake-0127 have changed since" in caplog.text


def test_a_file_that_is_there_at_last_is_read(tmp_path: Path) -> None:
    files = source(tmp_path, 2)
    files.path(1).unlink()
    recorded = {**describe_files(files, [0, 1]), **describe_contents(files, [0, 1])}
    assert not have_changed(files, [0, 1], recorded)
    files.path(1).write_text("1")
    assert have_changed(files, [0, 1], recorded)
    assert not have_changed(PictureSource(), [0, 1], {})


def test_a_set_without_a_record_of_its_files_is_made_again(tmp_path: Path) -> None:
    files, out = source(tmp_path / "files", 4), tmp_path / "out"
    store_pictures(files, SPLITS, out)
    (path,) = (out / ".shards").glob("*.json")
    report = json.loads(path.read_text())
    assert len(report.pop("inputs")) == 1
    path.write_text(json.dumps(report))
    files.path(0).write_text("9")
    store_pictures(files, SPLITS, out)
    assert numbers(out)[0] == "fake-0009"


def test_a_folder_begun_by_other_rules_is_refused(tmp_path: Path) -> None:
    store_pictures(PictureSource(), SPLITS, tmp_path)
    path = tmp_path / "generation.json"
    request = json.loads(path.read_text())
    del request["rules"]
    path.write_text(json.dumps(request))
    with pytest.raises(
        GenerationError,
        match=r"begun by rules 1 of generation, and these are rules \d+, .* use another folder",
    ):
        store_pictures(PictureSource(), SPLITS, tmp_path)
