"""Two real frames, and what other sets in the Omni3D form may hold."""

import dataclasses
import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.optimize import minimize

from data_loaders.sources import TokenizedSource
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.experiment import DatasetConfig
from spatialvlm_jax.foreign_files import json_files
from spatialvlm_jax.generation.outcomes import Failed, Rejected
from spatialvlm_jax.generation.pipeline import generate_dataset
from spatialvlm_jax.generation.sources.omni3d import (
    Omni3DSettings,
    omni3d_source,
)
from spatialvlm_jax.inputs.tokenizer import Tokenizer
from spatialvlm_jax.scene.records import QA, Scene
from tests.generation.sources.sample import (
    SAMPLE,
    STAGES,
    annotated,
    changed,
    opened,
    scene,
    with_first,
)


def corners(annotation: dict) -> np.ndarray:
    return np.array(annotation["bbox3D_cam"])


def gap(one: np.ndarray, two: np.ndarray) -> float:
    """Shortest distance between two convex hulls of corners, by their convex combinations."""

    def squared(weights: np.ndarray) -> float:
        return float(((weights[:8] @ one - weights[8:] @ two) ** 2).sum())

    sums = [{"type": "eq", "fun": lambda w, s=s: w[s].sum() - 1} for s in (slice(8), slice(8, 16))]
    best = minimize(squared, np.full(16, 1 / 8), bounds=[(0, 1)] * 16, constraints=sums)
    return float(np.sqrt(best.fun))


def about(pairs: list[QA], type_: str, *objects: int) -> list[QA]:
    """Pairs of a type about these objects, in this order."""
    return [pair for pair in pairs if pair.type == type_ and pair.objects == objects]


def test_a_bed_and_a_night_stand_are_as_annotated() -> None:
    made, pairs = scene(0)
    stand, bed = annotated(0)
    assert [thing.caption for thing in made.objects] == ["night stand", "bed"]
    assert made.image.shape == (530, 730, 3)
    assert made.encoded == (SAMPLE / "images" / "sunrgbd_000017.jpg").read_bytes()
    # Both boxes stand on a floor about 1.2 m below the camera, which looks a little down.
    assert made.up is not None
    down = np.array(bed["R_cam"])[:, 1]
    assert float(-made.up @ down) == pytest.approx(1, abs=1e-4)
    assert made.camera_height == pytest.approx(1.23, abs=0.03)
    floors = [max(corners(each) @ down) for each in (stand, bed)]
    np.testing.assert_allclose(floors, made.camera_height, atol=0.03)
    for thing, each in zip(made.objects, (stand, bed), strict=True):
        np.testing.assert_allclose(thing.center, each["center_cam"], atol=1e-3)
        width, height, length = each["dimensions"]
        np.testing.assert_allclose(thing.extents, [length, width, height], atol=1e-3)
        assert thing.provenance == "annotated"
        assert thing.std > 0

    between = np.linalg.norm(np.subtract(stand["center_cam"], bed["center_cam"]))
    values = {pair.type: pair.value for pair in pairs if pair.kind == "quantitative"}
    assert values["centre_distance"] == pytest.approx(between, abs=1e-3)
    heights = {0: stand["dimensions"][1], 1: bed["dimensions"][1]}
    for index, height in heights.items():
        for pair in about(pairs, "height", index):
            assert pair.value == pytest.approx(height, abs=0.01)
            assert pair.value_std > 0
    # The bed is on the right of the night stand, taller, bigger, and nearer.
    truths = {
        "left_of": (0, 1), "right_of": (1, 0), "taller": (1, 0), "bigger": (1, 0), "nearer": (1, 0),
    }  # fmt: skip
    asked = [pair for pair in pairs if pair.type in truths]
    assert len(asked) >= 3
    for pair in asked:
        assert pair.verdict == ("yes" if pair.objects == truths[pair.type] else "no"), pair.question


def test_six_cars_are_told_apart_and_measured_as_annotated() -> None:
    made, pairs = scene(1)
    boxes = [corners(each) for each in annotated(1)]
    centers = np.array([each["center_cam"] for each in annotated(1)])
    assert made.up is not None
    np.testing.assert_allclose(made.up, [0, -1, 0], atol=1e-9)
    assert made.image.shape == (309, 1024, 3)
    np.testing.assert_allclose(made.intrinsics[0, 0], 721.5377 * 1024 / 1242)
    captions = [thing.caption for thing in made.objects]
    assert len(set(captions)) == 6
    assert all(caption.split().count("car") == 1 for caption in captions)
    assert captions[0] == "leftmost car"
    assert captions[2] == "rightmost car"

    measured = [pair for pair in pairs if pair.type in ("centre_distance", "distance")]
    assert len({pair.objects for pair in measured}) >= 3
    for pair in measured:
        one, two = pair.objects
        truth = {
            "centre_distance": float(np.linalg.norm(centers[one] - centers[two])),
            "distance": gap(boxes[one], boxes[two]),
        }[pair.type]
        assert pair.value == pytest.approx(truth, rel=0.01), pair.question
    sides = [pair for pair in pairs if pair.type in ("left_of", "right_of", "nearer", "farther")]
    assert len(sides) >= 4
    for pair in sides:
        one, two = pair.objects
        holds = {
            "left_of": centers[one][0] < centers[two][0],
            "right_of": centers[one][0] > centers[two][0],
            "nearer": np.linalg.norm(centers[one]) < np.linalg.norm(centers[two]),
            "farther": np.linalg.norm(centers[one]) > np.linalg.norm(centers[two]),
        }[pair.type]
        assert pair.verdict == ("yes" if holds else "no"), pair.question
    # Nothing is asked about the car that is cut off by nine tenths.
    assert all(0 not in pair.objects for pair in pairs if pair.kind != "general")


