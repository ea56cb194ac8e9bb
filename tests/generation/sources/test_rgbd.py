"""Folders of colour, depth and masks, made by the test from a scene whose truth is known."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.generation.experts.base import Perception
from spatialvlm_jax.generation.outcomes import Rejected
from spatialvlm_jax.generation.pipeline import generate_dataset
from spatialvlm_jax.generation.sources.images import DecodeSettings
from spatialvlm_jax.generation.sources.rgbd import RGBDSettings, RGBDSource, rgbd_source
from spatialvlm_jax.generation.sources.sensor_files import fitted
from spatialvlm_jax.generation.stages import Stages
from spatialvlm_jax.questions import QAConfig
from spatialvlm_jax.storage.examples import StoredExample
from spatialvlm_jax.storage.shards import open_split

WIDTH, HEIGHT, FOCAL = 160, 120, 150.0
# A level camera 1.2 m above the floor; a box 0.4 m wide at 2 m, a lamp 0.3 m wide at 3 m.
CAMERA_HEIGHT = 1.2
THINGS = {
    7: ("cardboard box", 2.0, (-0.5, -0.1), (0.3, 0.6)),
    9: ("lamp", 3.0, (0.4, 0.7), (-0.5, 0.5)),
}
LABELS = {"7": "Cardboard_Box", "9": "lamp", "2": "floor", "3": "wall"}


def frame() -> tuple[np.ndarray, np.ndarray]:
    """Depth float64[H, W] in metres and instance ids int[H, W]: floor, wall and two flat things."""
    rows, columns = np.indices((HEIGHT, WIDTH)) + 0.5
    x, y = (columns - WIDTH / 2) / FOCAL, (rows - HEIGHT / 2) / FOCAL
    depth, ids = np.full(x.shape, 4.0), np.full(x.shape, 3)
    floor = y * 4.0 > CAMERA_HEIGHT
    depth[floor], ids[floor] = CAMERA_HEIGHT / y[floor], 2
    for instance, (_, distance, across, down) in THINGS.items():
        inside = (across[0] < x * distance) & (x * distance < across[1])
        inside &= (down[0] < y * distance) & (y * distance < down[1])
        depth[inside], ids[inside] = distance, instance
    return depth, ids


def save_depth(path: Path, metres: np.ndarray, scale: float = 1000.0, turned: bool = False) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".npy":
        np.save(path, metres.astype(np.float32))
        return
    values = np.rint(metres * scale).astype(np.uint16)
    if turned:
        values = ((values << 3) | (values >> 13)).astype(np.uint16)
    Image.fromarray(values).save(path)


def save_color(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    rows, columns = np.indices((HEIGHT, WIDTH))
    Image.fromarray(np.stack([rows, columns, rows + columns], -1).astype(np.uint8)).save(path)


def save_masks(path: Path, ids: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(ids.astype(np.uint8)).save(path)


def plain(root: Path, stems: tuple[str, ...] = ("0",)) -> Path:
    depth, ids = frame()
    for stem in stems:
        save_color(root / "room" / "color" / f"{stem}.png")
        save_depth(root / "room" / "depth" / f"{stem}.png", depth)
        save_masks(root / "room" / "masks" / f"{stem}.png", ids)
    (root / "room" / "labels.json").write_text(json.dumps(LABELS))
    camera = {"fx": FOCAL, "fy": FOCAL, "cx": WIDTH / 2, "cy": HEIGHT / 2}
    (root / "room" / "intrinsics.json").write_text(json.dumps(camera))
    return root


STAGES = Stages(questions=QAConfig(pairs_per_image=40))


def opened(root: Path, **settings) -> RGBDSource:
    return rgbd_source(RGBDSettings(root=str(root), **settings))


def seen(source: RGBDSource, index: int = 0) -> Perception:
    (observed,) = source.observe([index])
    assert isinstance(observed, Perception), str(observed)
    return observed


def check(source: RGBDSource) -> None:
    """The first picture is a scene with the truth above."""
    observed = seen(source)
    depth, _ = frame()
    np.testing.assert_allclose(observed.depth.depth, depth, atol=0.002)
    scene, pairs = STAGES.examine(observed, source.name)
    assert scene.source == "rgbd"
    assert [thing.caption for thing in scene.objects] == ["cardboard box", "lamp"]
    assert {thing.provenance for thing in scene.objects} == {"sensor"}
    assert scene.up is not None
    np.testing.assert_allclose(scene.up, [0, -1, 0], atol=0.02)
    assert scene.camera_height == pytest.approx(CAMERA_HEIGHT, abs=0.03)
    for thing, (_, distance, across, down) in zip(scene.objects, THINGS.values(), strict=True):
        assert thing.center[2] == pytest.approx(distance, abs=0.1)
        assert thing.center[0] == pytest.approx(sum(across) / 2, abs=0.05)
        assert thing.extents[2] == pytest.approx(down[1] - down[0], abs=0.08)
    assert {"qualitative", "quantitative"} <= {pair.kind for pair in pairs}


def test_a_plain_folder_is_a_scene_in_metres(tmp_path: Path) -> None:
    check(opened(plain(tmp_path)))


def test_names_may_follow_other_sets(tmp_path: Path) -> None:
    depth, ids = frame()
    rotation = np.eye(4)
    rotation[:3, :3] = [[1, 0, 0], [0, 0, 1], [0, -1, 0]]  # from the camera's axes to z up

    scan = tmp_path / "scannet" / "scene0000_00"
    save_color(scan / "color" / "12.jpg")
    save_depth(scan / "depth" / "12.png", depth)
    save_masks(scan / "instance-filt" / "12.png", ids)
    groups = [{"objectId": int(key) - 1, "label": name} for key, name in LABELS.items()]
    (scan / "scene.aggregation.json").write_text(json.dumps({"segGroups": groups}))
    camera = np.diag([FOCAL, FOCAL, 1.0, 1.0])
    camera[:2, 2] = WIDTH / 2, HEIGHT / 2
    (scan / "intrinsic").mkdir()
    np.savetxt(scan / "intrinsic" / "intrinsic_color.txt", camera)
    (scan / "pose").mkdir()
    np.savetxt(scan / "pose" / "12.txt", rotation)
    source = opened(tmp_path / "scannet", layout="scannet", ground=())
    np.testing.assert_allclose(seen(source).photo.up, [0, -1, 0], atol=1e-12)
    assert (source.image_id(0), source.folder(0)) == ("scene0000_00/color/12.jpg", "scene0000_00")

    sun = tmp_path / "sun" / "kv1" / "0001"
    save_color(sun / "image" / "a.jpg")
    save_depth(sun / "depth_bfx" / "a_abs.png", depth, turned=True)
    save_masks(sun / "masks" / "a.png", ids)
    (sun / "labels.json").write_text(json.dumps(LABELS))
    (sun / "intrinsics.txt").write_text(f"{FOCAL} 0 {WIDTH / 2} 0 {FOCAL} {HEIGHT / 2} 0 0 1")
    (sun / "extrinsics").mkdir()
    np.savetxt(sun / "extrinsics" / "2015.txt", np.eye(3, 4))
    check(opened(tmp_path / "sun", layout="sunrgbd"))

    nyu = tmp_path / "nyu"
    save_color(nyu / "rgb" / "1.png")
    save_depth(nyu / "depth" / "1.npy", depth)
    save_masks(nyu / "instances" / "1.png", ids)
    rows = "".join(f"{key},{name}\n" for key, name in LABELS.items())
    (nyu / "labels.csv").write_text("id,label\n" + rows)
    check(opened(nyu, layout="nyu", intrinsics=f"{FOCAL} {FOCAL} {WIDTH / 2} {HEIGHT / 2}"))


def test_depth_and_masks_of_another_size_are_fitted_to_the_colour(tmp_path: Path) -> None:
    plain(tmp_path)
    depth, ids = frame()
    save_depth(tmp_path / "room" / "depth" / "0.png", np.repeat(np.repeat(depth, 2, 0), 2, 1))
    check(opened(tmp_path))
    half = opened(tmp_path, decode=DecodeSettings(max_side=WIDTH // 2))
    assert seen(half).depth.depth.shape == (HEIGHT // 2, WIDTH // 2)
    assert seen(half).depth.intrinsics[0, 0] == FOCAL / 2
    np.testing.assert_array_equal(fitted(np.arange(4).reshape(2, 2), (4, 4))[0], [0, 0, 1, 1])
    with pytest.raises(Rejected, match="40 x 10 pixels of depth"):
        fitted(np.zeros((10, 40)), (30, 40))
    save_masks(tmp_path / "room" / "masks" / "0.png", ids[:40])
    (refused,) = opened(tmp_path).observe([0])
    assert isinstance(refused, Rejected)


def test_a_picture_that_lacks_a_file_is_lost_alone(tmp_path: Path) -> None:
    plain(tmp_path, ("0", "1", "2", "3", "4"))
    room = tmp_path / "room"
    (room / "depth" / "1.png").unlink()
    (room / "masks" / "2.png").write_bytes(b"no picture")
    (room / "color" / "3.png").write_bytes(b"")
    (room / "depth" / "4.png").unlink()
    np.save(room / "depth" / "4.npy", np.array([None, "x"], object), allow_pickle=True)
    source = opened(tmp_path)
    report = generate_dataset(
        source, {"train": len(source)}, tmp_path / "out", stages=STAGES, quiet=True
    )
    assert (report.asked, report.stored, report.rejected + report.failed) == (5, 1, 4)
    rows = map(json.loads, (tmp_path / "out" / "ledger.jsonl").read_text().splitlines())
    reasons = {Path(row["image_id"]).stem: row["reason"] for row in rows}
    assert "no depth file: {parent}/depth/{stem}.png" in reasons["1"]
    assert "2.png is damaged" in reasons["2"]
    assert "the file is empty" in reasons["3"]
    assert "4.npy is no array" in reasons["4"]


def test_the_camera_of_another_picture_is_refused(tmp_path: Path) -> None:
    camera = tmp_path / "room" / "intrinsics.json"
    plain(tmp_path)
    threefold = {"fx": 3 * FOCAL, "fy": 3 * FOCAL, "cx": 1.5 * WIDTH, "cy": 1.5 * HEIGHT}
    camera.write_text(json.dumps(threefold))
    (refused,) = opened(tmp_path).observe([0])
    assert isinstance(refused, Rejected)
    assert "the principal point (240, 180) lies outside of the picture of 160 x 120" in str(refused)
    # Of a size that is told, they are brought to that of the picture.
    camera.write_text(json.dumps({**threefold, "width": 3 * WIDTH, "height": 3 * HEIGHT}))
    check(opened(tmp_path))
    camera.write_text(json.dumps({**threefold, "width": 3 * WIDTH, "height": 2 * HEIGHT}))
    (refused,) = opened(tmp_path).observe([0])
    assert "intrinsics of 480 x 240 pixels beside a picture of 160 x 120" in str(refused)


def test_the_six_numbers_of_arkitscenes_are_read(tmp_path: Path) -> None:
    plain(tmp_path)
    (tmp_path / "room" / "intrinsics.json").unlink()
    text = f"{WIDTH} {HEIGHT} {FOCAL} {FOCAL} {WIDTH / 2} {HEIGHT / 2}"
    (tmp_path / "room" / "0.pincam").write_text(text)
    check(opened(tmp_path, intrinsics="{parent}/{stem}.pincam"))


def test_a_pose_that_the_floor_speaks_against_is_overruled(tmp_path: Path) -> None:
    plain(tmp_path)
    # As OpenGL has it: up points down.
    (tmp_path / "room" / "gravity.json").write_text('{"up": [0, 1, 0]}')
    check(opened(tmp_path))


def test_a_camera_on_its_side_is_turned_upright(tmp_path: Path) -> None:
    plain(tmp_path)
    for kind in ("color", "depth", "masks"):
        path = tmp_path / "room" / kind / "0.png"
        with Image.open(path) as picture:
            lying = np.rot90(np.asarray(picture))
        Image.fromarray(np.ascontiguousarray(lying)).save(path)
    camera = {"fx": FOCAL, "fy": FOCAL, "cx": HEIGHT / 2, "cy": WIDTH / 2}
    (tmp_path / "room" / "intrinsics.json").write_text(json.dumps(camera))
    (tmp_path / "room" / "gravity.json").write_text('{"up": [-1, 0, 0]}')
    source = opened(tmp_path)
    scene, _ = STAGES.examine(seen(source), source.name)
    assert scene.image.shape == (HEIGHT, WIDTH, 3)
    np.testing.assert_allclose(scene.up, [0, -1, 0], atol=1e-9)
    assert scene.camera_height == pytest.approx(CAMERA_HEIGHT, abs=0.03)
    for thing, (_, distance, across, _) in zip(scene.objects, THINGS.values(), strict=True):
        assert thing.center[2] == pytest.approx(distance, abs=0.1)
        assert thing.center[0] == pytest.approx(sum(across) / 2, abs=0.05)


@pytest.mark.parametrize(
    "name",
    ["color/0.png", "depth/0.png", "masks/0.png", "labels.json", "intrinsics.json", "gravity.json"],
)
def test_a_change_of_any_file_shows(tmp_path: Path, name: str) -> None:
    path = plain(tmp_path) / "room" / name
    source = opened(tmp_path)
    before = [source.fingerprint(0, contents) for contents in (False, True)]
    assert [source.fingerprint(0, contents) for contents in (False, True)] == before
    path.write_bytes(path.read_bytes() + b" " if path.exists() else b"{}")
    changed = [source.fingerprint(0, contents) for contents in (False, True)]
    assert all(one != other for one, other in zip(before, changed, strict=True))
    (path.parent / "elsewhere").mkdir()
    path.unlink()
    missing = [source.fingerprint(0, contents) for contents in (False, True)]
    assert all(one != other for one, other in zip(missing, changed, strict=True))


def test_depth_that_was_mended_is_read_again(tmp_path: Path) -> None:
    source = opened(plain(tmp_path / "in"))

    def distances() -> list[float]:
        out = tmp_path / "out"
        generate_dataset(source, {"train": 1}, out, stages=STAGES, quiet=True)
        (record,) = open_split(out, "train")
        return [float(thing.center[2]) for thing in StoredExample(record).objects()]

    before = distances()
    save_depth(tmp_path / "in" / "room" / "depth" / "0.png", frame()[0] / 2)
    assert distances() == pytest.approx([each / 2 for each in before], rel=0.05)


@pytest.mark.parametrize("label", [None, "void", "Unlabeled", "other"])
def test_no_name_is_given_that_an_unlabelled_instance_may_contradict(
    tmp_path: Path, label: str | None
) -> None:
    _, ids = frame()
    plain(tmp_path)
    # Between the two things, so that neither is known to be the only one of its kind.
    ids[10:30, 80:86] = 40
    save_masks(tmp_path / "room" / "masks" / "0.png", ids)
    (tmp_path / "room" / "labels.json").write_text(json.dumps({**LABELS, "40": label}))
    source = opened(tmp_path)
    scene, _ = STAGES.examine(seen(source), source.name)
    assert [thing.category for thing in scene.objects] == ["cardboard box", "lamp"]
    (dropped,) = scene.extra["dropped"]
    assert (dropped["pixels"], dropped["box"]) == (120, [80, 10, 86, 30])
    names = [thing.caption for thing in scene.objects]
    assert names == ["leftmost cardboard box", "rightmost lamp"]
    known = opened(tmp_path, ignore=("wall", label.lower() if label else ""))
    scene, _ = STAGES.examine(seen(known), known.name)
    assert [thing.caption for thing in scene.objects] == ["cardboard box", "lamp"]


def test_instances_that_labels_do_not_list_are_background(tmp_path: Path) -> None:
    plain(tmp_path)
    unlisted = {key: name for key, name in LABELS.items() if name not in ("floor", "wall")}
    (tmp_path / "room" / "labels.json").write_text(json.dumps(unlisted))
    (tmp_path / "room" / "gravity.json").write_text('{"up": [0, -1, 0]}')
    source = opened(tmp_path)
    scene, pairs = STAGES.examine(seen(source), source.name)
    assert [thing.caption for thing in scene.objects] == ["cardboard box", "lamp"]
    assert pairs


def test_a_wrong_depth_scale_is_told_with_figures(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    plain(tmp_path)
    labels = {**LABELS, "7": "chair"}
    (tmp_path / "room" / "labels.json").write_text(json.dumps(labels))
    for scale in (1000.0, 10_000.0):
        source, out = opened(tmp_path, depth_scale=scale), tmp_path / f"{scale:g}"
        generate_dataset(source, {"train": 1}, out, stages=STAGES, quiet=True)
        summary = json.loads((out / "summary.json").read_text())
        assert ("doubts" in summary) == (scale == 10_000)
    camera, chair = (record.getMessage() for record in caplog.records)
    assert "cameras are 0.12 m above the floor" in camera
    assert "carry them at 0.2 to 4 m; is --depth-scale right?" in camera
    assert "m, usually 0.83 m); is --depth-scale right?" in chair
    (refused,) = opened(tmp_path, depth_scale=1.0).observe([0])
    assert "all depth is beyond 20 m (median" in str(refused)
    assert "is --depth-scale=1 right?" in str(refused)


def test_links_do_not_lead_out_of_the_folder(tmp_path: Path) -> None:
    root = plain(tmp_path / "in")
    outside = tmp_path / "outside.png"
    (root / "room" / "depth" / "0.png").rename(outside)
    (root / "room" / "depth" / "0.png").symlink_to(outside)
    (refused,) = opened(root).observe([0])
    assert isinstance(refused, Rejected)
    assert "leads out of the folder" in str(refused)


def test_wrong_settings_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="needs --rgbd=FOLDER"):
        rgbd_source(RGBDSettings())
    with pytest.raises(UserError, match=r"no colour pictures match \*\*/color/\*"):
        opened(tmp_path)
    for pattern in ("{stam}.png", "{stem.name}.png", "{stem[a]}.png"):
        source = opened(plain(tmp_path), depth=pattern)
        (refused,) = source.observe([0])
        assert "placeholders are dir, parent, stem" in str(refused)
        assert "placeholders are dir, parent, stem" in source.fingerprint(0, contents=False)


def test_the_description_holds_every_setting(tmp_path: Path) -> None:
    described = json.loads(json.dumps(opened(plain(tmp_path), max_depth=9.0).describe()))
    assert described["rgbd"]["max_depth"] == 9
