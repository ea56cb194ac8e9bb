import contextlib
import dataclasses
import io
import json
import shutil
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from data_loaders import feature_cache, features
from data_loaders.build import train_loader
from data_loaders.errors import DataError
from data_loaders.feature_cache import INDEX, FeatureCache
from spatialvlm_jax.experiment import DataConfig, DatasetConfig, Experiment
from tests.data_loaders.test_features import FROZEN, MODEL, encode, photos
from tests.generation.pictures import PictureSource, store_pictures


class Stopped(Exception):
    """Raised in the middle of filling."""


@pytest.fixture
def data(stored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataConfig:
    """Twelve pictures, two in a file."""
    monkeypatch.setattr(features, "SHARD_BYTES", 2 * 4 * 6 * 4)
    copy = shutil.copytree(stored, tmp_path / "stored")
    dataset = DatasetConfig("mugs", str(copy))
    return DataConfig(datasets=(dataset,), features=str(tmp_path / "cache" / "features"))


def cache_of(data: DataConfig, weights: str = "0123456789abcdef", **model: Any) -> FeatureCache:
    changed = dataclasses.replace(MODEL, **model)
    experiment = Experiment(model=changed, data=data, optim=FROZEN)
    return FeatureCache.of(experiment, weights, train_loader(experiment).features)


def fill(cache: FeatureCache, stop_after: int = 1_000) -> int:
    """Fills a cache; returns how many pictures it computed."""
    computed = 0

    def count() -> None:
        nonlocal computed
        if computed == stop_after:
            raise Stopped
        computed += 1

    with cache.writing() as missing:
        cache.fill(missing, encode, rows=4, workers=0, quiet=True, check=count)
    return computed


def test_what_was_finished_when_filling_stopped_stays(data: DataConfig) -> None:
    cache = cache_of(data)
    assert "will take 1.15 kB" in cache.describe()
    with pytest.raises(Stopped):
        fill(cache, stop_after=5)
    folder = Path(data.features)
    kept = {path: path.stat().st_mtime_ns for path in folder.glob("*.array_record-*")}
    assert len(kept) == 2
    assert cache.check() == [(0, 2), (0, 3), (0, 4), (0, 5)]
    # What a killed process was writing.
    (leftover := folder / "x.array_record-00002-of-00006.incomplete-1").touch()
    assert fill(cache) == 8
    assert not leftover.exists()
    assert all(path.stat().st_mtime_ns == time for path, time in kept.items())
    cache.verify()
    assert cache.check() == []
    assert "12 pictures, 4 x 6 float32 or 96 B each, are 1.15 kB in" in cache.describe()


def test_a_cache_that_another_run_begins_in_this_moment_is_no_folder_of_others(
    data: DataConfig,
) -> None:
    folder = Path(data.features)
    folder.mkdir(parents=True)
    (folder / f"{INDEX}.incomplete-0f").touch()
    assert len(cache_of(data).check()) == 6
    (folder / "notes.txt.incomplete-0f").touch()
    with pytest.raises(DataError, match=f"holds other files and no {INDEX}"):
        cache_of(data).check()


def test_what_differs_is_named_with_the_remedy(data: DataConfig) -> None:
    fill(cache_of(data))
    assert cache_of(data).check() == []
    remedy = f"Name another folder, or remove {data.features} to compute them again"

    def refused(*differences: str, data: DataConfig = data, **changes: Any) -> None:
        with pytest.raises(DataError) as caught:
            cache_of(data, **changes).check()
        message = str(caught.value)
        assert f": {'; '.join(differences)}. {remedy}" in message

    refused("weights is 0123456789ab there and 3333 here", weights="3333")
    encoder = dataclasses.replace(MODEL.encoder, width=8, depth=3)
    refused(
        "model.encoder.width is 6 there and 8 here",
        "model.encoder.depth is 4 there and 3 here",
        encoder=encoder,
    )
    refused("model.compute_dtype is float32 there and bfloat16 here", compute_dtype="bfloat16")
    refused(
        "data.resize is squash there and pad here", data=dataclasses.replace(data, resize="pad")
    )
    path = Path(data.datasets[0].path)
    shutil.rmtree(path)
    store_pictures(PictureSource(), {"train": 10, "validation": 5}, path)
    refused(f"data set 'mugs' ({path}) has changed from 12 pictures to 10")


def test_data_may_move_and_others_may_be_added(data: DataConfig, tmp_path: Path) -> None:
    fill(cache_of(data))
    moved = shutil.move(data.datasets[0].path, tmp_path / "moved")
    more = (DatasetConfig("mugs", str(moved)), photos(tmp_path))
    data = dataclasses.replace(data, datasets=more)
    assert fill(cache_of(data)) == 5
    index = json.loads((Path(data.features) / INDEX).read_text())
    entries = index["data_sets"].values()
    assert [(entry["name"], entry["examples"]) for entry in entries] == [
        ("mugs", 12),
        ("photos", 5),
    ]


def test_folders_that_hold_something_else_are_refused(data: DataConfig) -> None:
    other = dataclasses.replace(data, features=data.datasets[0].path)
    with pytest.raises(DataError, match="holds other files and no index.json; name a new folder"):
        cache_of(other).check()
    Path(data.features).mkdir(parents=True)
    for text in ("{", '{"version": 99}', "[]"):
        (Path(data.features) / INDEX).write_text(text)
        with pytest.raises(DataError, match=r"index\.json cannot be read: name another folder, or"):
            cache_of(data).check()


def test_a_disk_that_is_too_small_is_told_before_anything_is_computed(
    data: DataConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(".")._replace(free=1_151)
    monkeypatch.setattr(feature_cache.shutil, "disk_usage", lambda _: usage)
    message = r"the features take 1\.15 kB, and 1\.15 kB are free there; name a folder on a larger"
    with pytest.raises(DataError, match=message):
        cache_of(data).check()
    assert not Path(data.features).exists()
    monkeypatch.setattr(feature_cache.shutil, "disk_usage", lambda _: usage._replace(free=1_152))
    assert len(cache_of(data).check()) == 6


def test_a_second_run_waits_and_finds_nothing_to_do(data: DataConfig) -> None:
    computed = []
    second = threading.Thread(target=lambda: computed.append(fill(cache_of(data))))
    said = io.StringIO()  # to read what is captured while another thread writes may lose a line
    with (cache := cache_of(data)).writing() as missing, contextlib.redirect_stdout(said):
        second.start()
        while "waiting for another run that fills" not in said.getvalue():
            time.sleep(0.005)
        cache.fill(missing, encode, rows=4, workers=0, quiet=True)
    second.join()
    assert computed == [0]
