import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from data_loaders import features
from data_loaders.build import Loader, train_loader
from data_loaders.errors import DataError
from data_loaders.feature_cache import FeatureCache
from data_loaders.features import FeatureFiles
from data_loaders.in_place import digest_pictures, open_in_place
from spatialvlm_jax.batch import Batch
from spatialvlm_jax.experiment import (
    DataConfig,
    DatasetConfig,
    EncoderConfig,
    Experiment,
    ModelConfig,
    OptimConfig,
)
from spatialvlm_jax.storage.shards import digest_split, write_shard
from tests.conversion.published import photo, write_folder, write_zip
from tests.generation.pictures import PictureSource, store_pictures

FROZEN = OptimConfig(freeze=("encoder",))
MODEL = ModelConfig(encoder=EncoderConfig(image_size=16, patch_size=8, width=6))
BFLOAT16 = dataclasses.replace(MODEL, compute_dtype="bfloat16")
PHOTOS = {f"{number}.jpg": photo(number) for number in range(5)}


def encode(images: np.ndarray, dtype: str = "float32") -> Any:
    """In place of an encoder: the corners of each patch, [B, 4, 6]."""
    patches = images.reshape(-1, 2, 8, 2, 8, 3).swapaxes(2, 3).reshape(-1, 4, 64 * 3)
    return (patches[..., [0, 1, 2, 189, 190, 191]] / 255).astype(jax.numpy.dtype(dtype))


def photos(folder: Path, name: str = "photos", zipped: bool = False) -> DatasetConfig:
    """Five photos that one or two questions are asked about."""
    lines = [
        {"image": f"{number % 5}.jpg", "question": f"what is {number}?", "answer": "stripes"}
        for number in range(8)
    ]
    folder.mkdir(parents=True, exist_ok=True)
    records = folder / f"{name}.jsonl"
    records.write_text("".join(json.dumps(line) + "\n" for line in lines))
    place = folder / f"{name}.zip" if zipped else folder / name
    images = (write_zip if zipped else write_folder)(place, PHOTOS)
    return DatasetConfig(name, str(records), format="jsonl", images=str(images))


def mixture(stored: Path, folder: Path, **fields: Any) -> DataConfig:
    """Two members that ask about the same stored pictures, and one of photos in a folder."""
    spatial = DatasetConfig("spatial", str(stored), kinds=("qualitative", "quantitative"))
    general = DatasetConfig("general", str(stored), kinds=("general",))
    settings = {"batch_size": 6, "length": 64, "pairs_per_image": 4, "resize": "pad"} | fields
    return DataConfig(datasets=(spatial, general, photos(folder)), **settings)


def fill(data: DataConfig, model: ModelConfig = MODEL) -> Loader:
    """A loader whose features are there."""
    loader = train_loader(Experiment(data=data, model=model, optim=FROZEN))
    cache = FeatureCache.of(
        Experiment(model=model, data=data, optim=FROZEN), "weights", loader.features
    )
    with cache.writing() as missing:
        cache.fill(
            missing,
            lambda images: encode(images, model.compute_dtype),
            rows=4,
            workers=0,
            quiet=True,
        )
    cache.verify()
    return loader


def take(loader: Loader, count: int) -> list[Batch]:
    return [next(loader) for _ in range(count)]


