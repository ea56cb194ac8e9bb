import ast
import dataclasses
import inspect

import numpy as np
import pytest

from spatialvlm_jax.generation.experts.base import MetricDepth, Perception, Photo, Region
from spatialvlm_jax.generation.lifting.lift import LiftConfig, back_project, lift
from spatialvlm_jax.generation.outcomes import Rejected
from spatialvlm_jax.scene.records import Object3D, Scene
from tests.generation.rays import (
    FOCAL,
    HEIGHT,
    INTRINSICS,
    WIDTH,
    look,
    pixel_rays,
    plane_depth,
    standing,
)
from tests.generation.scenes import degrees_between

CONFIG = LiftConfig()
DESK = standing("wood desk", 0.3, 2.6, (1.1, 0.6, 0.45), yaw=0.5)
BIN = standing("gray bin", -0.7, 2.3, (0.3, 0.25, 0.4), yaw=0.2)
BOOK = standing("red box", 0.3, 2.6, (0.3, 0.2, 0.15), yaw=0.9, base=-0.95, support=0)


def sides(thing: Object3D) -> np.ndarray:
    """Extents with the longer horizontal one first."""
    return np.array([*sorted(thing.extents[:2], reverse=True), thing.extents[2]])


def with_regions(perception: Perception, *regions: Region) -> Perception:
    return dataclasses.replace(perception, regions=regions)


def test_back_projection_is_the_inverse_of_projection() -> None:
    draws = np.random.default_rng(0)
    points = draws.uniform((-1, -1, 1), (1, 1, 5), (50, 3))
    skewed = np.array([[300.0, 5, 160], [0, 310, 120], [0, 0, 1]])
    pixels = points @ skewed.T
    columns, rows = pixels[:, 0] / pixels[:, 2] - 0.5, pixels[:, 1] / pixels[:, 2] - 0.5
    np.testing.assert_allclose(back_project(points[:, 2], rows, columns, skewed), points)


def test_back_projected_pixels_lie_on_the_plane_they_show() -> None:
    normal = np.array([0.1, 0.9, 0.42])
    depth = plane_depth(normal, 1.5)
    rows, columns = np.nonzero(np.isfinite(depth))
    points = back_project(depth[rows, columns], rows, columns, INTRINSICS)
    np.testing.assert_allclose(points @ normal, 1.5)
    np.testing.assert_allclose(points[:, :2] / points[:, 2:], pixel_rays()[rows, columns, :2])


