import dataclasses
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from spatialvlm_jax import progress, signals
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.generation.execution.plan import CHUNK
from spatialvlm_jax.generation.outcomes import Rejected
from spatialvlm_jax.generation.pipeline import GenerationError, generate_dataset
from spatialvlm_jax.generation.stages import NO_STAGES, AnsweredScene
from spatialvlm_jax.storage.examples import StoredExample
from spatialvlm_jax.storage.only_writer import FolderInUseError, only_writer
from spatialvlm_jax.storage.shards import open_split, shard_files
from tests.generation.pictures import PictureSource, store_pictures

SPLITS = {"train": 7, "validation": 3}
SHARDS = {"train": 3, "validation": 1}


def contents(directory: Path) -> dict[str, bytes]:
    return {
        path.name: path.read_bytes()
        for path in directory.iterdir()
        if path.is_file() and path.name != ".lock"
    }


def image_ids(directory: Path, split: str) -> list[str]:
    return [StoredExample(record).image_id for record in open_split(directory, split)]


def test_every_image_is_stored_rejected_or_failed_and_the_ledger_says_why(tmp_path: Path) -> None:
    source = PictureSource(broken=(1,), dull=(2,), unclear=(4, 8))
    report = store_pictures(source, SPLITS, tmp_path, shards=SHARDS)
    assert (report.asked, report.stored, report.rejected, report.failed) == (10, 6, 3, 1)
    assert report.pairs == 30
    assert report.kinds == {"qualitative": 6, "quantitative": 12, "general": 12}
    assert report.types == {"left_of": 6, "height": 12, "color": 6, "count": 6}
    assert image_ids(tmp_path, "train") == [f"fake-000{index}" for index in (0, 3, 5, 6)]
    assert image_ids(tmp_path, "validation") == ["fake-0007", "fake-0009"]
    ledger = [json.loads(line) for line in (tmp_path / "ledger.jsonl").read_text().splitlines()]
    assert [(row["image_id"], row["split"], row["stage"], row["status"]) for row in ledger] == [
        ("fake-0001", "train", "observe", "failed"),
        ("fake-0002", "train", "filter", "rejected"),
        ("fake-0004", "train", "questions", "rejected"),
        ("fake-0008", "validation", "questions", "rejected"),
    ]
    assert ledger[0]["reason"] == "RuntimeError: the lamp fell over"
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["asked"] == summary["stored"] + summary["rejected"] + summary["failed"] == 10


def test_the_same_request_gives_the_same_bytes_for_any_number_of_workers(tmp_path: Path) -> None:
    source = PictureSource(unclear=(4,))
    store_pictures(source, SPLITS, tmp_path / "one", shards=SHARDS)
    store_pictures(source, SPLITS, tmp_path / "two", shards=SHARDS, workers=2)
    one, two = contents(tmp_path / "one"), contents(tmp_path / "two")
    assert one.keys() == two.keys()
    assert {"card.html", "card.md", "ledger.jsonl", "summary.json"} < one.keys()
    assert len(one) == 12
    assert [name for name in one if one[name] != two[name]] == []


@dataclasses.dataclass(frozen=True)
class CutOff(PictureSource):
    """Loses its power when it comes to one image."""

    at: int = 5

    def observe(self, indices: Sequence[int]) -> list[Any]:
        if self.at in indices:
            raise KeyboardInterrupt
        return super().observe(indices)


def test_a_run_that_was_cut_off_goes_on_and_gives_the_same_bytes(tmp_path: Path) -> None:
    store_pictures(PictureSource(), SPLITS, tmp_path / "whole", shards=SHARDS)
    with pytest.raises(KeyboardInterrupt):
        store_pictures(CutOff(), SPLITS, tmp_path / "cut", shards=SHARDS)
    done = sorted((tmp_path / "cut").glob("*.array_record-*"))
    assert len(done) == 2
    stamps = [path.stat().st_mtime_ns for path in done]
    for name in ("left.incomplete-1", ".parts/left.incomplete-1"):
        (tmp_path / "cut" / name).write_bytes(b"half")
    store_pictures(PictureSource(), SPLITS, tmp_path / "cut", shards=SHARDS)
    assert [path.stat().st_mtime_ns for path in done] == stamps
    assert contents(tmp_path / "cut") == contents(tmp_path / "whole")


