import collections
import json
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.generation.experts.base import (
    Experts,
    MetricDepth,
    Perception,
    Photo,
    Region,
    Verdict,
)
from spatialvlm_jax.generation.experts.build import ExpertsConfig
from spatialvlm_jax.generation.experts.noise import NoiseConfig
from spatialvlm_jax.generation.pipeline import generate_dataset
from spatialvlm_jax.generation.sources.images import DecodeSettings
from spatialvlm_jax.generation.sources.photos import (
    PhotosSettings,
    PhotosSource,
    RenderedPhotosSource,
    photos_source,
)
from spatialvlm_jax.generation.sources.worlds import WorldsSettings
from spatialvlm_jax.generation.stages import Stages
from spatialvlm_jax.questions import QAConfig
from spatialvlm_jax.scene.intrinsics import pinhole
from spatialvlm_jax.storage.examples import StoredExample
from spatialvlm_jax.storage.shards import open_split
from tests.generation.sources import hostile

STAGES = Stages(questions=QAConfig(pairs_per_image=8))


def test_a_model_that_is_replaced_makes_the_images_again(tmp_path: Path) -> None:
    photos, model = tmp_path / "photos", tmp_path / "model"
    photos.mkdir()
    (photos / "a.png").write_bytes(hostile.encoded(hostile.pixels(1), "PNG"))
    model.mkdir()
    for name in ("config.json", "model.safetensors", "README.md"):
        (model / name).write_bytes(b"one")
    source = photos_source(PhotosSettings(path=str(photos)), ExpertsConfig(depth=str(model)))
    seen = [source.fingerprint(0, contents) for contents in (False, True)]
    (model / "README.md").write_bytes(b"of no effect")
    assert [source.fingerprint(0, contents) for contents in (False, True)] == seen
    os.utime(model / "model.safetensors", (1, 1))  # only copied
    assert source.fingerprint(0, True) == seen[1]
    (model / "model.safetensors").write_bytes(b"two")
    replaced = [source.fingerprint(0, contents) for contents in (False, True)]
    assert replaced[0] != seen[0]
    assert replaced[1] != seen[1]


def halves(photo: Photo) -> tuple[np.ndarray, np.ndarray]:
    """Two rectangles with room around them, bool[H, W] each."""
    height, width = photo.image.shape[:2]
    left, right = np.zeros((2, height, width), np.bool_)
    left[height // 6 : -height // 6, 2 : width // 2 - 2] = True
    right[height // 6 : -height // 6, width // 2 + 2 : -2] = True
    return left, right


def regions(photo: Photo) -> tuple[Region, ...]:
    found = []
    for mask, caption in zip(halves(photo), ("red box", "blue cup"), strict=True):
        rows, columns = np.nonzero(mask)
        box = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1], np.float32)
        found.append(Region(box, caption, caption.split()[1], mask=mask))
    return tuple(found)


def depth(photo: Photo) -> MetricDepth:
    left, right = halves(photo)
    metres = np.full(left.shape, 5.0, np.float32)
    metres[left], metres[right] = 2.0, 3.5
    intrinsics = photo.intrinsics
    if intrinsics is None:
        intrinsics = pinhole(left.shape[1], left.shape[0], left.shape[1])
    return MetricDepth(metres, intrinsics, 0.05, 0.01)


def keep(photos: Sequence[Photo]) -> list[Verdict]:
    return [Verdict(True, "scene", 1.0) for _ in photos]


EXPERTS = Experts(
    detector=lambda photos: [regions(photo) for photo in photos],
    segmenter=lambda photos, found: list(found),
    depth=lambda photos: [depth(photo) for photo in photos],
    filter=keep,
)


def source_of(path: Path, **settings) -> PhotosSource:
    return photos_source(PhotosSettings(path=str(path), **settings), EXPERTS)


def test_a_folder_of_hostile_pictures_ends_well_and_every_refusal_has_its_reason(
    tmp_path: Path,
) -> None:
    root = tmp_path / "pictures"
    root.mkdir()
    fates = hostile.make(root, 200)
    source = source_of(root)
    assert sorted(entry.name for entry in source.photos.entries) == sorted(fates)
    report = generate_dataset(
        source, {"train": len(source)}, tmp_path / "out", stages=STAGES, quiet=True
    )

    assert report.asked == 200 == report.stored + report.rejected + report.failed
    assert report.stored == sum(fate == hostile.FINE for fate in fates.values())
    ids = {entry.name: entry.image_id() for entry in source.photos.entries}
    lines = (tmp_path / "out" / "ledger.jsonl").read_text().splitlines()
    reasons = {row["image_id"]: row for row in map(json.loads, lines)}
    for name, fate in fates.items():
        if fate == hostile.FINE:
            assert ids[name] not in reasons
        else:
            assert reasons[ids[name]]["stage"] == "decode"
            assert fate in reasons[ids[name]]["reason"], name
    stored = [StoredExample(record) for record in open_split(tmp_path / "out", "train")]
    assert {each.image_id for each in stored} == {
        ids[name] for name, fate in fates.items() if fate == hostile.FINE
    }
    shapes = collections.Counter(each.image().shape for each in stored)
    assert set(shapes) == {(hostile.HEIGHT, hostile.WIDTH, 3), (hostile.WIDTH, hostile.HEIGHT, 3)}


