"""From photos, and what other models wrote beside them, to answers, judged by the exact worlds."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.judging import exact_value, matches
from spatialvlm_jax import cli
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.generation.experts.base import Perception
from spatialvlm_jax.generation.experts.build import ExpertsConfig
from spatialvlm_jax.generation.experts.perceive import perceive
from spatialvlm_jax.generation.experts.rendered import rendered_experts
from spatialvlm_jax.generation.sources.photos import PhotosSettings, photos_source
from spatialvlm_jax.generation.stages import Stages
from spatialvlm_jax.questions import QAConfig
from spatialvlm_jax.scene.geometry import SceneGeometry
from spatialvlm_jax.storage.examples import StoredExample
from spatialvlm_jax.storage.shards import open_split
from tests.generation.coco_room import write_rooms

STAGES = Stages(QAConfig(spatial_fraction=1.0, general_fraction=0.0))
# Between places: a view from one side says little of what is hidden of a size.
PLACES = ("distance", "centre_distance", "horizontal_distance", "camera_distance")


def files_in(folder: Path) -> ExpertsConfig:
    boxes, depth = f"files:{folder / 'boxes.json'}", f"files:{folder / 'depth'}"
    return ExpertsConfig(
        detector=boxes,
        segmenter=boxes,
        ground=boxes,
        depth=depth,
        filter=None,
        embedder=None,
        depth_scale_std=0.0,
        depth_noise_std=0.0,
    )


def test_metric_answers_are_those_of_the_exact_worlds(tmp_path: Path) -> None:
    photos = write_rooms(tmp_path, 21, 4)
    source = photos_source(PhotosSettings(path=str(tmp_path / "pictures")), files_in(tmp_path))
    errors = []
    for photo, seen in zip(photos, source.observe(range(4)), strict=True):
        assert isinstance(seen, Perception)
        truth = photo.truth
        assert truth is not None
        assert [region.caption for region in seen.regions] == [o.caption for o in truth.objects]
        scene, pairs = STAGES.examine(seen, source.name)
        assert scene.up is not None
        assert scene.up @ truth.up > np.cos(np.deg2rad(0.1))
        assert scene.camera_height == pytest.approx(truth.camera_height, abs=0.001)
        exact, matched = SceneGeometry.from_scene(truth), matches(scene, truth)
        for pair in pairs:
            if pair.type in PLACES:
                right = exact_value(pair.type, exact, [matched[i] for i in pair.objects])
                assert right is not None
                errors.append(abs(pair.value - right))
    # Metres. What is hidden of things is guessed; files add no error of their own, see below.
    assert len(errors) >= 15
    assert np.median(errors) < 0.03
    assert max(errors) < 0.15


def test_files_say_what_exact_experts_say(tmp_path: Path) -> None:
    photos = write_rooms(tmp_path, 21, 2)
    source = photos_source(PhotosSettings(path=str(tmp_path / "pictures")), files_in(tmp_path))
    same = [dataclasses.replace(each, image_id=f"{i}.png") for i, each in enumerate(photos)]
    exact = perceive(same, rendered_experts())
    for seen, right in zip(source.observe(range(2)), exact, strict=True):
        assert isinstance(seen, Perception)
        assert isinstance(right, Perception)
        found, expected = (STAGES.lifted(each) for each in (seen, right))
        for one, other in zip(found.objects, expected.objects, strict=True):
            np.testing.assert_allclose(one.center, other.center, atol=1e-6)
            np.testing.assert_allclose(one.extents, other.extents, atol=1e-6)


def test_one_command_stores_them_and_tells_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    write_rooms(tmp_path, 21, 3)
    (tmp_path / "pictures/1.png").unlink()
    (tmp_path / "depth/2.npy").unlink()
    command = ["generate", "--source=photos", f"--photos={tmp_path / 'pictures'}"]
    command += [f"--boxes={tmp_path / 'boxes.json'}", f"--depth={tmp_path / 'depth'}"]
    command += ["--validation-images=0", "--quiet", f"--out={tmp_path / 'out'}"]
    assert cli.main(command) == 0
    assert "1 images" in capsys.readouterr().out
    assert "boxes.json names 1 pictures that are not there: 1.png" in caplog.text
    (stored,) = [StoredExample(record) for record in open_split(tmp_path / "out", "train")]
    assert stored.image_id == "0.png"
    (row,) = map(json.loads, (tmp_path / "out/ledger.jsonl").read_text().splitlines())
    assert (row["image_id"], row["stage"]) == ("2.png", "depth")
    assert "no depth for it" in row["reason"]


def test_what_every_photo_lacked_can_be_stated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_rooms(tmp_path, 21, 2)
    for path in (tmp_path / "depth").glob("*.json"):
        path.unlink()
    command = ["generate", "--source=photos", f"--photos={tmp_path / 'pictures'}"]
    command += [f"--boxes={tmp_path / 'boxes.json'}", f"--depth={tmp_path / 'depth'}"]
    command += ["--validation-images=0", "--quiet", f"--out={tmp_path / 'out'}"]
    assert cli.main(command) == 2
    assert "focal length is unknown: state --fov=DEGREES" in capsys.readouterr().err
    assert cli.main([*command, "--fov=60"]) == 0
    assert (tmp_path / "out/ledger.jsonl").read_text() == ""
    assert cli.main([*command, "--fov=61"]) == 2
    assert "begun with other settings (photos)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--boxes="], "argument --boxes: it is empty"),
        (["--boxes=none.json"], "none.json cannot be read: No such file"),
        (["--captions=none.jsonl"], "captions are of the annotations in --boxes=FILE.json"),
        (["--depth=none"], "no folder with depth at none"),
        (["--config.experts.embedder=files:a"], "embedder: no files are read in its place"),
    ],
)
def test_what_cannot_be_read_is_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], reason: str
) -> None:
    Image.new("RGB", (64, 64)).save(tmp_path / "a.png")
    command = ["generate", "--source=photos", f"--photos={tmp_path}", "--dry-run", "--out=out"]
    try:
        ended: int | str | None = cli.main([*command, *options])
    except SystemExit as stopped:
        ended = stopped.code
    assert ended == 2
    *_, last = capsys.readouterr().err.splitlines()
    assert reason in last


def test_a_changed_file_makes_the_images_again(tmp_path: Path) -> None:
    write_rooms(tmp_path, 21, 1)
    boxes, depth = tmp_path / "boxes.json", tmp_path / "depth/0.npy"
    experts = ExpertsConfig(detector=f"files:{boxes}", depth=f"files:{tmp_path / 'depth'}")
    source = photos_source(PhotosSettings(path=str(tmp_path / "pictures")), experts)
    seen = [source.fingerprint(0, contents) for contents in (False, True)]
    np.save(depth, np.load(depth).astype(np.float64) * 2)
    doubled = [source.fingerprint(0, contents) for contents in (False, True)]
    boxes.write_text(boxes.read_text().replace("thing", "thin"))
    renamed = [source.fingerprint(0, contents) for contents in (False, True)]
    for contents in (0, 1):
        assert len({seen[contents], doubled[contents], renamed[contents]}) == 3


def test_depth_may_lie_among_the_photos(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_rooms(tmp_path, 21, 1)
    inner = tmp_path / "pictures/depth"
    inner.mkdir()
    metres = np.load(tmp_path / "depth/0.npy")
    Image.fromarray((metres * 1000).round().astype(np.uint16)).save(inner / "0.png")
    photos = PhotosSettings(path=str(tmp_path / "pictures"), fov=60)
    experts = dataclasses.replace(files_in(tmp_path), depth=f"files:{inner}")
    source = photos_source(photos, experts)
    assert [source.image_id(index) for index in range(len(source))] == ["0.png"]
    assert "left out are 1 in depth (depth)" in caplog.text
    (seen,) = source.observe([0])
    assert isinstance(seen, Perception)
    np.testing.assert_allclose(seen.depth.depth, metres, atol=0.0006)
    Image.open(inner / "0.png").save(tmp_path / "pictures/0.tiff")
    same = dataclasses.replace(experts, depth=f"files:{tmp_path / 'pictures'}")
    with pytest.raises(UserError, match="0.png and 0.tiff .* put depth into a folder of its own"):
        photos_source(photos, same)