@pytest.mark.parametrize("model", [MODEL, BFLOAT16], ids=["float32", "bfloat16"])
def test_features_stand_where_the_pictures_were(
    stored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: ModelConfig
) -> None:
    monkeypatch.setattr(features, "SHARD_BYTES", 300)
    data = mixture(stored, tmp_path)
    cached = fill(dataclasses.replace(data, features=str(tmp_path / "features")), model)
    spatial, general, pictures = (each.files for each in cached.features)
    assert spatial is general
    assert (spatial.examples, pictures.examples) == (12, 5)
    each = 300 // (4 * 6 * (2 if model is BFLOAT16 else 4))
    assert spatial.shards == len(list(tmp_path.glob(f"features/{spatial.digest[:16]}*"))) > 1
    assert spatial.shards == -(-12 // each)
    plain = train_loader(Experiment(data=data, model=model, optim=FROZEN))
    for with_images, batch in zip(take(plain, 6), take(cached, 6), strict=True):
        assert batch.images is None
        assert batch.features.dtype == jax.numpy.dtype(model.compute_dtype)
        assert np.array_equal(batch.features, encode(with_images.images, model.compute_dtype))
        text = dataclasses.replace(batch, images=with_images.images, features=None)
        assert all(map(np.array_equal, jax.tree.leaves(text), jax.tree.leaves(with_images)))


def test_processes_read_the_features_of_their_rows(stored: Path, tmp_path: Path) -> None:
    data = mixture(stored, tmp_path, features=str(tmp_path / "features"))
    whole = take(fill(data), 3)
    for rows in ([0, 1, 2], [3, 5]):
        mine = take(train_loader(Experiment(data=data, model=MODEL, optim=FROZEN), rows=rows), 3)
        for batch, part in zip(whole, mine, strict=True):
            assert np.array_equal(batch.features[rows], part.features)


@pytest.mark.slow
def test_worker_processes_compute_and_read_the_same(stored: Path, tmp_path: Path) -> None:
    alone = mixture(stored, tmp_path, features=str(tmp_path / "alone"))
    helped = dataclasses.replace(alone, features=str(tmp_path / "helped"), workers=2)
    loader = fill(helped, BFLOAT16)
    for one, other in zip(take(fill(alone, BFLOAT16), 5), take(loader, 5), strict=True):
        assert np.array_equal(one.features, other.features)
    loader.close()


def test_a_digest_tells_stored_pictures_and_not_where_they_lie(
    stored: Path, tmp_path: Path
) -> None:
    moved = shutil.copytree(stored, tmp_path / "moved")
    assert digest_split(moved, "train") == digest_split(stored, "train")
    assert digest_split(stored, "validation") != digest_split(stored, "train")
    store_pictures(PictureSource(), {"train": 11, "validation": 5}, tmp_path / "less")
    assert digest_split(tmp_path / "less", "train") != digest_split(stored, "train")
    (shard, *_) = sorted(moved.glob("*train.array_record*"))
    with shard.open("r+b") as file:
        file.seek(-100, 2)
        file.write(b"changed")
    assert digest_split(moved, "train") != digest_split(stored, "train")


@pytest.mark.parametrize("zipped", [False, True])
def test_a_digest_tells_photos_and_not_what_is_asked(tmp_path: Path, zipped: bool) -> None:
    config = photos(tmp_path, zipped=zipped)
    before = digest_pictures(open_in_place(config))
    assert digest_pictures(open_in_place(photos(tmp_path / "b", zipped=zipped))) == before
    records = Path(config.path)
    question = {"image": "4.jpg", "question": "one more?", "answer": "yes"}
    records.write_text(records.read_text() + json.dumps(question) + "\n")
    assert digest_pictures(open_in_place(config)) == before
    lines = records.read_text().splitlines()
    records.write_text("\n".join(lines[::-1]))
    assert digest_pictures(open_in_place(config)) != before
    records.write_text("\n".join(lines))
    files = {**PHOTOS, "3.jpg": photo(7)}
    (write_zip if zipped else write_folder)(Path(config.images), files)
    assert digest_pictures(open_in_place(config)) != before


def test_files_are_of_a_size_and_not_too_many(tmp_path: Path) -> None:
    spec = jax.ShapeDtypeStruct((256, 1152), jax.numpy.bfloat16)
    few, many = (FeatureFiles(tmp_path, "ab" * 32, n, spec) for n in (1_000, 10_000_000))
    assert few.bytes_each == 589_824
    assert (few.shards, many.shards) == (5, 512)
    for files in (few, many):
        counts = [len(files.indices(shard)) for shard in range(files.shards)]
        assert sum(counts) == files.examples
        assert min(counts) > 0
    assert few.indices(4) == range(4 * 227, 1_000)


def test_what_is_missing_or_damaged_is_named(tmp_path: Path) -> None:
    def files() -> FeatureFiles:
        return FeatureFiles(tmp_path, "ab" * 32, 3, jax.ShapeDtypeStruct((2, 2), np.float32))

    assert files().missing() == [0]
    with pytest.raises(DataError, match="lacks abab.*train.py computes it"):
        files()[0]
    whole = np.arange(12, dtype=np.float32).reshape(3, 2, 2)
    write_shard(files().path(0), [each.tobytes() for each in whole], compressed=False)
    files().check()
    assert np.array_equal(files()[2], whole[2])
    write_shard(files().path(0), [whole[0].tobytes(), b"short"], compressed=False)
    with pytest.raises(DataError, match=r"the features of 2 pictures, not of 3: remove"):
        files().check()
    with pytest.raises(DataError, match="cannot be read .* to compute them again"):
        files()[1]
    with files().path(0).open("r+b") as file:
        file.truncate(1000)
    with pytest.raises(DataError, match="cannot be read"):
        files()[0]