def photo(source: PhotosSource, index: int = 0) -> Perception:
    (seen,) = source.observe([index])
    assert isinstance(seen, Perception)
    return seen


def test_the_focal_length_is_from_the_file_or_stated_or_estimated(tmp_path: Path) -> None:
    from tests.generation.sources.test_images import with_focal

    (tmp_path / "a.jpg").write_bytes(with_focal(36))
    (tmp_path / "b.jpg").write_bytes(hostile.encoded(hostile.pixels(0, (200, 300))))
    stated = source_of(tmp_path, fov=90)
    np.testing.assert_allclose(photo(stated, 0).photo.intrinsics, pinhole(300, 200, 300))
    np.testing.assert_allclose(photo(stated, 1).photo.intrinsics, pinhole(300, 200, 150))
    assert photo(source_of(tmp_path), 1).photo.intrinsics is None
    small = source_of(tmp_path, fov=90, decode=DecodeSettings(max_side=150))
    np.testing.assert_allclose(photo(small, 1).photo.intrinsics, pinhole(150, 100, 75))
    assert photo(small, 1).photo.extra["decode"] == ["made smaller from 300 x 200"]
    assert photo(small, 1).photo.file_size == (300, 200)


def test_the_stated_angle_is_that_of_the_longer_side_however_the_phone_was_held(
    tmp_path: Path,
) -> None:
    (tmp_path / "a.jpg").write_bytes(hostile.encoded(hostile.pixels(0, (300, 400))))
    (tmp_path / "b.jpg").write_bytes(hostile.encoded(hostile.pixels(0, (400, 300))))
    stated = source_of(tmp_path, fov=90)
    for index, (width, height) in enumerate([(400, 300), (300, 400)]):
        seen = photo(stated, index).photo
        assert seen.image.shape[:2] == (height, width)
        np.testing.assert_allclose(seen.intrinsics, pinhole(width, height, 200))


def test_files_of_other_models_are_of_the_photo_as_it_is_shown(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(hostile.turned(0, 6))
    for upright, size, orientation in (
        (True, (hostile.HEIGHT, hostile.WIDTH), 6),
        (False, (hostile.WIDTH, hostile.HEIGHT), 1),
    ):
        decoding = DecodeSettings(upright=upright, max_side=40)
        seen = photo(source_of(tmp_path, decode=decoding)).photo
        assert (seen.file_size, seen.orientation) == (size, orientation)


def test_photos_become_scenes_in_metres(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(hostile.encoded(hostile.pixels(0, (120, 160))))
    source = source_of(tmp_path, fov=35)
    seen = photo(source)
    assert seen.photo.encoded == (tmp_path / "a.jpg").read_bytes()
    scene, pairs = STAGES.examine(seen, source.name)
    assert (scene.image_id, scene.source, scene.up) == ("a.jpg", "photos", None)
    assert [thing.caption for thing in scene.objects] == ["red box", "blue cup"]
    np.testing.assert_allclose([thing.center[2] for thing in scene.objects], [2, 3.5], rtol=0.05)
    assert all(thing.provenance == "estimated" for thing in scene.objects)
    assert pairs


def test_the_description_holds_every_setting(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(hostile.encoded(hostile.pixels(0)))
    settings = PhotosSettings(path=str(tmp_path), fov=60)
    described = json.loads(json.dumps(photos_source(settings, ExpertsConfig()).describe()))
    assert described["photos"]["fov"] == 60
    assert described["photos"]["decode"]["max_side"] == 1024
    assert described["experts"]["depth"]


def test_wrong_settings_are_named() -> None:
    with pytest.raises(UserError, match="needs --photos=FOLDER"):
        photos_source(PhotosSettings(), EXPERTS)


@pytest.mark.slow
def test_rendered_photos_go_the_whole_way_without_weights(tmp_path: Path) -> None:
    worlds = WorldsSettings(preset="clear", image_size=96)
    noisy = ExpertsConfig(noise=NoiseConfig(missed_fraction=0.1, depth_scale_std=0.08))
    source = RenderedPhotosSource(worlds, noisy)
    report = generate_dataset(source, {"train": 4}, tmp_path, stages=STAGES, quiet=True)
    assert report.asked == 4
    assert report.stored >= 2
    assert report.failed == 0
    described = json.loads(json.dumps(source.describe()))
    assert described["noise"]["missed_fraction"] == 0.1