@pytest.mark.parametrize("text", ["[" * 100_000, '{"images": [1], "annotations": []}'])
def test_json_of_other_structure_is_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "omni3d_sample.json").write_text(text)
    with pytest.raises(UserError, match="JSON"):
        opened(tmp_path)


def test_json_without_bound_is_refused_by_size_depth_and_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "omni3d_sample.json"
    for text, message in (
        ('{"images": ' + "[" * 100_000, "is nested too deeply"),
        ('{"images": [], "images": []}', "the key 'images' stands twice"),
    ):
        path.write_text(text)
        with pytest.raises(UserError, match=message):
            opened(tmp_path)
    monkeypatch.setattr(json_files, "MAX_DOCUMENT_BYTES", 30)
    path.write_text('{"images": [], "annotations": []}')
    with pytest.raises(UserError, match="has 33 bytes; at most 30 are read"):
        opened(tmp_path)


def test_other_annotations_are_another_request(tmp_path: Path) -> None:
    described = []
    for name, height in (("a", 1.0), ("b", 1.0), ("c", 2.0)):
        (tmp_path / name).mkdir()
        source = with_first(tmp_path / name, depth=height)
        described.append(source.describe()["annotations"])
    assert described[0] == described[1] != described[2]


def test_what_is_hidden_is_not_in_the_scene(tmp_path: Path) -> None:
    for changes in ({"segmentation_pts": 0}, {"visibility": 0.0}, {"bbox2D_tight": [-9, 0, -1, 9]}):
        made, _ = scene(0, with_first(tmp_path, **changes))
        assert [thing.category for thing in made.objects] == ["bed"]
        assert not made.extra["dropped"]


def test_doubted_pictures_and_lone_boxes_have_no_up(tmp_path: Path) -> None:
    flag = changed(tmp_path, lambda content: content["images"][0].update(src_flagged=True))
    assert scene(0, flag)[0].up is None
    alone = changed(tmp_path, lambda content: content["annotations"].pop(0))
    assert scene(0, alone)[0].up is None


def test_pictures_that_lie_are_turned_as_annotated(tmp_path: Path) -> None:
    with Image.open(SAMPLE / "images" / "sunrgbd_000017.jpg") as picture:
        upright = np.asarray(picture)
    (tmp_path / "images").mkdir()
    # Turned back by a quarter with the clock, as it may have been captured.
    Image.fromarray(np.rot90(upright, -1)).save(tmp_path / "images" / "sunrgbd_000017.png")

    def lie(content: dict) -> None:
        content["images"][0] |= {"src_90_rotate": 1, "file_path": "images/sunrgbd_000017.png"}

    changed(tmp_path, lie)
    (frame,) = opened(tmp_path, tmp_path).observe([0])
    assert isinstance(frame, Scene)
    np.testing.assert_array_equal(frame.image, upright)
    assert frame.encoded is None
    (never,) = opened(tmp_path, tmp_path, rotate="never").observe([0])
    assert isinstance(never, Rejected)
    assert "annotated as 730 x 530" in str(never)


def test_a_picture_that_is_missing_or_outside_fails_alone(tmp_path: Path) -> None:
    (missing, _) = opened(root=tmp_path).observe([0, 1])
    assert isinstance(missing, Failed)
    assert "is --image-root right?" in str(missing)
    source = changed(
        tmp_path,
        lambda content: content["images"][0].update(file_path="../../data/omni3d_sample/README.md"),
    )
    (outside,) = source.observe([0])
    assert isinstance(outside, Rejected)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not JSON"),
        ("[]", "no list 'images'"),
        ('{"images": []}', "no list 'annotations'"),
        ('{"images": [], "annotations": []}', "no images in"),
        ('{"images": [{"id": 3}], "annotations": []}', "id 3.* no field 'width'"),
    ],
)
def test_files_of_another_form_are_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "omni3d_sample.json").write_text(text)
    with pytest.raises(UserError, match=message):
        opened(tmp_path)


def test_missing_paths_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--annotations: .*No such file"):
        opened(tmp_path)
    with pytest.raises(UserError, match="is not a folder"):
        opened(root=tmp_path / "absent")
    with pytest.raises(UserError, match="needs --annotations"):
        omni3d_source(Omni3DSettings())


def test_a_source_goes_to_workers_and_says_what_it_depends_on() -> None:
    source = opened()
    again = pickle.loads(pickle.dumps(source))  # noqa: S301
    assert again.image_id(1) == source.image_id(1) == "omni3d_sample-1"
    described = json.loads(json.dumps(source.describe()))
    assert described["omni3d"]["boxes"]["position_std"] == 0.03
    other = dataclasses.replace(
        source, settings=dataclasses.replace(source.settings, rotate="never")
    )
    assert other.describe() != source.describe()


def test_a_generated_set_is_read_by_tfds_and_by_the_loaders(tmp_path: Path) -> None:
    import tensorflow_datasets as tfds

    report = generate_dataset(opened(), {"train": 2}, tmp_path, stages=STAGES, quiet=True)
    assert (report.stored, report.rejected, report.failed) == (2, 0, 0)
    read = tfds.builder_from_directory(tmp_path).as_data_source("train")
    by_id = {example["image_id"].decode(): example for example in read}
    assert by_id["omni3d_sample-0"]["image"].shape == (530, 730, 3)
    assert len(by_id["omni3d_sample-1"]["objects"]["caption"]) == 6
    config = DatasetConfig(name="boxes", path=str(tmp_path))
    source = TokenizedSource(config, Tokenizer.from_config("small"), prefix_template="{question}")
    images = [source[index] for index in range(len(source))]
    assert all(image.pairs for image in images)
    assert all(image.example.image().dtype == np.uint8 for image in images)