def test_a_run_goes_on_within_a_shard(tmp_path: Path) -> None:
    splits, last = {"train": 3 * CHUNK}, 3 * CHUNK - 1
    store_pictures(PictureSource(), splits, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        store_pictures(CutOff(at=last), splits, tmp_path / "cut")
    parts = sorted((tmp_path / "cut" / ".parts").glob("*.json"))
    assert [path.name for path in parts] == ["train-0000000000.json", "train-0000000064.json"]
    source = CutOff(at=0)  # the first chunk is there and not made again
    store_pictures(source, splits, tmp_path / "cut")
    assert contents(tmp_path / "cut") == contents(tmp_path / "whole")
    assert not (tmp_path / "cut" / ".parts").exists()


def test_what_is_kept_is_told_to_who_ends_it(tmp_path: Path) -> None:
    told = []

    class Watched(PictureSource):
        def observe(self, indices: Sequence[int]) -> list[Any]:
            told.append(request.outlook)
            return super().observe(indices)

    with signals.listening("nothing yet") as request:
        store_pictures(Watched(), {"train": 150}, tmp_path)
        assert request.outlook == "nothing yet"
    assert told == [
        "nothing yet",
        "kept 64 of 150 pictures; the same command continues",
        "kept 128 of 150 pictures; the same command continues",
    ]


def test_a_finished_data_set_is_left_alone(tmp_path: Path) -> None:
    first = store_pictures(PictureSource(), SPLITS, tmp_path)
    stamps = {path: path.stat().st_mtime_ns for path in shard_files(tmp_path, "train")}
    assert store_pictures(PictureSource(broken=(0,)), SPLITS, tmp_path) == first
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps


def test_another_request_in_the_same_directory_is_refused(tmp_path: Path) -> None:
    store_pictures(PictureSource(), SPLITS, tmp_path)
    with pytest.raises(GenerationError, match=r"begun with other settings \(seed\)"):
        store_pictures(PictureSource(seed=1), SPLITS, tmp_path)
    with pytest.raises(GenerationError, match=r"\(splits\)"):
        store_pictures(PictureSource(), {"train": 8}, tmp_path)


def test_the_wait_for_the_first_images_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "SECONDS_OF_SILENCE", 0.01)

    class Slow(PictureSource):
        first_work = "warming up"

        def observe(self, indices: Sequence[int]) -> list[Any]:
            time.sleep(0.2)
            return super().observe(indices)

    generate_dataset(Slow(), SPLITS, tmp_path, stages=NO_STAGES)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "warming up ..."
    assert lines[1].startswith("made the first images in ")


def test_a_set_that_was_cut_off_at_its_very_beginning_is_begun_again(tmp_path: Path) -> None:
    for name in ("recipe.json.incomplete-0f", "generation.json.incomplete-0f"):
        (tmp_path / name).touch()
    assert store_pictures(PictureSource(), SPLITS, tmp_path).stored
    assert not list(tmp_path.glob("*incomplete*"))
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt.incomplete-0f").touch()
    with pytest.raises(GenerationError, match=r"holds notes\.txt\.incomplete-0f and no data set"):
        store_pictures(PictureSource(), SPLITS, tmp_path / "other")


def test_two_runs_do_not_write_to_one_directory(tmp_path: Path) -> None:
    refused = pytest.raises(FolderInUseError, match="another run is writing")
    with only_writer(tmp_path), refused:
        store_pictures(PictureSource(), SPLITS, tmp_path)


def test_a_source_that_always_fails_stops_the_run_at_once(tmp_path: Path) -> None:
    source = PictureSource(broken=tuple(range(2 * CHUNK)))
    with pytest.raises(GenerationError, match="every image fails; the first, at observe: Runtime"):
        store_pictures(source, {"train": 2 * CHUNK}, tmp_path)
    assert len((tmp_path / "ledger.jsonl").read_text().splitlines()) == CHUNK
    # Once the lamp is mended, nothing of the broken run stands in the way.
    report = store_pictures(PictureSource(), {"train": 2 * CHUNK}, tmp_path)
    assert report.stored == report.asked == 2 * CHUNK


class Hostile(PictureSource):
    """Not one picture can be used, each for its own reason."""

    def answered(self, index: int) -> AnsweredScene:
        if index % 2:
            raise Rejected("decode", "the file is empty")
        raise (OSError, ValueError)[index % 4 // 2]("broken")


def test_a_run_that_stores_nothing_ends_well_with_its_ledger(tmp_path: Path) -> None:
    with pytest.raises(GenerationError, match=r"'train' is empty: .* first was failed at observe"):
        store_pictures(Hostile(), {"train": 200}, tmp_path)
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert (summary["asked"], summary["rejected"], summary["failed"]) == (200, 100, 100)
    assert summary["reasons"] == {
        "failed at observe: OSError": 50,
        "failed at observe: ValueError": 50,
        "rejected at decode: the file is empty": 100,
    }
    assert len((tmp_path / "ledger.jsonl").read_text().splitlines()) == 200
    assert not (tmp_path / "dataset_info.json").exists()


class Misconfigured(PictureSource):
    """Its experts are not installed."""

    def observe(self, indices: Sequence[int]) -> list[Any]:
        raise UserError("torch is not installed")


def test_what_the_user_must_mend_ends_the_run(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="torch is not installed"):
        store_pictures(Misconfigured(), SPLITS, tmp_path)
    assert not list(tmp_path.glob("*.array_record-*"))


def test_a_shard_whose_images_are_all_rejected_can_be_read_past(tmp_path: Path) -> None:
    source = PictureSource(unclear=(2, 3))
    store_pictures(source, {"train": 7}, tmp_path, shards={"train": 3})
    assert image_ids(tmp_path, "train") == [f"fake-000{index}" for index in (0, 1, 4, 5, 6)]


def test_an_empty_split_is_an_error(tmp_path: Path) -> None:
    source = PictureSource(unclear=(7, 8, 9))
    with pytest.raises(GenerationError, match=r"'validation' is empty: .*ledger"):
        store_pictures(source, SPLITS, tmp_path)