def test_the_middle_of_an_even_image_lies_between_pixels() -> None:
    point = back_project(
        np.array([2.0]), np.array([HEIGHT // 2]), np.array([WIDTH // 2]), INTRINSICS
    )
    np.testing.assert_allclose(point, [[1 / FOCAL, 1 / FOCAL, 2.0]])


def test_back_projection_has_no_loop_over_pixels() -> None:
    tree = ast.parse(inspect.getsource(back_project))
    loops = ast.For | ast.While | ast.comprehension
    assert not [node for node in ast.walk(tree) if isinstance(node, loops)]


@pytest.mark.parametrize(("pitch", "roll"), [(0.3, 0.0), (0.5, 0.15), (0.6, -0.2)])
def test_boxes_are_measured_without_bias(pitch: float, roll: float) -> None:
    perception, truth = look(DESK, BIN, BOOK, pitch=pitch, roll=roll)
    scene = lift(perception, CONFIG)
    assert degrees_between(scene.up, truth.up) < 0.1
    assert scene.camera_height == pytest.approx(1.4, rel=0.005)
    assert [thing.caption for thing in scene.objects] == ["wood desk", "gray bin", "red box"]
    for found, true in zip(scene.objects, truth.objects, strict=True):
        np.testing.assert_allclose(sides(found), sides(true), rtol=0.02, atol=0.006)
        np.testing.assert_allclose(found.center, true.center, atol=0.01)
        np.testing.assert_allclose(found.rotation[:, 2], truth.up, atol=0.002)


def test_height_is_not_width_where_every_extent_differs() -> None:
    tall = standing("blue box", 0.0, 2.5, (0.2, 0.3, 0.8), yaw=0.3)
    found = lift(look(tall)[0], CONFIG).objects[0]
    np.testing.assert_allclose(sides(found), (0.3, 0.2, 0.8), rtol=0.03)


def test_noise_of_single_pixels_is_averaged_out() -> None:
    perception, truth = look(DESK, BIN, noise=0.01)
    scene = lift(perception, CONFIG)
    assert degrees_between(scene.up, truth.up) < 0.5
    for found, true in zip(scene.objects, truth.objects, strict=True):
        np.testing.assert_allclose(sides(found), sides(true), rtol=0.08, atol=0.02)


def test_without_gravity_axes_are_the_cameras() -> None:
    scene = lift(look(DESK, with_ground=False)[0], CONFIG)
    assert scene.up is None
    assert scene.camera_height is None
    assert scene.extra["frame"]["reason"] == "no ground mask"
    np.testing.assert_allclose(scene.objects[0].rotation, [[1, 0, 0], [0, 0, -1], [0, 1, 0]])
    assert scene.objects[0].support is None


def test_a_facing_wall_with_a_false_ground_mask_gives_no_gravity() -> None:
    wall = plane_depth((0, 0, 1), 3.0).astype(np.float32)
    wall[200:280, 300:380] = 2.5
    mask = wall < 2.8
    photo = Photo("wall", np.zeros((*wall.shape, 3), np.uint8), INTRINSICS)
    region = Region(np.zeros(4), "clock", mask=mask)
    scene = lift(Perception(photo, (region,), MetricDepth(wall, INTRINSICS), ~mask), CONFIG)
    assert scene.up is None
    assert "wall" in scene.extra["frame"]["reason"]


def test_gravity_that_is_given_is_kept_even_straight_down() -> None:
    perception, truth = look(DESK, given_up=True)
    np.testing.assert_allclose(lift(perception, CONFIG).up, truth.up)
    down = dataclasses.replace(perception.photo, up=np.array([0.0, 0, -1]))
    scene = lift(dataclasses.replace(perception, photo=down, ground=None), CONFIG)
    np.testing.assert_allclose(scene.up, [0, 0, -1])


def test_the_error_of_a_focal_length_is_kept_unless_it_was_measured() -> None:
    perception, _ = look(DESK)
    assert "camera" not in lift(perception, CONFIG).extra
    for changes, std in (({"focal_std": 0.03}, 0.03), ({"intrinsics": None}, CONFIG.focal_std)):
        photo = dataclasses.replace(perception.photo, **changes)
        scene = lift(dataclasses.replace(perception, photo=photo), CONFIG)
        assert scene.extra["camera"] == {"focal_std": std}


def test_empty_masks_do_not_shift_captions_against_points() -> None:
    perception, truth = look(DESK, BIN)
    desk, bin_ = perception.regions
    empty = dataclasses.replace(desk, caption="ghost", mask=np.zeros_like(desk.mask))
    speck = np.zeros_like(empty.mask)
    speck[3, 4:9] = True
    small = dataclasses.replace(desk, caption="speck", mask=speck)
    bare = dataclasses.replace(desk, caption="bare", mask=None)
    scene = lift(with_regions(perception, empty, desk, small, bare, bin_), CONFIG)
    assert [thing.caption for thing in scene.objects] == ["wood desk", "gray bin"]
    assert scene.extra["regions"] == [1, 4]
    assert scene.extra["dropped"] == [
        {"caption": "ghost", "reason": "its mask has 0 pixels", "pixels": 0},
        {"caption": "speck", "reason": "its mask has 5 pixels", "pixels": 5},
        {"caption": "bare", "reason": "it has no mask", "pixels": 0},
    ]
    for found, true in zip(scene.objects, truth.objects, strict=True):
        np.testing.assert_allclose(found.center, true.center, atol=0.02)


def test_an_object_without_depth_is_dropped_and_a_scene_without_objects_rejected() -> None:
    perception, _ = look(DESK, BIN)
    holes = perception.depth.depth.copy()
    holes[perception.regions[0].mask] = 0
    metric = dataclasses.replace(perception.depth, depth=holes)
    scene = lift(dataclasses.replace(perception, depth=metric), CONFIG)
    reason = "depth is known for 0% of it"
    (dropped,) = scene.extra["dropped"]
    assert (dropped["caption"], dropped["reason"]) == ("wood desk", reason)
    alone = with_regions(dataclasses.replace(perception, depth=metric), perception.regions[0])
    with pytest.raises(Rejected, match="wood desk: depth is known for 0% of it") as caught:
        lift(alone, CONFIG)
    assert caught.value.stage == "lift"


@pytest.mark.parametrize("unknown", [0.0, np.nan, np.inf])
def test_unknown_depth_anywhere_does_no_harm(unknown: float) -> None:
    perception, truth = look(DESK)
    depth = perception.depth.depth.copy()
    depth[::3, ::5] = unknown
    metric = dataclasses.replace(perception.depth, depth=depth)
    scene = lift(dataclasses.replace(perception, depth=metric), CONFIG)
    assert degrees_between(scene.up, truth.up) < 0.1
    np.testing.assert_allclose(sides(scene.objects[0]), sides(truth.objects[0]), atol=0.03)


def test_sizes_that_do_not_match_are_an_error() -> None:
    perception, _ = look(DESK)
    metric = dataclasses.replace(perception.depth, depth=np.ones((5, 5), np.float32))
    with pytest.raises(ValueError, match="depth is"):
        lift(dataclasses.replace(perception, depth=metric), CONFIG)
    region = dataclasses.replace(perception.regions[0], mask=np.ones((5, 5), np.bool_))
    with pytest.raises(ValueError, match="mask of 'wood desk'"):
        lift(with_regions(perception, region), CONFIG)


def flat(scene: Scene) -> list[np.ndarray]:
    each = [(thing.center, thing.extents, thing.points, thing.std) for thing in scene.objects]
    return [np.asarray(value) for values in each for value in values]


def test_lifting_is_repeatable_and_changes_nothing() -> None:
    perception, _ = look(DESK, BIN, noise=0.01)
    before = perception.depth.depth.copy()
    first, second = lift(perception, CONFIG), lift(perception, CONFIG)
    for one, two in zip(flat(first), flat(second), strict=True):
        np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(first.up, second.up)
    np.testing.assert_array_equal(perception.depth.depth, before)
    renamed = dataclasses.replace(perception.photo, image_id="other")
    other = lift(dataclasses.replace(perception, photo=renamed), CONFIG)
    assert not np.array_equal(other.objects[0].points, first.objects[0].points)


def test_fields_are_filled() -> None:
    perception, _ = look(DESK)
    region = dataclasses.replace(
        perception.regions[0], confidence=0.7, attributes={"color": "brown"}, category="desk"
    )
    photo = dataclasses.replace(perception.photo, encoded=b"jpeg", extra={"file": "a.jpg"})
    scene = lift(dataclasses.replace(perception, photo=photo, regions=(region,)), CONFIG)
    found = scene.objects[0]
    rows, columns = np.nonzero(region.mask)
    edges = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    np.testing.assert_array_equal(found.box, edges)
    assert (found.category, found.confidence, found.attributes["color"]) == ("desk", 0.7, "brown")
    assert found.provenance == "estimated"
    assert found.points is not None
    assert found.points.dtype == np.float32
    assert found.points.shape[1] == 3
    assert 100 < len(found.points) <= CONFIG.clean.max_points
    assert found.visible_fraction > 0.97
    assert found.truncation == 0
    assert scene.encoded == b"jpeg"
    assert scene.extra["file"] == "a.jpg"
    assert scene.extra["frame"]["from"] == "ground plane"


def test_sensors_are_told_from_estimates_and_a_guessed_focal_length_from_a_known_one() -> None:
    perception, _ = look(DESK)
    metric = dataclasses.replace(perception.depth, provenance="sensor", scale_std=0.03)
    known = lift(dataclasses.replace(perception, depth=metric), CONFIG)
    assert known.objects[0].provenance == "sensor"
    assert known.scale_std == 0.03
    photo = dataclasses.replace(perception.photo, intrinsics=None)
    guessed = lift(dataclasses.replace(perception, depth=metric, photo=photo), CONFIG)
    assert guessed.scale_std == pytest.approx(np.hypot(0.03, CONFIG.focal_std))


def test_standard_errors_grow_with_noise_and_with_what_is_hidden() -> None:
    clean = lift(look(DESK)[0], CONFIG).objects[0]
    noisy = lift(look(DESK, noise=0.02)[0], CONFIG).objects[0]
    assert 0 < clean.std < noisy.std
    assert clean.extents_std < noisy.extents_std
    pillar = standing("white pillar", 0.1, 1.6, (0.25, 0.1, 0.9))
    hidden = lift(look(DESK, pillar)[0], CONFIG).objects[0]
    assert hidden.visible_fraction < 0.9
    assert hidden.extents_std > clean.extents_std


def test_noise_that_does_not_show_between_pixels_is_not_averaged_away() -> None:
    perception, _ = look(DESK)
    stated = dataclasses.replace(perception.depth, noise_std=0.02)
    found = lift(dataclasses.replace(perception, depth=stated), CONFIG).objects[0]
    assert found.std >= 0.02 * np.linalg.norm(found.center) * 0.99


def test_the_depth_of_what_shows_its_front_only_is_stated_to_be_unknown() -> None:
    tall = standing("white fridge", 0.0, 3.0, (0.7, 0.6, 1.8))
    low = standing("white box", 0.0, 3.0, (0.7, 0.6, 0.9))
    seen_level = lift(look(tall, pitch=0.1)[0], CONFIG).objects[0]
    seen_from_above = lift(look(low, pitch=0.4)[0], CONFIG).objects[0]
    assert sides(seen_level)[1] < 0.1
    assert abs(sides(seen_level)[1] - 0.6) < 3 * seen_level.extents_std
    assert abs(sides(seen_from_above)[1] - 0.6) < 0.05
    assert seen_from_above.extents_std < 0.4 * seen_level.extents_std


def test_things_rest_on_each_other() -> None:
    scene = lift(look(DESK, BIN, BOOK)[0], CONFIG)
    assert [thing.support for thing in scene.objects] == [None, None, 0]


def test_a_ball_seen_from_the_front_is_as_deep_as_it_is_wide() -> None:
    rays = pixel_rays()
    middle, radius = np.array([0.2, 1.1, 3.0]), 0.3
    squared = (rays**2).sum(-1)
    along = rays @ middle / squared
    inside = along**2 - (middle @ middle - radius**2) / squared
    floor = plane_depth((0, 1, 0), 1.4)
    mask = inside > 0
    depth = np.where(mask, along - np.sqrt(np.maximum(inside, 0)), floor)
    depth = np.where(np.isfinite(depth), depth, 0).astype(np.float32)
    photo = Photo("ball", np.zeros((*depth.shape, 3), np.uint8), INTRINSICS)
    ground = ~mask & (depth > 0)
    region = Region(np.zeros(4), "red ball", mask=mask)
    scene = lift(Perception(photo, (region,), MetricDepth(depth, INTRINSICS), ground), CONFIG)
    np.testing.assert_allclose(scene.objects[0].extents, 0.6, rtol=0.03)
    np.testing.assert_allclose(scene.objects[0].center, middle, atol=0.02)
